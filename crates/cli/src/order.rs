//! Orders to the function `rekey-<stage>-retire`, and its answers.

use rekey_events::{
    Actor, ClientRequestToken, Identifier, Message, OrderOutcome, RetireAnswer, RetireOperation,
    RetireOrder, SecretId,
};
use rekey_registry::{SecretState, VersionId};
use serde_json::Value;

use crate::clock::Clock;
use crate::error::Error;
use crate::functions::Functions;
use crate::world::{World, of_invoke};

/// An answer, and its JSON as it came: `--json` passes on what is not looked at here.
pub struct Answered {
    /// The function that answered.
    pub function: String,
    pub answer: RetireAnswer,
    pub whole: Value,
}

impl Answered {
    /// In a word.
    pub const fn outcome(&self) -> &OrderOutcome {
        &self.answer.outcome
    }

    /// That the function refused or failed, if it did.
    pub fn error(&self) -> Option<Error> {
        let class = self.answer.class.as_ref();
        let class = class.map_or("no class", |class| class.as_str()).to_owned();
        let message = self.answer.message.as_str().to_owned();
        match self.answer.outcome {
            OrderOutcome::Refused => Some(Error::Refused {
                class,
                message,
                advice: Vec::new(),
            }),
            OrderOutcome::Failed => Some(Error::Function {
                function: self.function.clone(),
                class,
                message,
            }),
            _ => None,
        }
    }
}

/// An order about a version of a secret, still without what its operation needs.
///
/// # Errors
/// [`Error::Unavailable`] when the record holds an ARN or an id that Secrets Manager would not.
pub fn about<W: World>(
    world: &W,
    operation: RetireOperation,
    state: &SecretState,
    version: &VersionId,
) -> Result<RetireOrder, Error> {
    let secret = SecretId::new(state.secret.arn.as_str());
    let secret = secret.map_err(|_| corrupt(state, "ARN"))?;
    let mut order = RetireOrder::new(operation, secret, token(state, version)?);
    // The same in every repetition of this wish, so that it is announced once.
    order.occasion = Identifier::new(format!("rekey-{}", world.clock().now())).ok();
    Ok(order)
}

/// The id of a version, as an order names it.
///
/// # Errors
/// [`Error::Unavailable`].
pub fn token(state: &SecretState, version: &VersionId) -> Result<ClientRequestToken, Error> {
    ClientRequestToken::new(version.as_str()).map_err(|_| corrupt(state, "id of a version"))
}

fn corrupt(state: &SecretState, what: &str) -> Error {
    let name = &state.secret.name;
    Error::Unavailable(format!("the record of {name} has an {what} that cannot be"))
}

/// A reason that a record and an event can hold.
///
/// # Errors
/// [`Error::Usage`].
pub fn reason(text: &str) -> Result<Message, Error> {
    Message::new(text.trim()).map_err(|error| Error::Usage(format!("--reason {error}")))
}

/// Who asks: by their own word, or as whom AWS knows them.
///
/// # Errors
/// [`Error::Usage`].
pub async fn requested_by<W: World>(world: &W, said: Option<&str>) -> Result<Option<Actor>, Error> {
    match said {
        Some(who) => Actor::new(who)
            .map(Some)
            .map_err(|error| Error::Usage(format!("--requested-by {error}"))),
        None => Ok(world.caller().await.and_then(|who| Actor::new(who).ok())),
    }
}

/// Asks the function that may change targets of this kind.
///
/// # Errors
/// As [`send_to`].
pub async fn send<W: World>(world: &W, kind: &str, order: &RetireOrder) -> Result<Answered, Error> {
    send_to(world, world.stack().retire_of(kind), order).await
}

/// Asks a function by its name, such as the one that has answered before.
///
/// # Errors
/// [`Error`] when it gave no answer, or one that cannot be understood. A refusal is an answer.
pub async fn send_to<W: World>(
    world: &W,
    function: &str,
    order: &RetireOrder,
) -> Result<Answered, Error> {
    let unreadable = |what: &str| {
        Error::Unavailable(format!(
            "{what}; perhaps rekey and the function {function} are of different versions"
        ))
    };
    let payload = serde_json::to_value(order);
    let payload = payload.map_err(|_| unreadable("the order cannot be written"))?;
    let answered = world.functions().invoke(function, &payload).await;
    let whole = answered.map_err(|error| of_invoke(world, function, error))?;
    let answer = RetireAnswer::try_from(whole.clone())
        .map_err(|error| unreadable(&format!("the answer cannot be understood ({error})")))?;
    Ok(Answered {
        function: function.to_owned(),
        answer,
        whole,
    })
}
