//! What each event is called in the trail, who is said to have done it, and which request it belongs to.

use rekey_events::DetailType;
use serde_json::{Map, Value};

use super::actor::SaidBy;

/// How an event becomes a record.
pub(super) struct Mapping {
    /// What it is called.
    pub action: Naming,
    /// Who did it.
    pub actor: SaidBy,
    /// The field that says which request it belongs to.
    pub request: Option<&'static str>,
}

/// How an action is named.
pub(super) enum Naming {
    /// Always the same.
    Is(&'static str),
    /// By whether it is the secret's first version.
    First(&'static str, &'static str),
    /// By whether a field is true.
    If(&'static str, &'static str, &'static str),
    /// By the word in a field, behind a prefix; some words have a name of their own.
    Word {
        field: &'static str,
        prefix: &'static str,
        own: &'static [(&'static str, &'static str)],
        absent: &'static str,
    },
}

impl Mapping {
    /// Of a type of event that our functions tell each other.
    pub(super) fn of(detail_type: DetailType) -> Self {
        use SaidBy::{Asker, Function, Reader, Requester};
        let (action, actor, request) = match detail_type {
            DetailType::SecretPut => {
                let action = Naming::First("secret.created", "secret_ref_upserted");
                (action, Asker, Some("version_id"))
            }
            DetailType::SecretDelete => (Naming::Is("secret.deleted"), Asker, None),
            DetailType::RotateRequested => {
                (Naming::Is("rotation.requested"), Asker, Some("version_id"))
            }
            DetailType::RotateCompleted => (COMPLETED, Asker, Some("version_id")),
            DetailType::MissingDetected => (Naming::Is("secret.missing"), Function, None),
            DetailType::RotationIntended => (
                Naming::Is("rotation.intended"),
                Function,
                Some("version_id"),
            ),
            DetailType::RetireIntended => {
                let action = Naming::Is("credential.retire_intended");
                (action, Asker, Some("version_id"))
            }
            DetailType::RollbackIntended => {
                (Naming::Is("rollback.intended"), Asker, Some("from_version"))
            }
            DetailType::StepFailed => (
                Naming::Is("rotation.step_failed"),
                Function,
                Some("version_id"),
            ),
            DetailType::RequestRefused => {
                (Naming::Is("rotation.refused"), Requester, Some("request"))
            }
            DetailType::RequestAnswered => (ANSWERED, Requester, Some("request")),
            DetailType::SecretAccessed => {
                (Naming::Is("secret.accessed"), Reader, Some("request_id"))
            }
            DetailType::SecretRetired => {
                (Naming::Is("credential.retired"), Asker, Some("version_id"))
            }
            DetailType::SecretRetireHeld => {
                let action = Naming::Is("credential.retire_held");
                (action, Function, Some("version_id"))
            }
            DetailType::SecretRolledBack => (
                Naming::Is("secret.rolled_back"),
                Asker,
                Some("from_version"),
            ),
            DetailType::SecretNearExpiry => (Naming::Is("secret.near_expiry"), Function, None),
            DetailType::SecretOverdue => (Naming::Is("secret.overdue"), Function, None),
            DetailType::GraceEnding => {
                let action = Naming::Is("credential.grace_ending");
                (action, Function, Some("version_id"))
            }
            DetailType::SecretQuarantined => {
                let action = Naming::If(
                    "cleared",
                    "rotation.quarantine_ended",
                    "rotation.quarantined",
                );
                (action, Function, Some("version_id"))
            }
            // Events of AWS's, which no function of ours puts on the inner bus.
            DetailType::SecretLabelUpdated | DetailType::ApiCall | DetailType::ServiceEvent => {
                (Naming::Is(UNRECOGNISED), Function, None)
            }
        };
        Self {
            action,
            actor,
            request,
        }
    }
}

/// The action of an event whose type is not known here.
pub(super) const UNRECOGNISED: &str = "event.unrecognised";

const COMPLETED: Naming = Naming::Word {
    field: "result",
    prefix: "rotation.",
    own: &[("success", "secret.rotated")],
    absent: "rotation.ended",
};

const ANSWERED: Naming = Naming::Word {
    field: "answer",
    prefix: "rotation.",
    own: &[],
    absent: "rotation.answered",
};

impl Naming {
    /// The action of an event with these fields.
    pub(super) fn action(&self, fields: &Map<String, Value>) -> String {
        match self {
            Self::Is(action) => (*action).to_owned(),
            Self::First(first, later) => {
                let number = fields.get("version").and_then(Value::as_u64);
                let is_first = number.map_or(!fields.contains_key("rotated_from"), |it| it == 1);
                if is_first { *first } else { *later }.to_owned()
            }
            Self::If(field, yes, no) => {
                let is_so = fields.get(*field) == Some(&Value::Bool(true));
                if is_so { *yes } else { *no }.to_owned()
            }
            Self::Word {
                field,
                prefix,
                own,
                absent,
            } => match fields.get(*field).and_then(Value::as_str) {
                Some(word) => named(word, prefix, own),
                None => (*absent).to_owned(),
            },
        }
    }
}

/// A word of a newer producer's may be as long as an action, and have hyphens.
fn named(word: &str, prefix: &str, own: &[(&str, &str)]) -> String {
    const LONGEST: usize = 64;
    match own.iter().find(|(known, _)| *known == word) {
        Some((_, action)) => (*action).to_owned(),
        None => {
            let action = format!("{prefix}{}", word.replace('-', "_"));
            action.chars().take(LONGEST).collect()
        }
    }
}

/// `docs/audit-actions.md` is written from the mapping.
#[cfg(test)]
mod page {
    use std::fmt::Write as _;
    use std::fs;

    use rekey_events::{Bus, DetailType, Outcome, RequestAnswer};

    use super::{Mapping, Naming, SaidBy, UNRECOGNISED, named};

    const OPENING: &str = include_str!("page/opening.txt");
    const CLOSING: &str = include_str!("page/closing.txt");

    fn page() -> String {
        let mut page = OPENING.to_owned();
        page.push_str(
            "\n| event | `action` | `actor_id` | `target_id` | `request_id` |\n|---|---|---|---|---|\n",
        );
        for detail_type in DetailType::ALL {
            if detail_type.ways().iter().any(|way| way.bus == Bus::Inner) {
                row(&mut page, *detail_type);
            }
        }
        let _ = writeln!(
            page,
            "| any other | `{UNRECOGNISED}` | {} | the secret, if it names one, or the event's id | |",
            actor(SaidBy::Function)
        );
        page.push('\n');
        page.push_str(CLOSING);
        page
    }

    fn row(page: &mut String, detail_type: DetailType) {
        let mapping = Mapping::of(detail_type);
        let _ = writeln!(
            page,
            "| [`{detail_type}`](events.md#{}) | {} | {} | {} | {} |",
            detail_type.as_str().replace('.', ""),
            action(&mapping.action),
            actor(mapping.actor),
            target(detail_type),
            mapping
                .request
                .map(|field| format!("`{field}`"))
                .unwrap_or_default(),
        );
    }

    fn action(naming: &Naming) -> String {
        match naming {
            Naming::Is(action) => format!("`{action}`"),
            Naming::First(first, later) => format!("`{first}` for version 1, then `{later}`"),
            Naming::If(field, yes, no) => format!("`{no}`, or `{yes}` when `{field}`"),
            Naming::Word {
                field, prefix, own, ..
            } => {
                let words = match *field {
                    "result" => Outcome::WORDS,
                    _ => RequestAnswer::WORDS,
                };
                let all = words
                    .iter()
                    .map(|word| format!("`{}`", named(word, prefix, own)));
                format!("{}, by `{field}`", all.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn actor(said_by: SaidBy) -> &'static str {
        match said_by {
            SaidBy::Requester => "`actor`, else `requester`",
            SaidBy::Asker => "`requested_by`, else the function",
            SaidBy::Reader => "`reader.actor`",
            SaidBy::Function => "the function",
        }
    }

    fn target(detail_type: DetailType) -> &'static str {
        match detail_type {
            DetailType::RequestRefused => "the secret, else `key`, else the request",
            _ => "the secret",
        }
    }

    #[test]
    fn the_page_of_the_actions_is_what_the_mapping_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit-actions.md");
        if std::env::var_os("REKEY_BLESS").is_some() {
            fs::write(path, page()).unwrap();
        }
        let there = fs::read_to_string(path).unwrap_or_default();
        assert!(
            there == page(),
            "docs/audit-actions.md is not what the mapping says: REKEY_BLESS=1 cargo test -p rekey-audit --lib mapping"
        );
    }
}
