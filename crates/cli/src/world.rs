use std::future::Future;

use rekey_audit::{SignError, Signer, Trail, TrailError, Vault, VaultError};
use rekey_events::EventId;
use rekey_registry::request::Requests;
use rekey_registry::{LookError, Secrets, StoreError};

use crate::bus::{Bus, BusError};
use crate::clock::Clock;
use crate::config::Stack;
use crate::error::Error;
use crate::functions::{Functions, InvokeError};
use crate::queues::Queues;
use crate::requester::Requester;

/// Everything that a command needs from outside.
pub trait World: Sync {
    /// The registry.
    type Store: Requests;
    /// Secrets Manager, without its values.
    type Secrets: Secrets;
    /// The functions of the stack.
    type Functions: Functions;
    /// Its queues.
    type Queues: Queues;
    /// The bus that takes requests.
    type Bus: Bus;
    /// The audit trail.
    type Trail: Trail;
    /// Its checkpoints.
    type Vault: Vault;
    /// The key that signs them.
    type Signer: Signer;
    /// Time.
    type Clock: Clock;

    /// The names in the stack.
    fn stack(&self) -> &Stack;
    /// The Region.
    fn region(&self) -> &str;
    /// The registry.
    fn store(&self) -> &Self::Store;
    /// Secrets Manager, without its values.
    fn secrets(&self) -> &Self::Secrets;
    /// The functions of the stack.
    fn functions(&self) -> &Self::Functions;
    /// Its queues.
    fn queues(&self) -> &Self::Queues;
    /// The bus that takes requests.
    fn bus(&self) -> &Self::Bus;
    /// The audit trail.
    fn trail(&self) -> &Self::Trail;
    /// Its checkpoints. Where they are kept may have to be asked first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the account cannot be told.
    fn vault(&self) -> impl Future<Output = Result<&Self::Vault, Error>> + Send;
    /// The key that signs them. Only its public half is asked for.
    fn signer(&self) -> &Self::Signer;
    /// Time.
    fn clock(&self) -> &Self::Clock;
    /// An id that nothing else has.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when this machine has no randomness.
    fn fresh_id(&self) -> Result<EventId, Error>;
    /// As whom AWS knows whoever runs this, when it tells.
    fn caller(&self) -> impl Future<Output = Option<String>> + Send;
}

/// The managed policy that allows something: of infra/operators.yaml, or of infra/requester.yaml.
#[derive(Clone, Copy, Debug)]
pub enum Allowed<'a> {
    /// Looking.
    Reader,
    /// Asking the functions.
    Operator,
    /// Saying who may ask for rotations.
    Administrator,
    /// Asking for rotations under this name.
    Requester(&'a Requester),
}

/// That something is not allowed, and which policy allows it.
pub fn denied<W: World>(world: &W, what: impl Into<String>, by: Allowed<'_>) -> Error {
    let suffix = match by {
        Allowed::Reader => "reader".to_owned(),
        Allowed::Operator => "operator".to_owned(),
        Allowed::Administrator => "administrator".to_owned(),
        Allowed::Requester(one) if one.is_operators() => "operator".to_owned(),
        Allowed::Requester(one) => format!("requester-{one} (infra/requester.yaml)"),
    };
    let (stage, region) = (&world.stack().stage, world.region());
    Error::Denied {
        what: what.into(),
        policy: format!("rekey-{stage}-{region}-{suffix}"),
    }
}

/// A failure of the registry when it was written into, told to whoever runs this.
pub fn of_write<W: World>(world: &W, error: StoreError) -> Error {
    match error {
        StoreError::Denied(what) => denied(
            world,
            format!("writing into the table {} ({what})", world.stack().table),
            Allowed::Administrator,
        ),
        other => of_store(world, other),
    }
}

/// A failure of the bus that takes requests.
pub fn of_bus<W: World>(world: &W, requester: &Requester, error: BusError) -> Error {
    let bus = &world.stack().bus;
    match error {
        BusError::Denied => denied(
            world,
            format!(
                "events:PutEvents on the bus {bus} as {}",
                requester.source()
            ),
            Allowed::Requester(requester),
        ),
        BusError::NoBus => Error::NoStack {
            what: format!("the event bus {bus}"),
            stage: world.stack().stage.clone(),
            region: world.region().to_owned(),
        },
        BusError::NotTaken(why) => Error::Unavailable(format!(
            "the event bus {bus} did not take the request: {why}"
        )),
        BusError::Unavailable => Error::Advised {
            what: format!("the event bus {bus} gave no usable answer"),
            advice: vec!["the request may have been taken: rekey requests list".into()],
        },
    }
}

/// A failure of the registry, told to whoever runs this.
pub fn of_store<W: World>(world: &W, error: StoreError) -> Error {
    match error {
        StoreError::Denied(what) => denied(
            world,
            format!("reading the table {} ({what})", world.stack().table),
            Allowed::Reader,
        ),
        StoreError::Throttled => {
            Error::Unavailable("the registry table is throttled; try again in a minute".into())
        }
        StoreError::Unavailable(why) => Error::Unavailable(format!(
            "the table {} (stage {}, {}) gave no usable answer: {why}",
            world.stack().table,
            world.stack().stage,
            world.region()
        )),
        error @ (StoreError::Conflict | StoreError::Corrupt(_)) => {
            Error::Unavailable(error.to_string())
        }
    }
}

/// A failure of the audit trail, told to whoever runs this.
pub fn of_trail<W: World>(world: &W, error: TrailError) -> Error {
    let table = &world.stack().audit.table;
    match error {
        TrailError::Denied(what) => denied(
            world,
            format!("reading the table {table} ({what})"),
            Allowed::Reader,
        ),
        TrailError::Throttled => {
            Error::Unavailable("the audit table is throttled; try again in a minute".into())
        }
        TrailError::Unavailable(why) => Error::Unavailable(format!(
            "the table {table} (stage {}, {}) gave no usable answer: {why}",
            world.stack().stage,
            world.region()
        )),
        error @ TrailError::Corrupt(_) => Error::Unavailable(error.to_string()),
    }
}

/// A failure of the bucket of the checkpoints.
pub fn of_vault<W: World>(world: &W, error: VaultError) -> Error {
    match error {
        VaultError::Denied(what) => denied(
            world,
            format!("reading the checkpoints ({what})"),
            Allowed::Reader,
        ),
        error => Error::Unavailable(error.to_string()),
    }
}

/// A failure of the key that signs checkpoints.
pub fn of_signer<W: World>(world: &W, error: &SignError) -> Error {
    let (stage, region) = (&world.stack().stage, world.region());
    Error::Advised {
        what: error.to_string(),
        advice: vec![
            format!("the managed policy rekey-{stage}-{region}-reader allows kms:GetPublicKey"),
            "without it: --public-key FILE, the key as somebody wrote it down before".into(),
        ],
    }
}

/// A failure of a look at Secrets Manager.
pub fn of_look<W: World>(world: &W, error: LookError) -> Error {
    match error {
        LookError::Denied(what) => denied(
            world,
            format!("looking at the secret ({what})"),
            Allowed::Reader,
        ),
        LookError::Throttled => {
            Error::Unavailable("Secrets Manager is throttling; try again in a minute".into())
        }
        LookError::Unavailable(why) => {
            Error::Unavailable(format!("Secrets Manager gave no usable answer: {why}"))
        }
    }
}

/// A failure of a call of a function.
pub fn of_invoke<W: World>(world: &W, function: &str, error: InvokeError) -> Error {
    match error {
        InvokeError::Denied(what) => denied(
            world,
            format!("asking the function {function} ({what})"),
            Allowed::Operator,
        ),
        InvokeError::NotFound => Error::NoStack {
            what: format!("the function {function}"),
            stage: world.stack().stage.clone(),
            region: world.region().to_owned(),
        },
        InvokeError::Failed { class, message } => Error::Function {
            function: function.to_owned(),
            class,
            message,
        },
        InvokeError::Unavailable(why) => Error::Unavailable(format!(
            "the function {function} gave no answer: {why}; it may have done its work: \
             the same command again is safe"
        )),
    }
}
