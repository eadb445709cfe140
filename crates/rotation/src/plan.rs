use crate::{Description, ErrorClass, StagingLabel, Step, StepRequest};

/// What is to be done about a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Plan {
    /// The version is `AWSCURRENT` already: a repeated call, and a success.
    Done,
    /// Do the step.
    Run,
    /// Do not do it, and say why.
    Refuse(Refusal),
}

/// Why the state of a secret forbids a step.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// `RotationEnabled` is false.
    #[error(
        "rotation is turned off for this secret; turn it on with RotateSecret before its function is called"
    )]
    RotationDisabled,
    /// The token belongs to no labelled version.
    #[error(
        "the token is no version of this secret; steps are called by Secrets Manager after RotateSecret, with its token"
    )]
    UnknownToken,
    /// The version is neither current nor pending.
    #[error(
        "the version is not AWSPENDING; another rotation has taken its place, and this call is out of date"
    )]
    NotPending,
    /// No version is current.
    #[error("no version is AWSCURRENT; put a first value with PutSecretValue")]
    NothingCurrent,
    /// The old credential still has its grace.
    #[error(
        "the grace of the last rotation runs for another {seconds} s, and rotating now would cut off whoever still uses the old credential; rotate again after it, or change the tag `rekey:grace`"
    )]
    GraceRunning {
        /// How long the grace still runs, in seconds.
        seconds: i64,
    },
    /// `AWSCURRENT` is on another version than the one that was read.
    #[error(
        "AWSCURRENT was moved while this step waited for the target, and what it was about to change may be in use again; nothing was changed: the step is repeated from the new state"
    )]
    CurrentMoved,
    /// The tag `rekey:kind` is another one than the one that this step went by.
    #[error(
        "the tag rekey:kind was changed during this rotation; nothing was changed at the target: the step is repeated as the kind that the tag names now"
    )]
    KindChanged,
    /// The tag `rekey:grace` cannot be read.
    #[error(
        "the tag `rekey:grace` must be a whole number of seconds, such as 86400; correct the tag or remove it"
    )]
    GraceTag,
}

impl Refusal {
    /// The stable name of the reason.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::GraceRunning { .. } => ErrorClass::GraceRunning,
            Self::CurrentMoved | Self::KindChanged => ErrorClass::RotationOpen,
            Self::RotationDisabled
            | Self::UnknownToken
            | Self::NotPending
            | Self::NothingCurrent
            | Self::GraceTag => ErrorClass::InvalidRequest,
        }
    }
}

/// Decides what a step may do, from what Secrets Manager says of the secret. `now` is in seconds since
/// 1970.
///
/// The order is that of AWS's own rotation functions: off, unknown, done, not pending. The guard of the
/// grace is ours, and holds only for a rotation that has not begun.
pub fn plan(request: &StepRequest, secret: &Description, now: i64) -> Plan {
    if secret.rotation_enabled == Some(false) {
        return Plan::Refuse(Refusal::RotationDisabled);
    }
    let Some(labels) = secret.versions.get(&request.token) else {
        return Plan::Refuse(Refusal::UnknownToken);
    };
    if labels.contains(&StagingLabel::Current) {
        return Plan::Done;
    }
    if !labels.contains(&StagingLabel::Pending) {
        return Plan::Refuse(Refusal::NotPending);
    }
    if secret.version_with(&StagingLabel::Current).is_none() {
        return Plan::Refuse(Refusal::NothingCurrent);
    }
    if request.step == Step::Create {
        match secret.grace_ends() {
            Err(_) => return Plan::Refuse(Refusal::GraceTag),
            Ok(Some(end)) if end > now => {
                return Plan::Refuse(Refusal::GraceRunning { seconds: end - now });
            }
            Ok(_) => {}
        }
    }
    Plan::Run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientRequestToken;

    const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn request(step: Step) -> StepRequest {
        StepRequest::parse(step.as_str(), "db/app", NEW, None).unwrap()
    }

    fn secret(versions: &[(&str, &[StagingLabel])]) -> Description {
        Description {
            rotation_enabled: Some(true),
            versions: versions
                .iter()
                .map(|(id, labels)| (ClientRequestToken::parse(id).unwrap(), labels.to_vec()))
                .collect(),
            ..Description::default()
        }
    }

    fn open() -> Description {
        secret(&[
            (OLD, &[StagingLabel::Current]),
            (NEW, &[StagingLabel::Pending]),
        ])
    }

    #[test]
    fn a_pending_version_of_a_rotating_secret_runs_every_step() {
        for step in Step::ALL {
            assert_eq!(plan(&request(step), &open(), 0), Plan::Run);
        }
    }

    #[test]
    fn a_secret_whose_rotation_is_off_is_refused_at_every_step() {
        let off = Description {
            rotation_enabled: Some(false),
            ..open()
        };
        for step in Step::ALL {
            assert_eq!(
                plan(&request(step), &off, 0),
                Plan::Refuse(Refusal::RotationDisabled)
            );
        }
    }

    #[test]
    fn an_unknown_token_is_refused() {
        let other = secret(&[(OLD, &[StagingLabel::Current])]);
        assert_eq!(
            plan(&request(Step::Create), &other, 0),
            Plan::Refuse(Refusal::UnknownToken)
        );
    }

    #[test]
    fn a_version_that_is_current_is_done_even_when_it_is_still_pending() {
        let done = secret(&[(NEW, &[StagingLabel::Current, StagingLabel::Pending])]);
        for step in Step::ALL {
            assert_eq!(plan(&request(step), &done, 0), Plan::Done);
        }
    }

    #[test]
    fn a_version_that_lost_its_pending_label_is_refused() {
        let moved = secret(&[
            (OLD, &[StagingLabel::Current]),
            (NEW, &[StagingLabel::Previous]),
        ]);
        assert_eq!(
            plan(&request(Step::Set), &moved, 0),
            Plan::Refuse(Refusal::NotPending)
        );
    }

    #[test]
    fn a_secret_without_a_current_version_is_refused() {
        let empty = secret(&[(NEW, &[StagingLabel::Pending])]);
        assert_eq!(
            plan(&request(Step::Finish), &empty, 0),
            Plan::Refuse(Refusal::NothingCurrent)
        );
    }

    fn with_grace(tag: &str) -> Description {
        let older = "cccccccccccccccccccccccccccccccc";
        let mut secret = secret(&[
            (OLD, &[StagingLabel::Current]),
            (NEW, &[StagingLabel::Pending]),
            (older, &[StagingLabel::Previous]),
        ]);
        secret.last_rotated = Some(1_000);
        secret.tags.insert(crate::GRACE_TAG.into(), tag.into());
        secret
    }

    #[test]
    fn a_second_rotation_inside_the_grace_is_refused_and_one_after_it_is_not() {
        let secret = with_grace("600");
        assert_eq!(
            plan(&request(Step::Create), &secret, 1_599),
            Plan::Refuse(Refusal::GraceRunning { seconds: 1 })
        );
        assert_eq!(plan(&request(Step::Create), &secret, 1_600), Plan::Run);
    }

    #[test]
    fn the_grace_does_not_stop_a_rotation_that_has_begun() {
        for step in [Step::Set, Step::Test, Step::Finish] {
            assert_eq!(plan(&request(step), &with_grace("600"), 1_001), Plan::Run);
        }
    }

    #[test]
    fn without_the_tag_a_previous_version_or_a_rotation_there_is_no_grace() {
        let mut untagged = with_grace("600");
        untagged.tags.clear();
        let mut never = with_grace("600");
        never.last_rotated = None;
        let mut retired = with_grace("600");
        retired
            .versions
            .retain(|_, labels| !labels.contains(&StagingLabel::Previous));
        for secret in [untagged, never, retired] {
            assert_eq!(plan(&request(Step::Create), &secret, 1_001), Plan::Run);
        }
    }

    #[test]
    fn a_grace_that_is_no_number_of_seconds_is_refused() {
        for tag in ["24h", "-1", "", "1e3"] {
            assert_eq!(
                plan(&request(Step::Create), &with_grace(tag), 1_001),
                Plan::Refuse(Refusal::GraceTag)
            );
        }
    }
}
