use super::Objection;
use crate::{Description, StagingLabel, VersionId};

/// What is to be done about a rollback.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum RollBackPlan {
    /// Go on, with the labels as they stand.
    Run(Standing),
    /// `AWSCURRENT` is there already, and came from the version that is rolled back: an earlier call has
    /// moved it, and may have died before it said so.
    Moved,
    /// `AWSCURRENT` is there already, and the other version was not current before.
    Done,
    /// Do not do it, and say why.
    Refuse(Objection),
}

/// The labels that matter besides `AWSCURRENT`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Standing {
    /// The version with `AWSPREVIOUS`, when it is not the one that is rolled back to.
    pub(super) previous: Option<VersionId>,
    /// Whether the version that is rolled back to has `AWSPREVIOUS`.
    pub(super) labelled: bool,
    /// Whether `AWSPENDING` has stayed on the version that is rolled back from.
    pub(super) pending_on_from: bool,
}

/// Decides about a rollback from the version `from` to the version `to`, from what Secrets Manager says of
/// the secret. The version `to` may have lost its label.
pub(super) fn plan(secret: &Description, from: &VersionId, to: &VersionId) -> RollBackPlan {
    if let Some(service) = &secret.owning_service {
        let service = service.clone();
        return RollBackPlan::Refuse(Objection::Owned { service });
    }
    if from == to {
        return RollBackPlan::Refuse(Objection::SameVersion);
    }
    let Some(current) = secret.version_with(&StagingLabel::Current) else {
        return RollBackPlan::Refuse(Objection::NothingCurrent);
    };
    let previous = secret.version_with(&StagingLabel::Previous);
    if current == to && previous != Some(from) {
        return RollBackPlan::Done;
    }
    // Left from the rotation that made it current once, it is where AWSCURRENT is going.
    let left_over = |pending: &VersionId| pending == to && previous == Some(to);
    if secret
        .open_rotation()
        .is_some_and(|pending| !left_over(pending))
    {
        return RollBackPlan::Refuse(Objection::RotationOpen);
    }
    if current == to {
        return RollBackPlan::Moved;
    }
    if current != from {
        return RollBackPlan::Refuse(Objection::NotCurrent);
    }
    RollBackPlan::Run(Standing {
        previous: previous.filter(|previous| *previous != to).cloned(),
        labelled: previous == Some(to),
        pending_on_from: secret.has(from, &StagingLabel::Pending),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use StagingLabel::{Current, Pending, Previous};

    fn id(n: u8) -> VersionId {
        VersionId::parse(&format!("version-{n:->32}")).unwrap()
    }

    fn secret(versions: &[(u8, &[StagingLabel])]) -> Description {
        Description {
            versions: versions
                .iter()
                .map(|(n, labels)| (id(*n), labels.to_vec()))
                .collect(),
            ..Description::default()
        }
    }

    fn run(previous: Option<u8>, labelled: bool, pending_on_from: bool) -> RollBackPlan {
        RollBackPlan::Run(Standing {
            previous: previous.map(id),
            labelled,
            pending_on_from,
        })
    }

    /// From version 2 to version 1.
    #[test]
    fn what_the_labels_say_decides() {
        let refuse = RollBackPlan::Refuse;
        let cases: [(&str, Description, RollBackPlan); 12] = [
            (
                "inside the grace",
                secret(&[(1, &[Previous]), (2, &[Current])]),
                run(None, true, false),
            ),
            (
                "just after the grace",
                secret(&[(2, &[Current])]),
                run(None, false, false),
            ),
            (
                "AWSPENDING has stayed on the version that is rolled back",
                secret(&[(1, &[Previous]), (2, &[Current, Pending])]),
                run(None, true, true),
            ),
            (
                "over a version between",
                secret(&[(3, &[Previous]), (2, &[Current])]),
                run(Some(3), false, false),
            ),
            (
                "a repeated call",
                secret(&[(1, &[Current]), (2, &[Previous])]),
                RollBackPlan::Moved,
            ),
            (
                "a repeated call while a newer rotation is open",
                secret(&[(1, &[Current]), (2, &[Previous]), (3, &[Pending])]),
                refuse(Objection::RotationOpen),
            ),
            (
                "it was current all the time",
                secret(&[(1, &[Current]), (3, &[Previous])]),
                RollBackPlan::Done,
            ),
            (
                "a rotation is open",
                secret(&[(1, &[Previous]), (2, &[Current]), (3, &[Pending])]),
                refuse(Objection::RotationOpen),
            ),
            (
                "AWSPENDING is left on the version before, and a value was put by hand",
                secret(&[(1, &[Previous, Pending]), (2, &[Current])]),
                run(None, true, false),
            ),
            (
                "the version to roll back to is pending, and was never current",
                secret(&[(1, &[Pending]), (2, &[Current])]),
                refuse(Objection::RotationOpen),
            ),
            (
                "AWSCURRENT has moved on",
                secret(&[(2, &[Previous]), (3, &[Current])]),
                refuse(Objection::NotCurrent),
            ),
            (
                "nothing is current",
                secret(&[(1, &[Previous])]),
                refuse(Objection::NothingCurrent),
            ),
        ];
        for (name, secret, expected) in cases {
            assert_eq!(plan(&secret, &id(2), &id(1)), expected, "{name}");
        }
    }

    #[test]
    fn a_secret_that_another_service_manages_is_left_alone() {
        let mut owned = secret(&[(1, &[Previous]), (2, &[Current])]);
        owned.owning_service = Some("rds".to_owned());
        let service = "rds".to_owned();
        assert_eq!(
            plan(&owned, &id(2), &id(1)),
            RollBackPlan::Refuse(Objection::Owned { service })
        );
    }

    #[test]
    fn a_version_is_not_rolled_back_to_itself() {
        let secret = secret(&[(1, &[Current])]);
        assert_eq!(
            plan(&secret, &id(1), &id(1)),
            RollBackPlan::Refuse(Objection::SameVersion)
        );
    }
}
