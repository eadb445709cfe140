use redis::Cmd;
use rekey_rotation::TargetError;

use super::errors;
use super::session::Session;

/// How a server keeps its users over a restart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Persistence {
    /// In a file of users.
    AclFile,
    /// In the file that the server was started with.
    ConfigFile,
    /// Not at all, which the secret says is meant.
    None,
}

impl Persistence {
    /// Asks the server. `wanted` is what the secret says.
    ///
    /// # Errors
    /// `invalid_request` when nothing is kept, and the secret does not say that this is meant: the old password
    /// would be back after a restart, long after it was retired, and the new one gone.
    pub(super) async fn of(session: &Session, wanted: bool) -> Result<Self, TargetError> {
        if !wanted {
            return Ok(Self::None);
        }
        let mut aclfile = redis::cmd("CONFIG");
        aclfile.arg("GET").arg("aclfile");
        let (_, file): (String, String) = session.ask(&aclfile).await?;
        if !file.is_empty() {
            return Ok(Self::AclFile);
        }
        let mut server = redis::cmd("INFO");
        server.arg("server");
        let answer: String = session.ask(&server).await?;
        let mut lines = answer.lines();
        match lines.find_map(|line| line.strip_prefix("config_file:")) {
            Some(file) if !file.trim().is_empty() => Ok(Self::ConfigFile),
            _ => Err(errors::nothing_is_kept(session.place())),
        }
    }

    /// The command that makes the server keep what it knows; `None` when there is none.
    pub(super) fn command(self) -> Option<Cmd> {
        let (command, subcommand) = match self {
            Self::AclFile => ("ACL", "SAVE"),
            Self::ConfigFile => ("CONFIG", "REWRITE"),
            Self::None => return None,
        };
        let mut command = redis::cmd(command);
        command.arg(subcommand);
        Some(command)
    }

    pub(super) async fn keep(self, session: &Session) -> Result<(), TargetError> {
        match self.command() {
            Some(command) => session.ask(&command).await,
            None => Ok(()),
        }
    }
}
