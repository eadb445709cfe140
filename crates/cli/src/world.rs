use std::future::Future;

use rekey_registry::{LookError, Secrets, Store, StoreError};

use crate::clock::Clock;
use crate::config::Stack;
use crate::error::Error;
use crate::functions::{Functions, InvokeError};
use crate::queues::Queues;

/// Everything that a command needs from outside.
pub trait World: Sync {
    /// The registry.
    type Store: Store;
    /// Secrets Manager, without its values.
    type Secrets: Secrets;
    /// The functions of the stack.
    type Functions: Functions;
    /// Its queues.
    type Queues: Queues;
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
    /// Time.
    fn clock(&self) -> &Self::Clock;
    /// As whom AWS knows whoever runs this, when it tells.
    fn caller(&self) -> impl Future<Output = Option<String>> + Send;
}

/// The managed policy of infra/operators.yaml that allows something.
#[derive(Clone, Copy, Debug)]
pub enum Allowed {
    /// Looking.
    Reader,
    /// Asking the functions.
    Operator,
}

/// That something is not allowed, and which policy allows it.
pub fn denied<W: World>(world: &W, what: impl Into<String>, by: Allowed) -> Error {
    let suffix = match by {
        Allowed::Reader => "reader",
        Allowed::Operator => "operator",
    };
    let (stage, region) = (&world.stack().stage, world.region());
    Error::Denied {
        what: what.into(),
        policy: format!("rekey-{stage}-{region}-{suffix}"),
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
