use rekey_events::KindFamily;
use rekey_registry::Policy;

use crate::arguments::Place;
use crate::error::Error;
use crate::requester::Requester;

/// What the environment and the command line say together.
#[derive(Clone, Debug)]
pub struct Config {
    /// The names in the stack.
    pub stack: Stack,
    /// `--region`; else the SDK finds one.
    pub region: Option<String>,
    /// `--profile`; else the SDK finds one.
    pub profile: Option<String>,
    /// `--endpoint-url`, `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// The PEM text of `AWS_CA_BUNDLE`.
    pub ca_bundle: Option<String>,
    /// `NO_COLOR` is set (<https://no-color.org>).
    pub no_color: bool,
}

/// What a stage is called in AWS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stack {
    /// The stage.
    pub stage: String,
    /// The registry table.
    pub table: String,
    /// The function that retires and rolls back.
    pub retire: String,
    /// The one for signing keys and random values.
    pub retire_keys: String,
    /// The function that sweeps, and is the doctor.
    pub sweep: String,
    /// The function that answers requests.
    pub request: String,
    /// The bus that takes requests.
    pub bus: String,
    /// The audit trail.
    pub audit: AuditNames,
    /// As whom rotations are asked for.
    pub requester: Requester,
    /// The dead-letter queues.
    pub dead_letters: Vec<String>,
    /// The numbers that findings are judged by.
    pub policy: Policy,
}

/// What the parts of the audit trail are called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditNames {
    /// The table.
    pub table: String,
    /// The bucket of the checkpoints; none when it has the template's name, which has the account in it.
    pub bucket: Option<String>,
    /// The alias of the key that signs them.
    pub key: String,
}

impl Stack {
    /// The function that may change targets of this kind.
    pub fn retire_of(&self, kind: &str) -> &str {
        match KindFamily::of(kind) {
            KindFamily::Keys => &self.retire_keys,
            KindFamily::Database => &self.retire,
        }
    }
}

impl Config {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// [`Error::Usage`] names the variable or the option.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is read"
    )]
    pub fn from_env(place: &Place) -> Result<Self, Error> {
        Self::read(place, &|name| std::env::var(name).ok())
    }

    fn read(place: &Place, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        // An empty variable counts as one that is not set.
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let stage = place.stage.clone().or_else(|| variable("REKEY_STAGE"));
        let stage = stage.unwrap_or_else(|| "dev".to_owned());
        if !is_stage(&stage) {
            return Err(Error::Usage(
                "a stage is 1 to 20 lower-case letters, digits and hyphens, such as prod; \
                 look at --stage and REKEY_STAGE"
                    .into(),
            ));
        }
        let named = |name: &str, otherwise: &str| {
            variable(name).unwrap_or_else(|| format!("rekey-{stage}-{otherwise}"))
        };
        let stack = Stack {
            table: named("REKEY_REGISTRY_TABLE", "registry"),
            retire: named("REKEY_RETIRE_FUNCTION", "retire"),
            retire_keys: named("REKEY_RETIRE_KEYS_FUNCTION", "retire-keys"),
            sweep: named("REKEY_SWEEP_FUNCTION", "sweep"),
            request: format!("rekey-{stage}-request"),
            bus: named("REKEY_REQUESTS_BUS", "requests"),
            audit: AuditNames {
                table: named("REKEY_AUDIT_TABLE", "audit"),
                bucket: variable("REKEY_CHECKPOINT_BUCKET"),
                key: format!("alias/rekey-{stage}-checkpoints"),
            },
            requester: requester(variable("REKEY_REQUESTER"))?,
            dead_letters: [
                "observe-",
                "sweep-",
                "retire-",
                "retire-keys-",
                "request-",
                "audit-",
                "",
            ]
            .map(|whose| format!("rekey-{stage}-{whose}dead-letters"))
            .to_vec(),
            policy: policy(&stage, &variable)?,
            stage,
        };
        Ok(Self {
            stack,
            region: place.region.clone(),
            profile: place.profile.clone(),
            endpoint_url: place
                .endpoint_url
                .clone()
                .or_else(|| variable("AWS_ENDPOINT_URL")),
            ca_bundle: bundle(variable("AWS_CA_BUNDLE"))?,
            no_color: variable("NO_COLOR").is_some(),
        })
    }
}

/// Short enough that every name in the stack fits, and nothing that a name cannot hold.
fn is_stage(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=20).contains(&text.len()) && text.chars().all(allowed)
}

/// As whom somebody asks who does not say it.
fn requester(said: Option<String>) -> Result<Requester, Error> {
    said.map_or_else(
        || Ok(Requester::operators()),
        |said| {
            Requester::parse(&said).map_err(|why| {
                Error::Usage(format!("the environment variable REKEY_REQUESTER: {why}"))
            })
        },
    )
}

/// The numbers of the stack, where they are not the templates' own.
fn policy(stage: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Policy, Error> {
    let seconds = |name: &str, otherwise: i64| match variable(name) {
        None => Ok(otherwise),
        Some(text) => match text.parse() {
            Ok(seconds @ 0..) => Ok(seconds),
            _ => Err(Error::Usage(format!(
                "the environment variable {name} must be a whole number of seconds"
            ))),
        },
    };
    let default = Policy::default();
    Ok(Policy {
        environment: Some(stage.to_owned()),
        grace: seconds("REKEY_GRACE_SECONDS", default.grace)?,
        warning: seconds("REKEY_WARNING_SECONDS", default.warning)?,
        stuck_after: seconds("REKEY_STUCK_SECONDS", default.stuck_after)?,
        resume_every: seconds("REKEY_RESUME_SECONDS", default.resume_every)?,
        hold_bound: seconds("REKEY_HOLD_SECONDS", default.hold_bound)?,
        interval: seconds("REKEY_INTERVAL_SECONDS", default.interval)?,
        apart: seconds("REKEY_APART_SECONDS", default.apart)?,
        approval: seconds("REKEY_APPROVAL_SECONDS", default.approval)?,
        ..default
    })
}

fn bundle(path: Option<String>) -> Result<Option<String>, Error> {
    path.map(std::fs::read_to_string)
        .transpose()
        .map_err(|error| {
            let kind = error.kind();
            Error::Usage(format!(
                "the file that AWS_CA_BUNDLE names cannot be read: {kind}"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Place = Place {
        stage: None,
        region: None,
        profile: None,
        endpoint_url: None,
    };

    fn with(place: &Place, set: &[(&str, &str)]) -> Result<Config, Error> {
        Config::read(place, &|name| {
            let found = set.iter().find(|(one, _)| *one == name);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn names_follow_the_stage_unless_they_are_given() {
        let stack = with(&NOWHERE, &[]).unwrap().stack;
        assert_eq!(stack.table, "rekey-dev-registry");
        assert_eq!(stack.retire, "rekey-dev-retire");
        assert_eq!(stack.retire_of("postgres"), "rekey-dev-retire");
        assert_eq!(stack.retire_of("jwt"), "rekey-dev-retire-keys");
        assert_eq!(stack.retire_of("unknown"), "rekey-dev-retire");
        assert_eq!(stack.sweep, "rekey-dev-sweep");
        assert_eq!(stack.bus, "rekey-dev-requests");
        assert_eq!(stack.audit.table, "rekey-dev-audit");
        assert_eq!(stack.audit.key, "alias/rekey-dev-checkpoints");
        assert_eq!(stack.audit.bucket, None);
        assert_eq!(stack.requester.source(), "rekey.requester.operators");
        let stack = with(
            &NOWHERE,
            &[("REKEY_STAGE", "prod"), ("REKEY_REGISTRY_TABLE", "t")],
        );
        let stack = stack.unwrap().stack;
        assert_eq!(
            (stack.table.as_str(), stack.retire.as_str()),
            ("t", "rekey-prod-retire")
        );
        assert!(
            stack
                .dead_letters
                .contains(&"rekey-prod-dead-letters".to_owned())
        );
    }

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let place = Place {
            stage: Some("stage".into()),
            endpoint_url: Some("http://127.0.0.1:1".into()),
            ..NOWHERE
        };
        let set = [
            ("REKEY_STAGE", "prod"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:2"),
        ];
        let config = with(&place, &set).unwrap();
        assert_eq!(config.stack.stage, "stage");
        assert_eq!(config.endpoint_url.as_deref(), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let config = with(&NOWHERE, &[("REKEY_STAGE", ""), ("NO_COLOR", "")]).unwrap();
        assert_eq!(config.stack.stage, "dev");
        assert!(!config.no_color);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_not_repeated() {
        for (name, text) in [
            ("REKEY_STAGE", "Prod/../x"),
            ("REKEY_GRACE_SECONDS", "hunter2"),
            ("REKEY_HOLD_SECONDS", "-1"),
            ("REKEY_REQUESTER", "Hunter2 two"),
            ("AWS_CA_BUNDLE", "/nonexistent/hunter2"),
        ] {
            let error = with(&NOWHERE, &[(name, text)]).unwrap_err();
            assert!(matches!(error, Error::Usage(_)));
            assert!(error.to_string().contains(name), "{error}");
            assert!(!error.to_string().contains(text), "{error}");
        }
    }
}
