//! The functions that are measured, and how each is started.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use rekey_tests::cloud::REGION;

use crate::scene::Scene;

/// A function's program.
#[derive(Clone, Debug)]
pub enum Function {
    /// Ours.
    Hook(PathBuf),
    /// One that answers null, built like ours.
    Bare(PathBuf),
    /// AWS's own in Python: the interpreter with its packages, and the folder of `lambda_function.py`.
    Python { interpreter: PathBuf, code: PathBuf },
}

/// AWS's function looks for certificates where Amazon Linux has them. It is told another place here, and
/// is otherwise what it is.
const PYTHON_START: &str = "\
import os, runpy, sys, pgdb
connect = pgdb.connect
def with_authority(*args, **settings):
    if 'sslrootcert' in settings:
        settings['sslrootcert'] = os.environ['DATABASE_CA_FILE']
    return connect(*args, **settings)
pgdb.connect = with_authority
sys.path.insert(0, os.environ['LAMBDA_TASK_ROOT'])
sys.argv = ['awslambdaric', 'lambda_function.lambda_handler']
runpy.run_module('awslambdaric', run_name='__main__')
";

impl Function {
    /// Its name in the report.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hook(_) => "rekey",
            Self::Bare(_) => "bare",
            Self::Python { .. } => "python",
        }
    }

    /// The command that starts it as Lambda would: nothing but its own variables in the environment.
    pub fn command(&self, scene: &Scene) -> Result<Command> {
        let mut command = match self {
            Self::Hook(program) | Self::Bare(program) => Command::new(program),
            Self::Python { interpreter, .. } => {
                let mut command = Command::new(interpreter);
                command.args(["-c", PYTHON_START]);
                command
            }
        };
        let trust = &scene.trust;
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "en_US.UTF-8")
            .env("TZ", ":UTC")
            .env("AWS_LAMBDA_FUNCTION_NAME", "rekey-local-rotate-database")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL", &scene.front.endpoint);
        match self {
            Self::Hook(_) => {
                command
                    .env("AWS_CA_BUNDLE", &trust.amazon)
                    .env("REKEY_CA_FILE", &trust.database)
                    .env("REKEY_BUS", scene.stack.output("BusName"))
                    .env("REKEY_FINGERPRINT_KEY", &scene.fingerprint_key);
            }
            Self::Bare(_) => {}
            Self::Python { interpreter, code } => {
                let code = code.to_str().context("a path that is no text")?;
                command
                    .env("AWS_CA_BUNDLE", trust.botocore(interpreter)?)
                    .env("DATABASE_CA_FILE", &trust.system)
                    .env("LAMBDA_TASK_ROOT", code)
                    .env("SECRETS_MANAGER_ENDPOINT", &scene.front.endpoint)
                    // Lambda cannot write beside a function, so its code is compiled at each start.
                    .env("PYTHONDONTWRITEBYTECODE", "1");
            }
        }
        Ok(command)
    }
}
