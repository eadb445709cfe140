use super::roll_back_plan::{RollBackPlan, Standing, plan};
use super::{
    Aftermath, AftermathError, Dependants, Intended, Ledger, Objection, Operation, RolledBack,
};
use crate::{
    Description, Kinds, Kinship, Login, Moment, Overlap, Revocation, Revoker, Rotator, SecretId,
    SecretStore, SecretValue, StagingLabel, StoreError, TargetError, VersionId,
};

/// What is to be rolled back.
#[derive(Clone, Debug)]
pub struct RollBackRequest {
    /// The secret.
    pub secret: SecretId,
    /// The version that is current, and should not be.
    pub from: VersionId,
    /// The version that is to be current again. It may have lost its label, not its value.
    pub to: VersionId,
    /// Why, for people.
    pub reason: String,
    /// What made it due: the id of a request. The same in every attempt.
    pub occasion: String,
    /// Who asked for it, as claimed.
    pub requested_by: Option<String>,
}

/// How a rollback ended well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RollBackOutcome {
    /// The earlier credential logs in and is current.
    RolledBack {
        /// Whether this call had to make it valid at the target.
        restored: bool,
    },
    /// It was current already: an earlier call has done it, or there was nothing to do.
    AlreadyDone,
}

/// One call.
struct Rollback<'a, S, K, L, D> {
    aftermath: &'a Aftermath<S, K, L, D>,
    request: &'a RollBackRequest,
    now: i64,
}

pub(super) async fn roll_back<S, K, L, D>(
    aftermath: &Aftermath<S, K, L, D>,
    request: &RollBackRequest,
    now: i64,
) -> Result<RollBackOutcome, AftermathError>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    let rollback = Rollback {
        aftermath,
        request,
        now,
    };
    let description = rollback.describe().await?;
    match plan(&description, &request.from, &request.to) {
        RollBackPlan::Done => Ok(RollBackOutcome::AlreadyDone),
        RollBackPlan::Refuse(objection) => Err(objection.into()),
        plan @ (RollBackPlan::Run(_) | RollBackPlan::Moved) => {
            rollback.run(&description, &plan).await
        }
    }
}

impl<S, K, L, D> Rollback<'_, S, K, L, D>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    /// Goes the whole way, or what is left of it when an earlier call has moved the label.
    async fn run(
        &self,
        description: &Description,
        before: &RollBackPlan,
    ) -> Result<RollBackOutcome, AftermathError> {
        let Self {
            aftermath, request, ..
        } = self;
        let to = match aftermath.value(&request.secret, &request.to).await {
            Err(AftermathError::Store(StoreError::NotFound(_))) => {
                return Err(Objection::ValueGone.into());
            }
            other => other?,
        };
        let revoker = aftermath.kinds.of(description.kind(), &to)?;
        let from = self.usable_from(revoker, &to).await?;
        let current = from.as_ref().unwrap_or(&to);
        if let RollBackPlan::Run(standing) = before {
            self.harmless(revoker, &to, from.as_ref(), standing).await?;
        }
        let superuser = aftermath.superuser(revoker, current).await?;
        let revocation = Revocation {
            old: &to,
            current,
            superuser: superuser.as_ref(),
            switched_at: description.last_rotated,
            now: self.now,
        };
        let mut seized = revoker.seize(revocation).await?;
        let standing = match (self.plan().await?, before) {
            (RollBackPlan::Run(now), RollBackPlan::Run(then)) if now.previous == then.previous => {
                Some(now)
            }
            // What was found harmless may not be any more.
            (RollBackPlan::Run(_), _) => return Err(Objection::LabelsMoved.into()),
            (RollBackPlan::Moved, _) => None,
            (RollBackPlan::Done, _) => return Ok(RollBackOutcome::AlreadyDone),
            (RollBackPlan::Refuse(objection), _) => return Err(objection.into()),
        };
        let login = revoker.try_login(&to, self.once_back(&to)).await?;
        let restored = login == Login::Refused;
        if restored || standing.is_some() {
            self.intend(revoker).await?;
        }
        if restored {
            if let Some(standing) = &standing {
                self.keep_labelled(revoker, &to, standing).await?;
            }
            revoker.restore(&mut seized, revocation).await?;
            self.prove(revoker, &to).await?;
        }
        if let Some(standing) = &standing {
            if !self.move_labels(standing).await? {
                return Ok(RollBackOutcome::AlreadyDone);
            }
            // Labels know no lock. Should the target have taken the lock from a call that was too slow, the
            // credential may have been changed before the label came: then a repetition restores it.
            self.prove(revoker, &to).await?;
        }
        self.tell(revoker, &to, restored).await?;
        Ok(if restored || standing.is_some() {
            RollBackOutcome::RolledBack { restored }
        } else {
            RollBackOutcome::AlreadyDone
        })
    }

    /// The value that is current, if it can be one of this credential. What is no secret of this kind, or of
    /// another target, was put there by hand, and is the very reason to roll back.
    async fn usable_from(
        &self,
        revoker: &K::One,
        to: &SecretValue,
    ) -> Result<Option<SecretValue>, AftermathError> {
        let Self {
            aftermath, request, ..
        } = self;
        let from = match aftermath.value(&request.secret, &request.from).await {
            Err(AftermathError::Store(StoreError::Unusable(_))) => return Ok(None),
            other => other?,
        };
        match revoker.kinship(to, &from) {
            Ok(_) => Ok(Some(from)),
            Err(TargetError::InvalidSecret(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses what would change nothing, and what would cut off a user who works now. With one user the
    /// password that works is always the one that dies.
    async fn harmless(
        &self,
        revoker: &K::One,
        to: &SecretValue,
        from: Option<&SecretValue>,
        standing: &Standing,
    ) -> Result<(), AftermathError> {
        let overlap = revoker.overlap(to)?;
        // There is room for two, and the one between would have to go without anybody having said so.
        let no_room = matches!(
            overlap,
            Overlap::TwoPasswords | Overlap::DualPublish | Overlap::PreviousInside
        );
        if no_room && standing.previous.is_some() {
            return Err(Objection::BetweenInGrace.into());
        }
        let two_users = overlap.both_work();
        if let Some(from) = from {
            match revoker.kinship(to, from)? {
                Kinship::Same => return Err(Objection::SameCredential.into()),
                Kinship::Replaced if two_users => return Err(Objection::CurrentUser.into()),
                Kinship::Replaced | Kinship::Separate => {}
            }
        }
        if two_users && let Some(previous) = &standing.previous {
            let secret = &self.request.secret;
            let previous = self.aftermath.value(secret, previous).await?;
            if revoker.kinship(to, &previous)? == Kinship::Replaced {
                return Err(Objection::PreviousUser.into());
            }
        }
        Ok(())
    }

    /// With one user, the version that is brought back holds the only password that works until
    /// `AWSCURRENT` is there. A rotation finds it under `AWSPREVIOUS`, should this call die in between.
    async fn keep_labelled(
        &self,
        revoker: &K::One,
        to: &SecretValue,
        standing: &Standing,
    ) -> Result<(), AftermathError> {
        let Self {
            aftermath, request, ..
        } = self;
        if standing.labelled || revoker.overlap(to)?.both_work() {
            return Ok(());
        }
        let holder = standing.previous.as_ref();
        let previous = &StagingLabel::Previous;
        let kept = aftermath
            .store
            .move_label(&request.secret, previous, &request.to, holder);
        Ok(kept.await?)
    }

    /// Moves `AWSCURRENT`, and `AWSPREVIOUS` with it. Whether it is where it should be, and came from where
    /// it should.
    async fn move_labels(&self, standing: &Standing) -> Result<bool, AftermathError> {
        let (store, request) = (&self.aftermath.store, self.request);
        if standing.pending_on_from {
            // Left there, it would be an open rotation as soon as AWSCURRENT is gone from that version, and
            // Secrets Manager would try it again: forwards.
            let pending = &StagingLabel::Pending;
            let removed = store.remove_label(&request.secret, pending, &request.from);
            match removed.await {
                Ok(()) => {}
                // Another run of this rollback, where the target has no lock, was faster.
                Err(error @ StoreError::Refused(_)) => match self.plan().await? {
                    RollBackPlan::Run(standing) if !standing.pending_on_from => {}
                    RollBackPlan::Moved => return Ok(true),
                    RollBackPlan::Done => return Ok(false),
                    RollBackPlan::Refuse(objection) => return Err(objection.into()),
                    RollBackPlan::Run(_) => return Err(error.into()),
                },
                Err(error) => return Err(error.into()),
            }
        }
        let current = &StagingLabel::Current;
        let moved = store.move_label(&request.secret, current, &request.to, Some(&request.from));
        match moved.await {
            Ok(()) => Ok(true),
            // The label was moved between our read and our call, by somebody who asks no lock.
            Err(error @ StoreError::Refused(_)) => match self.plan().await? {
                RollBackPlan::Moved => Ok(true),
                RollBackPlan::Done => Ok(false),
                RollBackPlan::Refuse(objection) => Err(objection.into()),
                RollBackPlan::Run(_) => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    async fn intend(&self, revoker: &K::One) -> Result<(), AftermathError> {
        let request = self.request;
        let intent = Intended {
            at: self.now,
            secret: &request.secret,
            version: &request.to,
            operation: Operation::RollBack,
            from: Some(&request.from),
            kind: revoker.kind(),
            occasion: &request.occasion,
            requested_by: request.requested_by.as_deref(),
            reason: Some(&request.reason),
        };
        Ok(self.aftermath.ledger.intended(&intent).await?)
    }

    async fn prove(&self, revoker: &K::One, to: &SecretValue) -> Result<(), AftermathError> {
        match revoker.try_login(to, self.once_back(to)).await? {
            Login::Accepted => Ok(()),
            Login::Refused => Err(AftermathError::NotAccepted),
        }
    }

    async fn tell(
        &self,
        revoker: &K::One,
        value: &SecretValue,
        restored: bool,
    ) -> Result<(), AftermathError> {
        let Self {
            aftermath, request, ..
        } = self;
        let rolled_back = RolledBack {
            at: self.now,
            secret: &request.secret,
            from: &request.from,
            to: &request.to,
            kind: revoker.kind(),
            strategy: revoker.overlap(value)?.as_str(),
            accepted_at: self.now,
            restored,
            occasion: &request.occasion,
            requested_by: request.requested_by.as_deref(),
            reason: &request.reason,
        };
        Ok(aftermath.ledger.rolled_back(&rolled_back).await?)
    }

    /// The moment in which the earlier value is `AWSCURRENT` again.
    const fn once_back<'v>(&self, to: &'v SecretValue) -> Moment<'v> {
        Moment {
            current: to,
            now: self.now,
        }
    }

    async fn plan(&self) -> Result<RollBackPlan, AftermathError> {
        let request = self.request;
        Ok(plan(&self.describe().await?, &request.from, &request.to))
    }

    async fn describe(&self) -> Result<Description, AftermathError> {
        Ok(self.aftermath.store.describe(&self.request.secret).await?)
    }
}
