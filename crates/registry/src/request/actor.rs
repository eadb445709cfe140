use serde::{Deserialize, Serialize};

/// The role that may rotate.
pub const ADMIN: &str = "internal_admin";

/// Who a source of requests belongs to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Actor {
    /// The source: `rekey.requester.<name>`. IAM lets nobody else use it.
    pub source: String,
    /// Who that is.
    pub name: String,
    /// Their role. Only `internal_admin` may rotate.
    pub role: String,
    /// Whether their force counts.
    #[serde(default)]
    pub may_force: bool,
    /// Whether they may approve what others ask for.
    #[serde(default)]
    pub may_approve: bool,
    /// What keys and references they may ask for begin with. Empty, all.
    #[serde(default)]
    pub scope: Vec<String>,
    /// When this was recorded, in seconds since 1970.
    #[serde(default)]
    pub since: i64,
    /// Who recorded it, as they say.
    #[serde(default)]
    pub recorded_by: Option<String>,
}

impl Actor {
    /// Whoever speaks with the source that only our sweep may use.
    pub fn schedule() -> Self {
        Self {
            source: rekey_events::SCHEDULE_SOURCE.to_owned(),
            name: "schedule".to_owned(),
            role: ADMIN.to_owned(),
            may_force: false,
            may_approve: false,
            scope: Vec::new(),
            since: 0,
            recorded_by: None,
        }
    }

    /// Whether they may ask for this key or reference. A scope is a whole part of a name: `db/` or `db`
    /// takes `db/app` and not `dbx/app`; `tenant.acme` takes `tenant.acme.stripe.api_key`.
    pub fn may_ask_for(&self, key: &str) -> bool {
        self.scope.is_empty() || self.scope.iter().any(|scope| covers(scope, key))
    }
}

fn covers(scope: &str, key: &str) -> bool {
    let scope = scope.trim_end_matches(['/', '.']);
    key.strip_prefix(scope)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_whole_part_of_a_name() {
        for (scope, key, expected) in [
            ("db", "db/app", true),
            ("db/", "db/app", true),
            ("db/app", "db/app", true),
            ("db", "dbx/app", false),
            ("db/app", "db/app-primary", false),
            ("tenant.acme", "tenant.acme.stripe.api_key", true),
            ("tenant.acme", "tenant.acme2.stripe.api_key", false),
        ] {
            assert_eq!(covers(scope, key), expected, "{scope} {key}");
        }
        assert!(Actor::schedule().may_ask_for("anything/at-all"));
    }
}
