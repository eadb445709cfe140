use rekey_aws::Settings;
use rekey_events::{SecretId, SecretRef};
use rekey_function::{VariableError, Variables};
use rekey_registry::Policy;
use rekey_telemetry::Level;

use crate::ours::Ours;

/// The function's configuration, read once from the environment.
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the dimension of its metric.
    pub function: String,
    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub log_level: Level,
    /// `REKEY_STAGE`.
    pub stage: String,
    /// `REKEY_BUS`: the name of the inner bus.
    pub bus: String,
    /// `REKEY_REGISTRY_TABLE`.
    pub table: String,
    /// What is our own: the roles of the stage and the Region, and `REKEY_AUDIT_KEYS`.
    pub ours: Ours,
    /// The numbers that decisions go by.
    pub policy: Policy,
    /// Where AWS is.
    pub aws: Settings,
}

impl Config {
    /// Reads the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is read"
    )]
    pub fn from_env() -> Result<Self, VariableError> {
        Self::read(&Variables::new(|name: &str| std::env::var(name).ok()))
    }

    fn read<F>(variables: &Variables<F>) -> Result<Self, VariableError>
    where
        F: Fn(&str) -> Option<String>,
    {
        let aws = variables.aws()?;
        let stage = variables.required("REKEY_STAGE")?;
        let policy = Policy {
            grace: variables.seconds("REKEY_GRACE_SECONDS")?.into(),
            warning: variables.seconds("REKEY_WARNING_SECONDS")?.into(),
            environment: Some(stage.clone()),
            ..Policy::default()
        };
        Ok(Self {
            function: variables.function()?,
            log_level: variables.log_level(),
            bus: variables.required("REKEY_BUS")?,
            table: variables.required("REKEY_REGISTRY_TABLE")?,
            ours: Ours {
                // As infra/events.yaml lets them onto the bus.
                roles: format!(":role/rekey/{stage}/{}/", aws.region),
                keys: keys(variables)?,
            },
            stage,
            policy,
            aws,
        })
    }
}

/// The name of the secret with the keys of the audit trail, where there is one.
fn keys<F>(variables: &Variables<F>) -> Result<Option<String>, VariableError>
where
    F: Fn(&str) -> Option<String>,
{
    let name = "REKEY_AUDIT_KEYS";
    let Some(arn) = variables.optional(name) else {
        return Ok(None);
    };
    let id = SecretId::new(arn);
    let id = id.map_err(|_| VariableError::Invalid(name, "the ARN of a secret"))?;
    let secret = SecretRef::of_secret_id(&id);
    Ok(Some(secret.name.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: [(&str, &str); 10] = [
        ("AWS_LAMBDA_FUNCTION_NAME", "rekey-prod-observe"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("REKEY_STAGE", "prod"),
        ("REKEY_BUS", "rekey-prod"),
        ("REKEY_REGISTRY_TABLE", "rekey-prod-registry"),
        ("REKEY_GRACE_SECONDS", "3600"),
        ("REKEY_WARNING_SECONDS", "600"),
        (
            "REKEY_AUDIT_KEYS",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rekey/prod/audit-keys-aB3dE6",
        ),
    ];

    fn read_without(name: &str) -> Result<Config, VariableError> {
        Config::read(&Variables::new(|asked: &str| {
            let mut set = SET.iter().filter(|(known, _)| *known != name);
            let set = set.find(|(known, _)| *known == asked);
            set.map(|(_, text)| (*text).to_owned())
        }))
    }

    #[test]
    fn what_is_our_own_follows_from_the_settings() {
        let ours = read_without("").unwrap().ours;
        assert_eq!(ours.roles, ":role/rekey/prod/eu-west-1/");
        assert_eq!(ours.keys.as_deref(), Some("rekey/prod/audit-keys"));
    }

    #[test]
    fn a_setting_that_is_missing_is_named_but_for_the_keys() {
        for (name, _) in SET {
            let error = read_without(name).err();
            let expected = (name != "REKEY_AUDIT_KEYS").then_some(VariableError::Missing(name));
            assert_eq!(error, expected);
        }
    }
}
