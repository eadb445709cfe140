use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::install::Installation;
use crate::server::files::{make_closed, write_closed};
use crate::server::process::{self, Process};
use crate::server::{certificate, port, random_hex};

/// The administrator.
const DEFAULT: &str = "default";

/// Nothing is kept on the disk but users and settings.
const SETTINGS: &str = "\
bind 127.0.0.1 127.0.0.2
save \"\"
appendonly no
loglevel verbose
";

/// What the log says when connections are taken, and when the replica is connected.
const READY: &str = "Ready to accept connections";
pub const FOLLOWS: &str = "MASTER <-> REPLICA sync: Finished with success";

/// Settings from the input leave the server without a file to rewrite, and no password among its arguments.
const FROM_INPUT: &str = r#"exec "$0" - < "$1""#;

/// How a server keeps the users that it is given while it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// CONFIG REWRITE, into the file that it was started with.
    ConfigFile,
    /// ACL SAVE, into a file of its own.
    AclFile,
    /// There is no file.
    Nothing,
}

/// What is wanted of a server.
pub struct Plan {
    pub name: String,
    pub port: u16,
    pub password: String,
    pub keeping: Keeping,
    pub tls: bool,
    /// Lines of its settings.
    pub more: String,
}

impl Plan {
    /// With TLS beside the plain port, and a configuration file.
    pub fn new(name: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            port: port::free()?,
            password: random_hex(16)?,
            keeping: Keeping::ConfigFile,
            tls: true,
            more: String::new(),
        })
    }
}

/// Where the servers' files are.
pub struct Home<'a> {
    installation: &'a Installation,
    folder: &'a Path,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    tls_port: Option<u16>,
    password: String,
    data: PathBuf,
    config_file: Option<PathBuf>,
    acl_file: Option<PathBuf>,
    process: Process,
}

impl<'a> Home<'a> {
    /// Makes the certificate that all of them show.
    pub fn make(installation: &'a Installation, folder: &'a Path) -> Result<Self> {
        certificate::make(folder, "Redis", installation.owner)?;
        Ok(Self {
            installation,
            folder,
        })
    }

    /// Signs the servers' certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Makes the folder that a server keeps its files in.
    pub fn data(&self, name: &str) -> Result<PathBuf> {
        let data = self.folder.join(name);
        if !data.exists() {
            make_closed(&data, self.installation.owner)?;
        }
        Ok(data)
    }

    /// Writes a file of a server.
    pub fn write(&self, path: &Path, text: &str) -> Result<()> {
        write_closed(path, text, self.installation.owner)
    }

    /// Starts a server, and waits until it takes connections.
    pub fn start(&self, plan: &Plan) -> Result<Server> {
        let Plan { port, password, .. } = plan;
        let data = self.data(&plan.name)?;
        let mut text = format!("{SETTINGS}port {port}\ndir {}\n", data.display());
        let tls_port = plan.tls.then(port::free).transpose()?;
        if let Some(port) = tls_port {
            text += &format!("tls-port {port}\ntls-auth-clients no\n");
            for (option, file) in [
                ("tls-ca-cert-file", "ca.pem"),
                ("tls-cert-file", "server.pem"),
                ("tls-key-file", "server.key"),
            ] {
                text += &format!("{option} {}\n", self.folder.join(file).display());
            }
        }
        let acl_file = (plan.keeping == Keeping::AclFile).then(|| data.join("users.acl"));
        if let Some(file) = &acl_file {
            let users = format!("user {DEFAULT} on >{password} ~* &* +@all\n");
            self.write(file, &users)?;
            text += &format!("aclfile {}\n", file.display());
        } else {
            text += &format!("requirepass {password}\n");
        }
        text += &plan.more;
        let file = data.join("redis.conf");
        self.write(&file, &text)?;
        let mut process = Process::start(self.command(plan.keeping, &file), &log(&data))?;
        process.wait_for(READY)?;
        let config_file = if plan.keeping == Keeping::Nothing {
            fs::remove_file(&file).context("cannot remove the settings")?;
            None
        } else {
            Some(file)
        };
        Ok(Server {
            port: *port,
            tls_port,
            password: password.clone(),
            data,
            config_file,
            acl_file,
            process,
        })
    }

    fn command(&self, keeping: Keeping, settings: &Path) -> std::process::Command {
        let Installation { package, owner, .. } = self.installation;
        let program = package.program();
        let mut command = if keeping == Keeping::Nothing {
            let shell = Path::new("/bin/sh");
            let mut command = process::command(shell, "KILL", *owner);
            command.args(["-c", FROM_INPUT]).arg(program);
            command
        } else {
            process::command(&program, "KILL", *owner)
        };
        package.tell(&mut command);
        command.arg(settings);
        command
    }
}

impl Server {
    /// Waits until the log says `text`.
    pub fn wait_for(&mut self, text: &str) -> Result<()> {
        self.process.wait_for(text)
    }

    /// What a test needs to know.
    pub fn describe(&self) -> Value {
        json!({
            "host": "localhost",
            "port": self.port,
            "tls_port": self.tls_port,
            "superuser": DEFAULT,
            "superuser_password": self.password,
            "data_dir": self.data,
            "log_file": log(&self.data),
            "config_file": self.config_file,
            "acl_file": self.acl_file,
        })
    }
}

fn log(data: &Path) -> PathBuf {
    data.with_extension("log")
}
