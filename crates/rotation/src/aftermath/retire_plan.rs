use super::{Objection, VoidReason};
use crate::{Description, StagingLabel, VersionId};

/// What is to be done about a retirement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum RetirePlan {
    /// Go on, with the labels as they stand.
    Run(Standing),
    /// There is nothing to retire any more.
    Void(VoidReason),
    /// Do not do it, and say why.
    Refuse(Objection),
}

/// The labelled versions, as far as they matter to the one that is retired.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Standing {
    /// The other versions whose credentials must live: `AWSCURRENT`, and `AWSPREVIOUS` when a newer
    /// rotation has moved it on.
    pub(super) others: Others,
    /// Whether the version itself has `AWSPREVIOUS`.
    pub(super) labelled: bool,
}

/// The labelled versions but the one that is retired.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Others {
    /// `AWSCURRENT`.
    pub(super) current: VersionId,
    /// `AWSPREVIOUS`.
    pub(super) previous: Option<VersionId>,
}

/// Decides about a retirement, from what Secrets Manager says of the secret.
///
/// A version without `AWSPREVIOUS` goes on too: an earlier call may have died after it took the label, and
/// a newer rotation moves it on while the older deadline still runs.
pub(super) fn plan(secret: &Description, version: &VersionId) -> RetirePlan {
    if let Some(service) = &secret.owning_service {
        let service = service.clone();
        return RetirePlan::Refuse(Objection::Owned { service });
    }
    let Some(current) = secret.version_with(&StagingLabel::Current) else {
        return RetirePlan::Refuse(Objection::NothingCurrent);
    };
    if current == version {
        return RetirePlan::Void(VoidReason::Current);
    }
    if secret.open_rotation().is_some() {
        return RetirePlan::Refuse(Objection::RotationOpen);
    }
    let previous = secret.version_with(&StagingLabel::Previous);
    RetirePlan::Run(Standing {
        others: Others {
            current: current.clone(),
            previous: previous.filter(|previous| *previous != version).cloned(),
        },
        labelled: previous == Some(version),
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

    fn run(current: u8, previous: Option<u8>, labelled: bool) -> RetirePlan {
        RetirePlan::Run(Standing {
            others: Others {
                current: id(current),
                previous: previous.map(id),
            },
            labelled,
        })
    }

    #[test]
    fn what_the_labels_say_decides() {
        let refused = || RetirePlan::Refuse(Objection::RotationOpen);
        let void = || RetirePlan::Void(VoidReason::Current);
        let cases: [(&str, Description, RetirePlan); 10] = [
            (
                "after a rotation",
                secret(&[(1, &[Previous]), (2, &[Current])]),
                run(2, None, true),
            ),
            (
                "AWSPENDING has stayed on the current version",
                secret(&[(1, &[Previous]), (2, &[Current, Pending])]),
                run(2, None, true),
            ),
            (
                "the label was dropped already",
                secret(&[(2, &[Current])]),
                run(2, None, false),
            ),
            (
                "a newer rotation has moved the label on",
                secret(&[(2, &[Previous]), (3, &[Current])]),
                run(3, Some(2), false),
            ),
            (
                "it has a label of somebody's own only",
                secret(&[(1, &[StagingLabel::Other("blue".into())]), (2, &[Current])]),
                run(2, None, false),
            ),
            (
                "it is current again",
                secret(&[(1, &[Current]), (2, &[Previous])]),
                void(),
            ),
            (
                "it is current, whatever else is open",
                secret(&[(1, &[Current]), (2, &[Pending])]),
                void(),
            ),
            (
                "another version is pending",
                secret(&[(1, &[Previous]), (2, &[Current]), (3, &[Pending])]),
                refused(),
            ),
            (
                "it is pending itself",
                secret(&[(1, &[Previous, Pending]), (2, &[Current])]),
                refused(),
            ),
            (
                "nothing is current",
                secret(&[(1, &[Previous])]),
                RetirePlan::Refuse(Objection::NothingCurrent),
            ),
        ];
        for (name, secret, expected) in cases {
            assert_eq!(plan(&secret, &id(1)), expected, "{name}");
        }
    }

    #[test]
    fn a_secret_that_another_service_manages_is_left_alone_even_when_the_version_is_current() {
        for labels in [[Current], [Previous]] {
            let mut owned = secret(&[(1, &labels), (2, &[Current])]);
            owned.owning_service = Some("rds".to_owned());
            let service = "rds".to_owned();
            assert_eq!(
                plan(&owned, &id(1)),
                RetirePlan::Refuse(Objection::Owned { service })
            );
        }
    }
}
