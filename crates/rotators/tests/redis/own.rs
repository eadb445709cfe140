//! A server of a test's own, which it may stop, restart or spoil.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::sleep;

use crate::servers::{self, Server, unique};

const PASSWORD: &str = "what-default-is-started-with";

pub struct Own {
    pub server: Server,
    directory: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    child: Child,
}

impl Drop for Own {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
        let _gone_already = std::fs::remove_dir_all(&self.directory);
    }
}

impl Own {
    /// Started from a configuration file with these lines; `%` in them is the server's own directory.
    pub async fn with_file(lines: &[&str]) -> Self {
        Self::start(lines, true).await
    }

    /// Started without a configuration file: each line is an argument.
    pub async fn without_file(lines: &[&str]) -> Self {
        Self::start(lines, false).await
    }

    /// A Sentinel, started from a configuration file with these lines.
    pub async fn sentinel(lines: &[&str]) -> Self {
        Self::start_as(lines, true, &["--sentinel"]).await
    }

    async fn start(lines: &[&str], file: bool) -> Self {
        Self::start_as(lines, file, &[]).await
    }

    async fn start_as(lines: &[&str], file: bool, mode: &[&str]) -> Self {
        let bare = servers::one("bare");
        let directory = std::env::temp_dir().join(unique("redis"));
        std::fs::create_dir(&directory).unwrap();
        let dir = directory.to_str().unwrap().to_owned();
        let port = free_port();
        let mut all = vec![
            format!("port {port}"),
            format!("dir {dir}"),
            "logfile server.log".to_owned(),
            "save \"\"".to_owned(),
            "bind 127.0.0.1".to_owned(),
        ];
        all.extend(lines.iter().map(|line| line.replace('%', &dir)));
        let config = directory.join("redis.conf");
        let mut arguments = if file {
            std::fs::write(&config, all.join("\n") + "\n").unwrap();
            vec![config.to_str().unwrap().to_owned()]
        } else {
            let split = |line: &String| {
                let (name, value) = line.split_once(' ').unwrap();
                [format!("--{name}"), value.trim_matches('"').to_owned()]
            };
            all.iter().flat_map(split).collect()
        };
        arguments.extend(mode.iter().copied().map(str::to_owned));
        let program = program(&bare).await;
        let child = spawn(&program, &arguments);
        let server = Server {
            host: "127.0.0.1".to_owned(),
            port,
            tls_port: None,
            superuser_password: PASSWORD.to_owned(),
            log_file: directory.join("server.log"),
            config_file: file.then_some(config),
            acl_file: None,
            ..bare
        };
        let own = Self {
            server,
            directory,
            program,
            arguments,
            child,
        };
        own.until_it_answers().await;
        own
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The server is killed, as by a power cut, and started again.
    pub async fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.program, &self.arguments);
        self.until_it_answers().await;
    }

    async fn until_it_answers(&self) {
        let client = self.server.client();
        for _ in 0..500 {
            if client.get_multiplexed_async_connection().await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("the server does not answer");
    }
}

/// One that nobody listens at any more.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(program: &Path, arguments: &[String]) -> Child {
    // Debian has one program under several names, and what it does depends on the name.
    Command::new(program)
        .arg0("redis-server")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The program that the given servers run.
async fn program(running: &Server) -> PathBuf {
    let about: String = running.keeper().await.ask(&["INFO", "server"]).await;
    let process = about
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"))
        .unwrap();
    std::fs::read_link(format!("/proc/{}/exe", process.trim())).unwrap()
}
