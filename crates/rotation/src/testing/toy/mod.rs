//! A target in memory: users with passwords and sessions, a lock, and both strategies. It shows that the
//! suites work; what a real server does is tested on one.

mod conforming;
mod revoker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_core::TryCryptoRng;
use serde_json::{Value, json};

use super::secrets_manager::SecretsManager;
use super::world::{RevocableTarget, Target, World};
use crate::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

/// The host at which nobody listens.
const NOBODY: &str = "nobody.test";

const SUPERUSER_SECRET: &str = "db/superuser";

pub use conforming::Fault;

/// Toy servers, rotated in one way.
#[derive(Clone, Copy, Debug)]
pub struct ToyWorld(pub Overlap);

/// Toy servers that break one promise: they prove that the conformance suite sees it.
#[derive(Clone, Copy, Debug)]
pub struct FaultyToyWorld(pub Overlap, pub Fault);

impl World for FaultyToyWorld {
    type Target = ToyServer;

    fn name(&self) -> String {
        format!("faulty toy {}", self.0.as_str())
    }

    fn overlap(&self) -> Overlap {
        self.0
    }

    async fn fresh(&self, store: &SecretsManager) -> ToyServer {
        let server = ToyWorld(self.0).fresh(store).await;
        server.state().fault = Some(self.1);
        server
    }
}

impl World for ToyWorld {
    type Target = ToyServer;

    fn name(&self) -> String {
        format!("toy {}", self.0.as_str())
    }

    fn overlap(&self) -> Overlap {
        self.0
    }

    async fn fresh(&self, _store: &SecretsManager) -> ToyServer {
        let server = ToyServer {
            overlap: self.0,
            state: Arc::default(),
        };
        for user in ["app", "somebody", "admin"] {
            let password = format!("first password of {user}");
            server.state().users.insert(user.to_owned(), Some(password));
        }
        server
    }
}

/// One toy server.
#[derive(Clone)]
pub struct ToyServer {
    overlap: Overlap,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Their passwords; a user without one is let in by none.
    users: BTreeMap<String, Option<String>>,
    /// The session that has the lock.
    holder: Option<u64>,
    /// The sessions of applications that are open, and whose they are.
    applications: BTreeMap<u64, String>,
    sessions: u64,
    /// What every probe is answered, if not what it finds.
    probes: Option<TargetError>,
    /// For how long what a credential has made outlives it, in seconds.
    kept: Option<i64>,
    /// Whether the login that makes the change may not.
    forbidden: bool,
    /// What was done, as a server's log tells it.
    log: Vec<String>,
    fault: Option<Fault>,
}

impl State {
    fn open(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    /// Takes the lock, in a session of its own.
    fn hold(&mut self) -> Result<u64, TargetError> {
        if self.holder.is_some() {
            return Err(TargetError::Busy("another session has the lock".to_owned()));
        }
        let session = self.open();
        self.holder = Some(session);
        Ok(session)
    }
}

impl ToyServer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a password by hand: that of the user that `value` names.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when it is not a secret of this kind.
    pub fn set_password(&self, value: &SecretValue) -> Result<(), TargetError> {
        let (user, password) = (field(value, "username")?, field(value, "password")?);
        self.state().users.insert(user, Some(password));
        Ok(())
    }

    /// Makes every probe fail with `error`, whatever it finds, until it is mended with `None`.
    pub fn fail_probes(&self, error: Option<TargetError>) {
        self.state().probes = error;
    }

    fn holding(&self, session: u64) -> ToyHold {
        ToyHold {
            session,
            server: self.clone(),
        }
    }

    fn secret_of(&self, user: &str) -> SecretValue {
        let superuser = self.overlap.both_work().then_some(SUPERUSER_SECRET);
        value(&json!({
            "engine": "toy", "host": "toy.test", "username": user,
            "password": format!("first password of {user}"), "masterarn": superuser,
        }))
    }

    fn has(&self, fault: Fault) -> bool {
        self.state().fault == Some(fault)
    }

    /// Whether the login that makes the change may make it.
    fn may_change(&self) -> Result<(), TargetError> {
        if self.state().forbidden {
            return Err(if self.has(Fault::Misclassifies) {
                TargetError::Internal("something went wrong".to_owned())
            } else {
                TargetError::Permission("the login may not set passwords".to_owned())
            });
        }
        Ok(())
    }

    fn login(&self, secret: &SecretValue) -> Result<(), TargetError> {
        if field(secret, "host")? == NOBODY {
            let text = "nobody answers there".to_owned();
            return Err(TargetError::Unreachable(if self.has(Fault::LeaksInTexts) {
                format!("{text}, not even to {}", field(secret, "password")?)
            } else {
                text
            }));
        }
        let (user, password) = (field(secret, "username")?, field(secret, "password")?);
        if self.state().users.get(&user) == Some(&Some(password)) {
            Ok(())
        } else {
            Err(TargetError::WrongPassword(format!("{user} is not let in")))
        }
    }
}

impl Target for ToyServer {
    type Rotator = Self;

    fn first(&self) -> SecretValue {
        self.secret_of("app")
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        let id = SecretId::parse(SUPERUSER_SECRET).filter(|_| self.overlap.both_work());
        id.map(|id| (id, self.secret_of("admin")))
    }

    fn bystander(&self) -> SecretValue {
        self.secret_of("somebody")
    }

    fn rotator(&self) -> Self {
        self.clone()
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        self.login(value).is_ok()
    }

    async fn users(&self) -> Vec<String> {
        self.state().users.keys().cloned().collect()
    }

    async fn free_locks(&self) {
        self.state().holder = None;
    }
}

impl RevocableTarget for ToyServer {
    type Session = u64;

    #[allow(clippy::expect_used, reason = "a scenario logs in with what is valid")]
    async fn open_session(&self, value: &SecretValue) -> u64 {
        self.login(value).expect("a credential that logs in");
        let user = field(value, "username").expect("a toy's secret");
        let mut state = self.state();
        let session = state.open();
        state.applications.insert(session, user);
        session
    }

    async fn is_open(&self, session: &u64) -> bool {
        self.state().applications.contains_key(session)
    }

    #[allow(clippy::expect_used, reason = "a scenario spoils its own secrets")]
    async fn spoil(&self, value: &SecretValue) {
        let user = field(value, "username").expect("a toy's secret");
        let unknown = Some("what nobody knows".to_owned());
        self.state().users.insert(user, unknown);
    }
}

/// A session that holds the toy's lock.
pub struct ToyHold {
    session: u64,
    server: ToyServer,
}

impl Drop for ToyHold {
    fn drop(&mut self) {
        let mut state = self.server.state();
        if state.holder == Some(self.session) {
            state.holder = None;
        }
    }
}

impl Rotator for ToyServer {
    type Hold = ToyHold;

    fn kind(&self) -> &'static str {
        "toy"
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        Ok(match Rotator::superuser(self, current)? {
            Some(_) => self.overlap,
            None => Overlap::SingleUser,
        })
    }

    fn next<G: TryCryptoRng>(
        &self,
        current: &SecretValue,
        _occasion: Occasion,
        randomness: &mut G,
    ) -> Result<SecretValue, TargetError> {
        let mut bytes = [0; 16];
        let drawn = randomness.try_fill_bytes(&mut bytes);
        drawn.map_err(|_| TargetError::Internal("no randomness".to_owned()))?;
        let mut next = parse(current)?;
        if self.has(Fault::DropsFields)
            && let Some(fields) = next.as_object_mut()
        {
            fields.retain(|name, _| !name.starts_with("x_"));
        }
        for (name, text) in [
            ("username", self.next_user(current)?),
            ("password", format!("{bytes:02x?}")),
        ] {
            if let Some(field) = next.get_mut(name) {
                *field = text.into();
            }
        }
        if self.has(Fault::LeaksAnotherField) {
            bytes.reverse();
            conforming::with_another_field(&mut next, &format!("{bytes:02x?}"));
        }
        Ok(value(&next))
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        let parsed = parse(current)?;
        let named = parsed.get("masterarn").and_then(Value::as_str);
        Ok(named.and_then(SecretId::parse))
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<ToyHold, TargetError> {
        let Credentials {
            current,
            pending,
            previous,
            superuser,
            ..
        } = credentials;
        if field(pending, "username")? != self.next_user(current)? {
            let text = "the versions are not of one credential";
            return Err(TargetError::InvalidSecret(text.to_owned()));
        }
        if field(pending, "host")? != field(current, "host")? && !self.has(Fault::AnyTarget) {
            let text = "the versions are not of one target";
            return Err(TargetError::InvalidSecret(text.to_owned()));
        }
        match superuser {
            Some(superuser) => {
                self.login(current)?;
                self.login(superuser)?;
            }
            None => self
                .login(current)
                .or_else(|_| self.login(pending))
                .or_else(|refused| previous.map_or(Err(refused), |value| self.login(value)))?,
        }
        self.may_change()?;
        let session = self.state().hold()?;
        Ok(self.holding(session))
    }

    async fn set(&self, hold: ToyHold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        let user = field(credentials.pending, "username")?;
        let password = field(credentials.pending, "password")?;
        let mut state = self.state();
        let alive = state.holder == Some(hold.session);
        if alive {
            let leaks = state.fault == Some(Fault::LeaksAtTheTarget);
            let shown = if leaks { password.as_str() } else { "?" };
            let line = format!("password of {user} set to {shown}");
            state.log.push(line);
            if state.fault == Some(Fault::LeaksAnotherField) {
                let token = conforming::another_field(credentials.pending);
                state.log.extend(token);
            }
            state.users.insert(user, Some(password));
        }
        // The hold gives the lock back when it is dropped, and needs the state for it.
        drop(state);
        if alive {
            Ok(())
        } else {
            Err(TargetError::Unreachable("the session was ended".to_owned()))
        }
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        self.login(pending)
    }

    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        if let Some(error) = &self.state().probes {
            return Err(error.clone());
        }
        self.login(current)?;
        superuser.map_or(Ok(()), |superuser| self.login(superuser))?;
        self.may_change()?;
        if self.has(Fault::DryRunIsWet) {
            let user = self.next_user(current)?;
            let unknown = Some("what a dry run has set".to_owned());
            self.state().users.insert(user, unknown);
        }
        Ok(())
    }
}

impl ToyServer {
    fn next_user(&self, current: &SecretValue) -> Result<String, TargetError> {
        let user = field(current, "username")?;
        if Rotator::superuser(self, current)?.is_none() {
            return Ok(user);
        }
        Ok(match user.strip_suffix("_clone") {
            Some(base) => base.to_owned(),
            None => format!("{user}_clone"),
        })
    }
}

fn parse(secret: &SecretValue) -> Result<Value, TargetError> {
    // The toy reads its own secrets.
    serde_json::from_str(secret.expose())
        .map_err(|_| TargetError::InvalidSecret("the secret is not JSON".to_owned()))
}

fn field(secret: &SecretValue, name: &str) -> Result<String, TargetError> {
    let parsed = parse(secret)?;
    let field = parsed.get(name).and_then(Value::as_str);
    field
        .map(str::to_owned)
        .ok_or_else(|| TargetError::InvalidSecret(format!("the field {name} is missing")))
}

#[allow(
    clippy::expect_used,
    reason = "a JSON object is neither empty nor long"
)]
fn value(secret: &Value) -> SecretValue {
    SecretValue::new(secret.to_string()).expect("a small JSON object is a value")
}
