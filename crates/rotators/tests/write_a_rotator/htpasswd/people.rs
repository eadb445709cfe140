use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rekey_rotation::TargetError;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A line that keeps programs from changing the file.
pub const BY_HAND: &str = "# changed by hand only";

/// The file, with its lock and its sessions beside it.
pub struct People(PathBuf);

/// The lock: a file that says whose it is. Dropping it gives the lock back.
pub struct Hold {
    file: PathBuf,
    owner: String,
}

static OWNERS: AtomicU64 = AtomicU64::new(0);

impl People {
    pub fn of(file: &str) -> Self {
        Self(PathBuf::from(file))
    }

    pub fn login(&self, user: &str, password: &str) -> Result<(), TargetError> {
        let (people, line) = (self.read()?, line(user, password));
        let matches = people
            .lines()
            .map(|one| one.as_bytes().ct_eq(line.as_bytes()));
        if matches.fold(false, |any, one| any | bool::from(one)) {
            return Ok(());
        }
        Err(TargetError::WrongPassword(
            "the file has another password for this user, or no such user; put its password into the secret by hand".to_owned(),
        ))
    }

    pub fn check_may_change(&self) -> Result<(), TargetError> {
        if self.read()?.lines().any(|line| line == BY_HAND) {
            return Err(TargetError::Permission(format!(
                "the file is kept from programs; take the line `{BY_HAND}` out of it"
            )));
        }
        Ok(())
    }

    pub fn lock(&self) -> Result<Hold, TargetError> {
        let file = self.0.with_extension("lock");
        let number = OWNERS.fetch_add(1, Ordering::Relaxed);
        let owner = format!("{} {number}", std::process::id());
        // The name appears with its content, and only if nobody has it.
        let ours = self.0.with_extension(format!("lock.{number}"));
        let linked = fs::write(&ours, &owner).and_then(|()| fs::hard_link(&ours, &file));
        let _taken_away = fs::remove_file(&ours);
        match linked {
            Ok(()) => Ok(Hold { file, owner }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(
                TargetError::Busy("another program is changing the file; rotate again".to_owned()),
            ),
            Err(_) => Err(unreachable("locked")),
        }
    }

    /// Gives the user this password, or takes the user out; all or nothing, and only with the lock.
    pub fn change(
        &self,
        hold: &Hold,
        user: &str,
        password: Option<&str>,
    ) -> Result<(), TargetError> {
        self.check_may_change()?;
        let people = self.read()?;
        let of_user = |line: &&str| line.split(':').next() == Some(user);
        let others = people
            .lines()
            .filter(|line| !of_user(line))
            .map(str::to_owned);
        let lines: Vec<String> = others.chain(password.map(|it| line(user, it))).collect();
        let new = self.0.with_extension("new");
        fs::write(&new, lines.join("\n") + "\n").map_err(|_| unreachable("written"))?;
        hold.check_ours()?;
        fs::rename(&new, &self.0).map_err(|_| unreachable("replaced"))
    }

    /// The open sessions: whoever logs in leaves a line with a number and the user.
    pub fn sessions(&self, user: &str) -> Vec<String> {
        let all = fs::read_to_string(self.0.with_extension("sessions")).unwrap_or_default();
        let of_user = all
            .lines()
            .filter(|line| line.split(' ').nth(1) == Some(user));
        of_user.map(str::to_owned).collect()
    }

    pub fn end_sessions(&self, user: &str) -> Result<usize, TargetError> {
        let file = self.0.with_extension("sessions");
        let (ended, all) = (
            self.sessions(user),
            fs::read_to_string(&file).unwrap_or_default(),
        );
        let others = all
            .lines()
            .filter(|line| !ended.iter().any(|one| one == line));
        let others: String = others.map(|line| format!("{line}\n")).collect();
        fs::write(file, others).map_err(|_| unreachable("written"))?;
        Ok(ended.len())
    }

    fn read(&self) -> Result<String, TargetError> {
        fs::read_to_string(&self.0).map_err(|_| unreachable("read"))
    }
}

impl Hold {
    pub fn check_ours(&self) -> Result<(), TargetError> {
        if is_owner(&self.file, &self.owner) {
            return Ok(());
        }
        Err(TargetError::Unreachable(
            "the lock was taken away, for it was held too long".to_owned(),
        ))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if is_owner(&self.file, &self.owner) {
            let _given_back = fs::remove_file(&self.file);
        }
    }
}

fn is_owner(file: &Path, owner: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|standing| standing == owner)
}

fn line(user: &str, password: &str) -> String {
    let hash = Sha256::digest(password.as_bytes());
    format!("{user}:{}", base16ct::lower::encode_string(&hash))
}

fn unreachable(what: &str) -> TargetError {
    TargetError::Unreachable(format!(
        "the file could not be {what}; is it at its place, and this host's to change?"
    ))
}
