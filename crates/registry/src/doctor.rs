//! The slow round: every registered secret is looked at, a page at a time, what an event missed is
//! recorded, and what is stuck is treated.

use std::future::Future;

use crate::engine::{Failed, Leftovers, Run, apply};
use crate::explain::is_overdue;
use crate::observe::Why;
use crate::orders::{Order, Orders};
use crate::policy::Policy;
use crate::publisher::Publisher;
use crate::snapshot::{LookError, Secrets};
use crate::state::SecretState;
use crate::store::Store;
use crate::treatment::{Treatment, begin, is_stuck, treatment};
use crate::watch::Watching;

const TAGGED: &str = "doctor-tagged";
const NAMES: &str = "doctor-names";
/// After how many secrets a round notes how far it has come.
const STRIDE: usize = 10;

/// Resuming a rotation that is stuck.
pub trait Resume: Sync {
    /// `RotateSecret` without any parameter but the secret: while a version is open, Secrets Manager takes
    /// that one up again and answers with an error that says so, which is success here.
    ///
    /// # Errors
    /// [`LookError`].
    fn resume(&self, name: &str) -> impl Future<Output = Result<(), LookError>> + Send;
}

/// Everything that a round needs.
#[derive(Clone, Copy, Debug)]
pub struct Practice<'a, S, K, P, R, O> {
    /// The registry.
    pub store: &'a S,
    /// Looking at Secrets Manager.
    pub secrets: &'a K,
    /// The bus.
    pub publisher: &'a P,
    /// Calling RotateSecret.
    pub resume: &'a R,
    /// The queue of the function that may change the target.
    pub orders: &'a O,
    /// The numbers to go by.
    pub policy: &'a Policy,
}

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// How many secrets were looked at.
    pub looked_at: usize,
    /// How many were found that no event had registered.
    pub registered: usize,
    /// How many rotations were resumed.
    pub resumed: usize,
    /// How many were given up.
    pub given_up: usize,
    /// How many open versions were ordered to be cleared.
    pub clearing: usize,
    /// How many registered secrets have an open rotation that is older than it should be.
    pub stuck: usize,
    /// How many registered secrets should have been rotated by now. At the end of all secrets it is exact.
    /// A run that stopped before says what was counted on the way so far, or at the last end if that is more:
    /// so one that is overdue does not vanish from the count because it is far down the list.
    pub overdue: usize,
    /// Whether the round came to the end of all secrets, so that the next begins anew.
    pub complete: bool,
    /// What failed, and for which secret. It held up no other.
    pub failed: Vec<(String, Failed)>,
}

/// What was found at one secret, and done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examined {
    /// What was done.
    pub treatment: Treatment,
    /// Whether its rotation is stuck.
    pub is_stuck: bool,
    /// Whether it should have been rotated by now.
    pub is_overdue: bool,
}

/// How far the way through all secrets has come, and what was counted on it. The two move in one write: what
/// is counted is counted once, whoever dies in between.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Way {
    /// The last secret that was visited; empty at the beginning.
    after: String,
    /// How many up to there are overdue.
    overdue: usize,
    /// How many were in all, at the last end.
    before: usize,
}

impl Way {
    /// No name of a secret has this character.
    const BETWEEN: char = '|';

    fn read(cursor: Option<&str>) -> Self {
        let mut parts = cursor.unwrap_or_default().split(Self::BETWEEN);
        let after = parts.next().unwrap_or_default().to_owned();
        let mut count = || parts.next().and_then(|text| text.parse().ok());
        Self {
            after,
            overdue: count().unwrap_or_default(),
            before: count().unwrap_or_default(),
        }
    }

    fn written(&self) -> String {
        let between = Self::BETWEEN;
        format!(
            "{}{between}{}{between}{}",
            self.after, self.overdue, self.before
        )
    }
}

impl<S, K, P, R, O> Practice<'_, S, K, P, R, O>
where
    S: Store,
    K: Secrets,
    P: Publisher,
    R: Resume,
    O: Orders,
{
    /// Goes on where the last round stopped, and looks at about `most` secrets at most. Two rounds at once
    /// do the same work twice and nothing wrong.
    ///
    /// # Errors
    /// [`Failed`] when the names cannot be read; what fails for one secret is in [`Round::failed`].
    pub async fn round(&self, now: i64, most: usize) -> Result<Round, Failed> {
        let mut round = Round::default();
        self.find_unregistered(now, &mut round).await?;
        let mut noted = self.store.cursor(NAMES).await?;
        let mut way = Way::read(noted.as_deref());
        let after = Some(way.after.as_str()).filter(|after| !after.is_empty());
        let names = self.store.list(after, most).await?;
        for some in names.chunks(STRIDE) {
            for name in some {
                way.overdue += usize::from(self.visit(name, now, &mut round).await);
                way.after.clone_from(name);
            }
            // A round that is cut off goes on from here, and not at the same slow place for ever.
            self.note(&mut noted, &way).await?;
        }
        round.complete = names.len() < most;
        if round.complete {
            round.overdue = way.overdue;
            let anew = Way {
                before: way.overdue,
                ..Way::default()
            };
            self.note(&mut noted, &anew).await?;
        } else {
            round.overdue = way.overdue.max(way.before);
        }
        Ok(round)
    }

    async fn note(&self, noted: &mut Option<String>, way: &Way) -> Result<(), Failed> {
        let new = way.written();
        if self
            .store
            .move_cursor(NAMES, noted.as_deref(), &new)
            .await?
        {
            *noted = Some(new);
        }
        Ok(())
    }

    /// Looks at one secret now, records what was missed, and treats it.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn examine(&self, name: &str, now: i64) -> Result<Examined, Failed> {
        let mut watching = Watching {
            secrets: self.secrets,
            policy: self.policy,
            name,
            now,
            observations: &[],
            why: Why::Reconciling,
        };
        let run = Run {
            store: self.store,
            publisher: self.publisher,
            name,
            now,
            leftovers: Leftovers::Adopted,
        };
        run.decided_by(&mut watching).await?;
        self.treat(name, now).await
    }

    /// Whether it is overdue. One that cannot be looked at is judged by its record.
    async fn visit(&self, name: &str, now: i64, round: &mut Round) -> bool {
        round.looked_at += 1;
        match self.examine(name, now).await {
            Ok(Examined {
                treatment,
                is_stuck,
                is_overdue,
            }) => {
                round.stuck += usize::from(is_stuck);
                match treatment {
                    Treatment::Leave => {}
                    Treatment::Resume(_) => round.resumed += 1,
                    Treatment::GiveUp(_) => round.given_up += 1,
                    Treatment::Clear(_) => round.clearing += 1,
                }
                is_overdue
            }
            Err(error) => {
                round.failed.push((name.to_owned(), error));
                let known = self.store.load(name).await;
                known.is_ok_and(|known| known.is_some_and(|it| is_overdue(&it, now)))
            }
        }
    }

    /// Gives the treatment that is due. That it was given is recorded before it is, so it is never given
    /// more often than recorded.
    async fn treat(&self, name: &str, now: i64) -> Result<Examined, Failed> {
        let decide = |before: Option<&SecretState>| {
            let Some(before) = before else {
                return Ok((None, None));
            };
            let wanted = treatment(before, self.policy, now);
            let decision = begin(before, &wanted, self.policy, now)?;
            let examined = Examined {
                treatment: wanted,
                is_stuck: is_stuck(before, self.policy, now),
                is_overdue: is_overdue(before, now),
            };
            let secret = &before.secret;
            Ok((
                decision,
                Some((examined, secret.arn.clone(), secret.kind.clone())),
            ))
        };
        let decided = apply(self.store, self.publisher, name, now, decide).await?;
        let Some((examined, arn, kind)) = decided else {
            return Ok(Examined::default());
        };
        match &examined.treatment {
            Treatment::Leave | Treatment::GiveUp(_) => {}
            Treatment::Resume(_) => self.resume.resume(name).await?,
            Treatment::Clear(version) => {
                let order = Order::Clear {
                    name: name.to_owned(),
                    arn,
                    kind,
                    version: version.clone(),
                };
                self.orders.send(&order).await?;
            }
        }
        Ok(examined)
    }

    /// A page of the secrets that have the tag: those that are not recorded are.
    async fn find_unregistered(&self, now: i64, round: &mut Round) -> Result<(), Failed> {
        let cursor = self.store.cursor(TAGGED).await?;
        let token = cursor.as_deref().filter(|token| !token.is_empty());
        let page = match self.secrets.registered(token).await {
            Ok(page) => page,
            Err(error @ (LookError::Denied(_) | LookError::Throttled)) => return Err(error.into()),
            Err(error @ LookError::Unavailable(_)) => {
                // A token may have grown too old. From the beginning, then.
                self.store
                    .move_cursor(TAGGED, cursor.as_deref(), "")
                    .await?;
                return Err(error.into());
            }
        };
        for name in &page.names {
            if self.store.secret(name).await?.is_none() {
                round.registered += 1;
                self.visit(name, now, round).await;
            }
        }
        let next = page.next.unwrap_or_default();
        self.store
            .move_cursor(TAGGED, cursor.as_deref(), &next)
            .await?;
        Ok(())
    }
}
