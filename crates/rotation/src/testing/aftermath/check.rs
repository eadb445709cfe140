use super::super::violation::{Promise, Violation};
use super::super::world::RevocableTarget;
use super::book::Entry;
use super::case::Case;
use super::process::{Ended, Task};
use super::stage::{Stage, token};
use crate::{
    ClearOutcome, Cleared, Kept, Kinship, Operation, RetireOutcome, Revoker, RollBackOutcome,
    StagingLabel, VersionId,
};

const LABELS: [StagingLabel; 3] = [
    StagingLabel::Current,
    StagingLabel::Pending,
    StagingLabel::Previous,
];

impl<T: RevocableTarget> Stage<T> {
    /// What holds at every moment.
    pub(super) async fn check(&self) -> Result<(), Violation> {
        let recorder = &self.surroundings.recorder;
        if let Some(version) = recorder.untested().first() {
            let detail = format!("{version} became AWSCURRENT before anyone had logged in with it");
            return Err(self.broken(Promise::TestedBeforePromoted, detail));
        }
        if let Some((operation, version)) = recorder.unintended().first() {
            let detail = format!("{} of {version}", operation.as_str());
            return Err(self.broken(Promise::IntentBeforeChange, detail));
        }
        if recorder.unannounced() > 0 {
            return Err(self.broken(Promise::IntentBeforeChange, "a step changed the target"));
        }
        if let Some(version) = recorder.unproved().first() {
            let detail = format!("{version} was given up before it was seen refused");
            return Err(self.broken(Promise::ProofBeforeLabel, detail));
        }
        let target = &self.scene.target;
        if !target.logs_in(&target.bystander()).await {
            return Err(self.broken(Promise::OthersStay, "the bystander does not log in"));
        }
        self.check_orphans().await?;
        if self.scene.overlap.both_work() && self.case != Case::RollBackFromBroken {
            self.check_live().await?;
        } else {
            self.check_someone().await?;
        }
        self.check_sessions().await
    }

    /// Only who is to be retired loses sessions, and only after it was said.
    async fn check_sessions(&self) -> Result<(), Violation> {
        if !self.sessions_of_others_are_open().await {
            return Err(self.broken(Promise::SessionsEnd, "one of another was ended"));
        }
        let intended = Entry::Intended(Operation::Retire, self.order.subject.clone());
        let due = self.surroundings.book.entries().contains(&intended);
        if !due && self.session_of_subject_is_open().await == Some(false) {
            let detail = "one of the old credential was ended, and nobody meant to retire it";
            return Err(self.broken(Promise::SessionsEnd, detail));
        }
        Ok(())
    }

    /// What works is labelled, but for the version that is being retired or brought back.
    async fn check_orphans(&self) -> Result<(), Violation> {
        let store = &self.surroundings.store;
        let labelled: Vec<String> = LABELS
            .iter()
            .filter_map(|label| self.holder(label))
            .collect();
        for version in store.versions_with_a_value(&self.order.secret) {
            let exempt = self.case.task() != Task::Clear && version == self.order.subject.as_str();
            if exempt || labelled.contains(&version) {
                continue;
            }
            let value = VersionId::parse(&version)
                .and_then(|version| store.peek_version(&self.order.secret, &version));
            if let Some(value) = value
                && self.scene.target.logs_in(&value).await
            {
                let detail = format!("{version} logs in");
                return Err(self.broken(Promise::NoOrphans, detail));
            }
        }
        Ok(())
    }

    /// With overlap: what is labelled logs in, but for the version that is retired or brought back. A
    /// rotation that is open has the user of `AWSPREVIOUS`.
    async fn check_live(&self) -> Result<(), Violation> {
        if !self.logs_in(&StagingLabel::Current).await {
            let detail = "AWSCURRENT does not log in";
            return Err(self.broken(Promise::NothingLiveIsRevoked, detail));
        }
        let previous = self.holder(&StagingLabel::Previous);
        let other = previous.is_some_and(|previous| previous != self.order.subject.as_str());
        let pending = self.holder(&StagingLabel::Pending);
        let open = pending.is_some() && pending != self.holder(&StagingLabel::Current);
        let rolled_back =
            self.holder(&StagingLabel::Current).as_deref() == Some(self.order.subject.as_str());
        let lives_on = self.scene.overlap.outlives_a_rollback() || !rolled_back;
        if other && lives_on && !open && !self.logs_in(&StagingLabel::Previous).await {
            let detail = "AWSPREVIOUS does not log in, and is in its grace";
            return Err(self.broken(Promise::NothingLiveIsRevoked, detail));
        }
        Ok(())
    }

    /// Without: one of the versions that are known to the caller does.
    async fn check_someone(&self) -> Result<(), Violation> {
        for label in &LABELS {
            if self.logs_in(label).await {
                return Ok(());
            }
        }
        if self.scene.target.logs_in(&self.subject_value).await {
            return Ok(());
        }
        Err(self.broken(Promise::SomeoneLogsIn, "no version logs in"))
    }

    /// What holds when the task of the case is over and nothing else went on.
    pub(super) async fn check_end(&self, ended: &Ended) -> Result<(), Violation> {
        match (self.case, ended) {
            (
                Case::RetirePrevious | Case::RetireReused | Case::RetireOvertaken,
                Ended::Retire(RetireOutcome::Retired { .. }),
            ) => self.check_retired().await,
            (
                Case::RollBackInGrace | Case::RollBackRetired | Case::RollBackFromBroken,
                Ended::RollBack(RollBackOutcome::RolledBack { .. } | RollBackOutcome::AlreadyDone),
            ) => self.check_rolled_back().await,
            (
                Case::ClearEmpty,
                Ended::Clear(
                    ClearOutcome::Cleared(Cleared::Empty) | ClearOutcome::Kept(Kept::NotOpen),
                ),
            )
            | (
                Case::ClearUnset,
                Ended::Clear(
                    ClearOutcome::Cleared(Cleared::Refused) | ClearOutcome::Kept(Kept::NotOpen),
                ),
            ) => self.check_cleared().await,
            (Case::KeepSet, Ended::Clear(ClearOutcome::Kept(Kept::PendingWorks))) => {
                self.check_kept().await
            }
            _ => Err(self.broken(Promise::Converges, format!("it ended with {ended:?}"))),
        }
    }

    /// What holds when the subject is retired, whatever else went on.
    pub(super) async fn check_retired(&self) -> Result<(), Violation> {
        self.check().await?;
        self.check_current().await?;
        let subject = &self.order.subject;
        if self.scene.target.logs_in(&self.subject_value).await {
            return Err(self.broken(Promise::OldIsDead, "it logs in"));
        }
        if self.holder(&StagingLabel::Previous).as_deref() == Some(subject.as_str()) {
            return Err(self.broken(Promise::OldIsDead, "its version is still AWSPREVIOUS"));
        }
        if self.has_a_user_of_its_own() && self.session_of_subject_is_open().await == Some(true) {
            return Err(self.broken(Promise::SessionsEnd, "one of the old credential is open"));
        }
        let book = &self.surroundings.book;
        if book.is_armed(subject) || book.closings(subject) != 1 {
            let detail = format!("it was closed {} times", book.closings(subject));
            return Err(self.broken(Promise::DeadlineIsClosed, detail));
        }
        let told =
            |entry: &Entry| matches!(entry, Entry::Retired { version, .. } if version == subject);
        if !book.entries().iter().any(told) {
            return Err(self.broken(Promise::DeadlineIsClosed, "the ledger was not told"));
        }
        Ok(())
    }

    /// Whether no labelled version has the subject's user. When one has, the sessions are that one's too.
    fn has_a_user_of_its_own(&self) -> bool {
        let rotator = self.scene.target.rotator();
        LABELS.iter().all(|label| {
            let labelled = self.surroundings.store.peek(&self.order.secret, label);
            labelled.is_none_or(|value| {
                rotator.kinship(&self.subject_value, &value) == Ok(Kinship::Separate)
            })
        })
    }

    /// What holds when the subject is current again and nothing came after it.
    pub(super) async fn check_rolled_back(&self) -> Result<(), Violation> {
        self.check().await?;
        let (subject, from) = (&self.order.subject, &self.order.from);
        if self.holder(&StagingLabel::Current).as_deref() != Some(subject.as_str()) {
            return Err(self.broken(Promise::OldIsCurrent, "AWSCURRENT is elsewhere"));
        }
        self.check_current().await?;
        if self.holder(&StagingLabel::Previous).as_deref() != Some(from.as_str()) {
            return Err(self.broken(Promise::OldIsCurrent, "AWSPREVIOUS is elsewhere"));
        }
        let pending = self.holder(&StagingLabel::Pending);
        if pending.is_some_and(|pending| pending != subject.as_str()) {
            return Err(self.broken(Promise::RotationsGoOn, "AWSPENDING is open"));
        }
        let book = &self.surroundings.book;
        if book.is_armed(subject) || book.closings(subject) != 1 {
            let detail = format!("it was closed {} times", book.closings(subject));
            return Err(self.broken(Promise::DeadlineIsDisarmed, detail));
        }
        if !book.is_armed(from) {
            let detail = "the version that was rolled back has none";
            return Err(self.broken(Promise::DeadlineIsClosed, detail));
        }
        let told = Entry::RolledBack(from.clone(), subject.clone());
        if !book.entries().contains(&told) {
            return Err(self.broken(Promise::DeadlineIsDisarmed, "the ledger was not told"));
        }
        Ok(())
    }

    async fn check_cleared(&self) -> Result<(), Violation> {
        self.check().await?;
        self.check_current().await?;
        if let Some(pending) = self.holder(&StagingLabel::Pending)
            && self.holder(&StagingLabel::Current).as_deref() != Some(pending.as_str())
        {
            return Err(self.broken(Promise::RotationsGoOn, "AWSPENDING is still open"));
        }
        // Only once: a scenario that is checked twice has rotated already.
        let next = self.case.rotations() + 2;
        let current = self.holder(&StagingLabel::Current);
        if current.as_deref() != Some(token(next)?.as_str()) {
            self.rotate(next).await?;
        }
        self.check_current().await
    }

    async fn check_kept(&self) -> Result<(), Violation> {
        self.check().await?;
        let subject = &self.order.subject;
        let pending = self.holder(&StagingLabel::Pending);
        if pending.as_deref() != Some(subject.as_str()) {
            return Err(self.broken(Promise::OthersStay, "AWSPENDING was taken away"));
        }
        if !self.logs_in(&StagingLabel::Pending).await {
            return Err(self.broken(Promise::OthersStay, "AWSPENDING does not log in any more"));
        }
        Ok(())
    }

    /// `AWSCURRENT` logs in, whatever is lenient at other moments.
    pub(super) async fn check_current(&self) -> Result<(), Violation> {
        if self.logs_in(&StagingLabel::Current).await {
            Ok(())
        } else {
            let detail = "in the end AWSCURRENT does not log in";
            Err(self.broken(Promise::NothingLiveIsRevoked, detail))
        }
    }
}
