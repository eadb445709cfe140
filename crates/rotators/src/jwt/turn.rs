use std::time::Duration;

use rekey_rotation::TargetError;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::jwks::{Document, Jwks, Over, Version, Written};
use super::key_set::KeySet;
use super::place::Place;
use super::rotator::Config;
use super::s3::Bucket;
use super::secret::SigningSecret;
use super::wire::encoded;

/// The turn at a key set: what a step or a retirement holds there.
///
/// S3 has no locks. A turn is a fresh name in the key set, written over the version that was read. Whoever
/// else comes finds it held and waits. A holder that is silent for too long loses it to the next one, whose
/// write changes the version, so that what the first one had begun cannot take effect any more.
pub(super) struct Turn<J: Jwks> {
    jwks: J,
    place: Place,
    /// The secret's own `cache_seconds`.
    cache: u32,
    /// What a write replaces.
    over: Over,
    pub(super) key_set: KeySet,
    ended: bool,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Published,
    /// Another one has the turn now; nothing was changed.
    Lost,
}

/// What is read from a place.
pub(super) struct Found {
    pub(super) key_set: KeySet,
    over: Over,
    age: Duration,
}

pub(super) async fn read<J: Jwks>(jwks: &J, place: &Place) -> Result<Option<Found>, TargetError> {
    let Some(published) = jwks.read(place).await? else {
        return Ok(None);
    };
    Ok(Some(Found {
        key_set: KeySet::parse(&published.text, place)?,
        over: Over::Version(published.version),
        age: published.age,
    }))
}

impl<J: Jwks> Turn<J> {
    /// Takes the turn for a secret as soon as it is free. Each time before, `check` looks at what is published.
    ///
    /// Where a secret has keys and nothing is published, somebody took that away, and an empty key set is not put in
    /// its place: the turn is then the first one's to write.
    pub(super) async fn take(
        jwks: &J,
        secret: &SigningSecret,
        config: &Config,
        check: impl Fn(Option<&KeySet>) -> Result<(), TargetError>,
    ) -> Result<Self, TargetError> {
        let (place, cache) = (&secret.place, secret.times.cache);
        let id = fresh()?;
        let patience = Instant::now() + config.turn;
        let mut waits = waits();
        loop {
            let found = match read(jwks, place).await {
                // Whoever may not list a bucket is told so of an object that is not there. A secret without
                // keys may be the first: writing over nothing tells.
                Err(TargetError::Permission(_)) if secret.current.is_none() => None,
                other => other?,
            };
            check(found.as_ref().map(|found| &found.key_set))?;
            let held = |found: &Found| found.key_set.is_held() && found.age < config.silence;
            if !found.as_ref().is_some_and(held) {
                let gone = found.is_none() && secret.current.is_some();
                let (mut key_set, over) = match found {
                    Some(found) => (found.key_set, found.over),
                    None => (KeySet::empty(), Over::Nothing),
                };
                key_set.take_turn(&id);
                let taken = if gone {
                    Some(over)
                } else {
                    let written = put(jwks, place, cache, &key_set, &over).await?;
                    written.map(Over::Version)
                };
                if let Some(over) = taken {
                    return Ok(Self {
                        jwks: jwks.clone(),
                        place: place.clone(),
                        cache,
                        over,
                        key_set,
                        ended: false,
                    });
                }
            }
            let wait = waits.next().unwrap_or_default();
            if wait.is_zero() {
                // What gives a turn back runs beside this.
                yield_now().await;
                continue;
            }
            if Instant::now() + wait > patience {
                return Err(TargetError::Busy(format!(
                    "another rotation or retirement has its turn at the key set {place}; this is repeated later"
                )));
            }
            sleep(wait).await;
        }
    }

    /// Publishes a changed key set in this turn, and keeps the turn.
    pub(super) async fn publish(&mut self, key_set: KeySet) -> Result<Change, TargetError> {
        match put(&self.jwks, &self.place, self.cache, &key_set, &self.over).await? {
            Some(version) => {
                self.over = Over::Version(version);
                self.key_set = key_set;
                Ok(Change::Published)
            }
            None => {
                self.ended = true;
                Ok(Change::Lost)
            }
        }
    }

    /// The same, and ends the turn with it.
    pub(super) async fn publish_and_end(
        mut self,
        mut key_set: KeySet,
    ) -> Result<Change, TargetError> {
        key_set.end_turn();
        let change = self.publish(key_set).await?;
        self.ended = true;
        Ok(change)
    }
}

/// Gives the turn back, without waiting for it. Where that is cut off, the turn ends by silence.
impl<J: Jwks> Drop for Turn<J> {
    fn drop(&mut self) {
        if self.ended || self.over == Over::Nothing {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (jwks, place, cache) = (self.jwks.clone(), self.place.clone(), self.cache);
        let (over, mut key_set) = (self.over.clone(), self.key_set.clone());
        key_set.end_turn();
        drop(runtime.spawn(async move {
            let document = document(&key_set, cache);
            // Another one has the turn then, or takes it when this one's silence has been long enough.
            let _ended = jwks.write(&place, document, &over).await;
        }));
    }
}

/// Writes, and says as which version; `None` when something else was there. A write whose answer was lost is
/// repeated by the client, and then overtaken by itself.
async fn put<J: Jwks>(
    jwks: &J,
    place: &Place,
    cache: u32,
    key_set: &KeySet,
    over: &Over,
) -> Result<Option<Version>, TargetError> {
    match jwks.write(place, document(key_set, cache), over).await? {
        Written::Done(version) => return Ok(Some(version)),
        Written::Overtaken => {}
    }
    let Some(Found {
        key_set: found,
        over: Over::Version(version),
        ..
    }) = read(jwks, place).await?
    else {
        return Ok(None);
    };
    let ours = found.turn() == key_set.turn()
        && found.is_held() == key_set.is_held()
        && found.holds_what(key_set);
    Ok(ours.then_some(version))
}

/// A key set as it is written for a secret with this `cache_seconds`.
pub(super) fn document(key_set: &KeySet, cache: u32) -> Document {
    Document {
        text: key_set.written(),
        max_age: key_set.max_age(cache),
    }
}

/// What a retirement or a rollback holds at the key set.
pub struct Seized<J: Jwks = Bucket>(pub(super) Turn<J>);

/// A name that no other turn has.
fn fresh() -> Result<String, TargetError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| {
        TargetError::Internal("the randomness to name a turn with failed".to_owned())
    })?;
    Ok(encoded(&bytes))
}

/// A turn that was just given back is free in a moment.
fn waits() -> impl Iterator<Item = Duration> {
    [0, 10, 25, 50]
        .into_iter()
        .chain(std::iter::repeat(100))
        .map(Duration::from_millis)
}
