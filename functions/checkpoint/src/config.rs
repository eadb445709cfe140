use rekey_aws::Settings;
use rekey_function::{VariableError, Variables};
use rekey_rotation::SecretId;
use rekey_telemetry::Level;

/// The function's configuration, read once from the environment.
#[derive(Debug)]
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the dimension of its metrics.
    pub function: String,
    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub log_level: Level,
    /// `REKEY_STAGE`.
    pub stage: String,
    /// `REKEY_AUDIT_TABLE`.
    pub table: String,
    /// `REKEY_AUDIT_KEYS`: the secret with the keys of the seals.
    pub keys: SecretId,
    /// `REKEY_CHECKPOINT_BUCKET`.
    pub bucket: String,
    /// `REKEY_CHECKPOINT_KEY`: the ARN of the KMS key that signs.
    pub key: String,
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
        let keys = "REKEY_AUDIT_KEYS";
        Ok(Self {
            function: variables.function()?,
            log_level: variables.log_level(),
            stage: variables.required("REKEY_STAGE")?,
            table: variables.required("REKEY_AUDIT_TABLE")?,
            keys: SecretId::parse(&variables.required(keys)?)
                .ok_or(VariableError::Invalid(keys, "the ARN of a secret"))?,
            bucket: variables.required("REKEY_CHECKPOINT_BUCKET")?,
            key: variables.required("REKEY_CHECKPOINT_KEY")?,
            aws: variables.aws()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str =
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rekey/prod/audit-keys-aB3dE6";
    const SET: [(&str, &str); 9] = [
        ("AWS_LAMBDA_FUNCTION_NAME", "rekey-prod-checkpoint"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("REKEY_STAGE", "prod"),
        ("REKEY_AUDIT_TABLE", "rekey-prod-audit"),
        ("REKEY_AUDIT_KEYS", KEYS),
        ("REKEY_CHECKPOINT_BUCKET", "rekey-prod-checkpoints"),
        (
            "REKEY_CHECKPOINT_KEY",
            "arn:aws:kms:eu-west-1:123456789012:key/k",
        ),
    ];

    fn read_with(changed: &str, to: Option<&str>) -> Result<Config, VariableError> {
        Config::read(&Variables::new(|name: &str| {
            if name == changed {
                return to.map(str::to_owned);
            }
            let set = SET.iter().find(|(known, _)| *known == name);
            set.map(|(_, text)| (*text).to_owned())
        }))
    }

    #[test]
    fn every_setting_of_the_template_is_read() {
        let config = read_with("", None).unwrap();
        assert_eq!(config.table, "rekey-prod-audit");
        assert_eq!(config.keys.as_str(), KEYS);
        assert_eq!(config.bucket, "rekey-prod-checkpoints");
        assert_eq!(config.key, "arn:aws:kms:eu-west-1:123456789012:key/k");
    }

    #[test]
    fn a_setting_that_is_missing_is_named() {
        for (name, _) in SET {
            let error = read_with(name, None).unwrap_err();
            assert_eq!(error, VariableError::Missing(name));
        }
    }

    #[test]
    fn keys_that_are_no_secret_are_refused_and_not_repeated() {
        let error = read_with("REKEY_AUDIT_KEYS", Some("hunter2 ")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
