use super::retire_plan::{Others, RetirePlan, plan};
use super::{
    Aftermath, AftermathError, Cause, Dependants, Held, Intended, Ledger, Objection, Operation,
    Patience, Retired, Void, VoidReason,
};
use crate::{
    Description, Kinds, Kinship, Login, Moment, Revocation, Revoker, Rotator, SecretId,
    SecretStore, SecretValue, StagingLabel, StoreError, VersionId,
};

/// What is to be retired.
#[derive(Clone, Debug)]
pub struct RetireRequest {
    /// The secret.
    pub secret: SecretId,
    /// The version whose credential is to be taken out of use.
    pub version: VersionId,
    /// The last switch, as it is recorded.
    pub switch: Option<Switch>,
    /// How long it waits for others.
    pub patience: Patience,
    /// What made it due: the id of a request, or the deadline with its time. The same in every attempt.
    pub occasion: String,
    /// Who asked for it, as claimed.
    pub requested_by: Option<String>,
    /// Why, for people.
    pub reason: Option<String>,
}

/// Since when a version is `AWSCURRENT`. Secrets Manager itself says when the last rotation was over, which a
/// rollback and a value that is put by hand leave as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Switch {
    /// The version.
    pub to: VersionId,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// How a retirement ended well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RetireOutcome {
    /// The target refuses the old credential, which was seen.
    Retired {
        /// How many of its sessions this call ended.
        sessions_ended: u32,
        /// Whether this call took `AWSPREVIOUS` from the version.
        label_removed: bool,
    },
    /// It waits, and nothing was changed.
    Held(Vec<Cause>),
    /// There is nothing to retire; nothing was changed, and the deadline is closed.
    Void(VoidReason),
}

/// One call.
struct Retirement<'a, S, K, L, D> {
    aftermath: &'a Aftermath<S, K, L, D>,
    request: &'a RetireRequest,
    now: i64,
}

/// What was read before the target was locked.
struct Read<'a, R> {
    /// What the secret is of.
    revoker: &'a R,
    /// When the last switch was over, if that is known.
    switched_at: Option<i64>,
    old: SecretValue,
    current: SecretValue,
    others: Others,
    /// Whether the old version's user is its own, and no other's that must live.
    own_user: bool,
}

/// What became of the label `AWSPREVIOUS`.
enum Removal {
    /// It was taken from the version.
    Removed,
    /// It was not there: a newer rotation, or another run of this retirement, has taken it.
    Elsewhere,
    /// The version was rolled back to meanwhile.
    CurrentAgain,
}

pub(super) async fn retire<S, K, L, D>(
    aftermath: &Aftermath<S, K, L, D>,
    request: &RetireRequest,
    now: i64,
) -> Result<RetireOutcome, AftermathError>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    let retirement = Retirement {
        aftermath,
        request,
        now,
    };
    retirement.run().await
}

impl<'a, S, K, L, D> Retirement<'a, S, K, L, D>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    async fn run(&self) -> Result<RetireOutcome, AftermathError> {
        let description = self.describe().await?;
        let others = match plan(&description, &self.request.version) {
            RetirePlan::Run(standing) => standing.others,
            RetirePlan::Void(why) => return self.void(why).await,
            RetirePlan::Refuse(objection) => return Err(objection.into()),
        };
        let (secret, version) = (&self.request.secret, &self.request.version);
        let old = match self.aftermath.value(secret, version).await {
            Err(AftermathError::Store(StoreError::NotFound(_))) => {
                return self.void(VoidReason::ValueGone).await;
            }
            other => other?,
        };
        let current = self.aftermath.value(secret, &others.current).await?;
        let revoker = self.aftermath.kinds.of(description.kind(), &current)?;
        let own_user = match self.kinship(revoker, &old, &current, &others).await? {
            Kinship::Same => return self.void(VoidReason::SameCredential).await,
            // A newer password has killed the old one, and the user is another version's: not ours to touch.
            Kinship::Replaced => false,
            Kinship::Separate => true,
        };
        let read = Read {
            revoker,
            switched_at: description.last_rotated.max(self.recorded(&others)),
            old,
            current,
            others,
            own_user,
        };
        self.take_out_of_use(&read).await
    }

    /// When the version that is current came to be that, as it is recorded. A record of another version's switch
    /// is behind.
    fn recorded(&self, others: &Others) -> Option<i64> {
        let switch = self.request.switch.as_ref();
        let of_current = switch.filter(|switch| switch.to == others.current);
        of_current.map(|switch| switch.at)
    }

    /// Under the target's lock: reads the labels again, and revokes a user of its own.
    async fn take_out_of_use(
        &self,
        read: &Read<'a, K::One>,
    ) -> Result<RetireOutcome, AftermathError> {
        let Self {
            aftermath, request, ..
        } = self;
        let asks = read.own_user && request.patience != Patience::Forced;
        let mut causes = Vec::new();
        if asks {
            // Before the target is locked: health checks take their time, and steps wait for the lock.
            let (secret, version) = (&request.secret, &request.version);
            causes = aftermath.dependants.holds(secret, version).await?;
            let (old, current) = (&read.old, &read.current);
            let kept = read.revoker.kept_until(old, current, read.switched_at)?;
            causes.extend(
                kept.filter(|until| *until > self.now)
                    .map(|until| Cause::KeptUntil { until }),
            );
            if let Some(held) = self.held(read.revoker, &causes).await? {
                return Ok(held);
            }
        }
        let superuser = aftermath.superuser(read.revoker, &read.current).await?;
        let revocation = Revocation {
            old: &read.old,
            current: &read.current,
            superuser: superuser.as_ref(),
            switched_at: read.switched_at,
            now: self.now,
        };
        let mut seized = read.revoker.seize(revocation).await?;
        let labelled = match plan(&self.describe().await?, &request.version) {
            RetirePlan::Run(standing) if standing.others == read.others => standing.labelled,
            // The user may be in use again.
            RetirePlan::Run(_) => return Err(Objection::LabelsMoved.into()),
            RetirePlan::Void(why) => return self.void(why).await,
            RetirePlan::Refuse(objection) => return Err(objection.into()),
        };
        if asks {
            let sessions = read.revoker.sessions(&mut seized, revocation);
            let count = sessions.await?;
            if count > 0 {
                causes.push(Cause::Sessions { count });
            }
            if let Some(held) = self.held(read.revoker, &causes).await? {
                return Ok(held);
            }
        }
        let mut sessions_ended = 0;
        if read.own_user {
            self.intend(read.revoker).await?;
            let revoked = read.revoker.revoke(&mut seized, revocation);
            sessions_ended = revoked.await?;
        }
        self.conclude(read, labelled, sessions_ended, &causes).await
    }

    /// Still under the lock: sees the target refuse the credential, then takes the label from its version,
    /// then says so.
    async fn conclude(
        &self,
        read: &Read<'a, K::One>,
        labelled: bool,
        sessions_ended: u32,
        waited_for: &[Cause],
    ) -> Result<RetireOutcome, AftermathError> {
        let Self {
            aftermath, request, ..
        } = self;
        let moment = Moment {
            current: &read.current,
            now: self.now,
        };
        match read.revoker.try_login(&read.old, moment).await? {
            Login::Refused => {}
            Login::Accepted => return Err(AftermathError::StillAccepted),
        }
        let label_removed = match self.remove_label(labelled).await? {
            Removal::Removed => true,
            Removal::Elsewhere => false,
            Removal::CurrentAgain => return self.void(VoidReason::Current).await,
        };
        let retired = Retired {
            at: self.now,
            secret: &request.secret,
            version: &request.version,
            kind: read.revoker.kind(),
            strategy: read.revoker.overlap(&read.current)?.as_str(),
            refused_at: self.now,
            sessions_ended,
            label_removed,
            forced: request.patience != Patience::Wait,
            waited_for,
            occasion: &request.occasion,
            requested_by: request.requested_by.as_deref(),
            reason: request.reason.as_deref(),
        };
        aftermath.ledger.retired(&retired).await?;
        Ok(RetireOutcome::Retired {
            sessions_ended,
            label_removed,
        })
    }

    /// How the old credential belongs to those that must live: the closest kinship counts. Its user may live
    /// on in `AWSPREVIOUS`, though not in `AWSCURRENT`.
    async fn kinship(
        &self,
        revoker: &K::One,
        old: &SecretValue,
        current: &SecretValue,
        others: &Others,
    ) -> Result<Kinship, AftermathError> {
        let aftermath = self.aftermath;
        let to_current = revoker.kinship(old, current)?;
        let Some(previous) = &others.previous else {
            return Ok(to_current);
        };
        let previous = aftermath.value(&self.request.secret, previous).await?;
        let to_previous = revoker.kinship(old, &previous)?;
        Ok(match (to_current, to_previous) {
            (Kinship::Same, _) | (_, Kinship::Same) => Kinship::Same,
            (Kinship::Replaced, _) | (_, Kinship::Replaced) => Kinship::Replaced,
            (Kinship::Separate, Kinship::Separate) => Kinship::Separate,
        })
    }

    async fn intend(&self, revoker: &K::One) -> Result<(), AftermathError> {
        let request = self.request;
        let intent = Intended {
            at: self.now,
            secret: &request.secret,
            version: &request.version,
            operation: Operation::Retire,
            from: None,
            kind: revoker.kind(),
            occasion: &request.occasion,
            requested_by: request.requested_by.as_deref(),
            reason: request.reason.as_deref(),
        };
        Ok(self.aftermath.ledger.intended(&intent).await?)
    }

    /// Takes `AWSPREVIOUS` from the version, if it had it under the lock.
    async fn remove_label(&self, labelled: bool) -> Result<Removal, AftermathError> {
        if !labelled {
            return Ok(Removal::Elsewhere);
        }
        let (secret, version) = (&self.request.secret, &self.request.version);
        let previous = &StagingLabel::Previous;
        let removed = self.aftermath.store.remove_label(secret, previous, version);
        let refused = match removed.await {
            Ok(()) => return Ok(Removal::Removed),
            Err(error @ (StoreError::Refused(_) | StoreError::NotFound(_))) => error,
            Err(error) => return Err(error.into()),
        };
        let description = self.describe().await?;
        if description.has(version, &StagingLabel::Current) {
            Ok(Removal::CurrentAgain)
        } else if description.has(version, previous) {
            Err(refused.into())
        } else {
            Ok(Removal::Elsewhere)
        }
    }

    /// The outcome, when one of the causes holds the retirement.
    async fn held(
        &self,
        revoker: &K::One,
        causes: &[Cause],
    ) -> Result<Option<RetireOutcome>, AftermathError> {
        let request = self.request;
        let holding: Vec<Cause> = causes
            .iter()
            .filter(|cause| cause.holds(request.patience))
            .cloned()
            .collect();
        if holding.is_empty() {
            return Ok(None);
        }
        let held = Held {
            at: self.now,
            secret: &request.secret,
            version: &request.version,
            kind: revoker.kind(),
            causes: &holding,
            occasion: &request.occasion,
            requested_by: request.requested_by.as_deref(),
            reason: request.reason.as_deref(),
        };
        self.aftermath.ledger.held(&held).await?;
        Ok(Some(RetireOutcome::Held(holding)))
    }

    async fn void(&self, why: VoidReason) -> Result<RetireOutcome, AftermathError> {
        let void = Void {
            at: self.now,
            secret: &self.request.secret,
            version: &self.request.version,
            why,
            occasion: &self.request.occasion,
        };
        self.aftermath.ledger.void(&void).await?;
        Ok(RetireOutcome::Void(why))
    }

    async fn describe(&self) -> Result<Description, AftermathError> {
        Ok(self.aftermath.store.describe(&self.request.secret).await?)
    }
}
