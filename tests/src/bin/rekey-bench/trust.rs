//! The certificates that each function trusts in Lambda, and beside them the authority of the servers here.
//!
//! How many there are decides how long it takes to read them, so each function gets the number it is used
//! to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::given::{self, Server};

/// What systems trust, as one file: Amazon Linux, Debian.
const SYSTEM: [&str; 2] = [
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
];

/// Files with certificates in PEM form.
pub struct Trust {
    dir: PathBuf,
    authority: String,
    /// The roots that our function brings for AWS.
    pub amazon: PathBuf,
    /// One authority, as a database of one's own has it.
    pub database: PathBuf,
    /// What the system trusts: AWS's function looks there for the database's.
    pub system: PathBuf,
}

impl Trust {
    /// Writes the files into `dir`.
    pub fn write(dir: &Path, server: &Server) -> Result<Self> {
        let authority = fs::read_to_string(&server.ca_file)?;
        let roots = given::root().join("crates/aws/src/amazon-roots.pem");
        let system = SYSTEM.iter().find(|path| Path::new(path).exists());
        let system = system.context("this system has no file of certificates that it trusts")?;
        let mut trust = Self {
            dir: dir.to_owned(),
            authority,
            amazon: PathBuf::new(),
            database: server.ca_file.clone(),
            system: PathBuf::new(),
        };
        trust.amazon = trust.add_to(&roots, "amazon.pem")?;
        trust.system = trust.add_to(Path::new(system), "system.pem")?;
        Ok(trust)
    }

    /// What boto3 brings for AWS.
    pub fn botocore(&self, interpreter: &Path) -> Result<PathBuf> {
        let written = self.dir.join("botocore.pem");
        if written.exists() {
            return Ok(written);
        }
        let ask = "import botocore, pathlib; print(pathlib.Path(botocore.__file__).parent / 'cacert.pem')";
        let output = Command::new(interpreter).args(["-c", ask]).output()?;
        ensure!(output.status.success(), "botocore is not installed");
        let bundle = String::from_utf8(output.stdout)?;
        self.add_to(Path::new(bundle.trim()), "botocore.pem")
    }

    fn add_to(&self, bundle: &Path, name: &str) -> Result<PathBuf> {
        let text = fs::read_to_string(bundle).with_context(|| bundle.display().to_string())?;
        let written = self.dir.join(name);
        fs::write(&written, format!("{text}\n{}", self.authority))?;
        Ok(written)
    }
}
