//! Who did it, and what kind of actor that is.

use std::str::FromStr as _;

use rekey_events::{ActorType, REQUESTER_SOURCE_PREFIX, SCHEDULE_SOURCE, Source};
use serde_json::{Map, Value};

/// Where an event says who did it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SaidBy {
    /// `actor`, as an administrator wrote it down, or else `requester`, the source that the bus vouches for.
    Requester,
    /// `requested_by`, which CloudTrail or our own function vouches for, or else the function that says it.
    Asker,
    /// `reader.actor`, from CloudTrail.
    Reader,
    /// The function that says it.
    Function,
}

/// An actor.
pub(super) struct Who {
    pub name: String,
    pub kind: ActorType,
}

impl SaidBy {
    /// Who did what an event with these fields and this source tells of.
    pub(super) fn find(self, fields: &Map<String, Value>, source: &str) -> Who {
        let named = match self {
            Self::Requester => text(fields, "actor").or_else(|| text(fields, "requester")),
            Self::Asker if self.vouches(source) => text(fields, "requested_by"),
            Self::Reader => fields
                .get("reader")
                .and_then(|it| it.get("actor")?.as_str()),
            Self::Asker | Self::Function => None,
        };
        let name = named.unwrap_or(source);
        let by_schedule = text(fields, "requester") == Some(SCHEDULE_SOURCE);
        let own = fields.get("reader").and_then(|it| it.get("own")?.as_bool());
        let kind = match self {
            Self::Requester if by_schedule => ActorType::System,
            Self::Requester => ActorType::User,
            Self::Reader if own == Some(true) => ActorType::System,
            Self::Reader => kind_of_caller(name).unwrap_or(ActorType::System),
            // A name that AWS did not give is one that an administrator or an operator wrote.
            Self::Asker => kind_of_caller(name).unwrap_or(ActorType::User),
            Self::Function => ActorType::System,
        };
        Who {
            name: name.to_owned(),
            kind,
        }
    }

    /// Whether `requested_by` is more than what somebody says: our own functions pass on what CloudTrail or
    /// the registry knows.
    pub(super) fn vouches(self, source: &str) -> bool {
        let ours = |source: Source| source != Source::SecretsManager;
        self == Self::Asker && Source::from_str(source).is_ok_and(ours)
    }
}

/// What kind of actor a name of AWS's or of ours stands for; nothing when it is neither. A person has a user
/// of IAM, a federated user, the root user, or a session of IAM Identity Center, whose roles are named
/// `AWSReservedSSO_*` (IAM Identity Center User Guide, "Referencing permission sets in resource policies").
fn kind_of_caller(name: &str) -> Option<ActorType> {
    if let Some(arn) = name.strip_prefix("arn:") {
        // arn:<partition>:<service>:<region>:<account>:<resource>
        let resource = arn.splitn(5, ':').nth(4).unwrap_or_default();
        let person = resource == "root"
            || ["user/", "federated-user/", "assumed-role/AWSReservedSSO_"]
                .iter()
                .any(|beginning| resource.starts_with(beginning));
        return Some(if person {
            ActorType::User
        } else {
            ActorType::System
        });
    }
    // Unique ids of principals (IAM User Guide, "IAM identifiers").
    if name.starts_with("AIDA") {
        return Some(ActorType::User);
    }
    let requester = name.starts_with(REQUESTER_SOURCE_PREFIX) && name != SCHEDULE_SOURCE;
    let system = name.starts_with("AROA")
        || name.ends_with(".amazonaws.com")
        || (name.starts_with("rekey.") && !requester);
    if system {
        return Some(ActorType::System);
    }
    requester.then_some(ActorType::User)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use rekey_events::ActorType;

    use super::kind_of_caller;

    #[test]
    fn a_person_is_told_from_a_machine_by_how_aws_names_them() {
        for person in [
            "arn:aws:iam::123456789012:user/ops/mara",
            "arn:aws-cn:iam::123456789012:root",
            "arn:aws:sts::123456789012:federated-user/jo",
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0a1b2c3d4e5f6071/jo",
            "AIDAEXAMPLEMARA00001",
            "rekey.requester.billing",
        ] {
            assert_eq!(kind_of_caller(person), Some(ActorType::User), "{person}");
        }
        for machine in [
            "arn:aws:sts::123456789012:assumed-role/backend/i-0f3c9a7b1d2e4f586",
            "arn:aws:sts::123456789012:assumed-role/backend/AWSReservedSSO_Ops",
            "arn:aws:iam::123456789012:role/platform/release",
            "arn:aws:iam::123456789012:role/user/release",
            "AROAEXAMPLEBACKEND1:i-0f3c9a7b1d2e4f586",
            "secretsmanager.amazonaws.com",
            "rekey.sweep",
            "rekey.requester.schedule",
        ] {
            assert_eq!(
                kind_of_caller(machine),
                Some(ActorType::System),
                "{machine}"
            );
        }
        assert_eq!(kind_of_caller("svc-billing"), None);
    }
}
