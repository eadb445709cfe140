use rekey_function::Variables;
use rekey_rotators::PasswordPolicy;
use rekey_rotators::postgres::{Bounds, Config, Trust};

use crate::config::ConfigError;

/// The settings of the family `database`.
pub fn config<F>(variables: &Variables<&F>, var: &F) -> Result<Config, ConfigError>
where
    F: Fn(&str) -> Option<String>,
{
    Ok(Config {
        strategy: variables
            .optional("REKEY_STRATEGY")
            .unwrap_or_else(|| "auto".into())
            .parse()?,
        trust: match variables.file("REKEY_CA_FILE")? {
            Some(pem) => Trust::from_pem(&pem)?,
            None => Trust::system(),
        },
        passwords: PasswordPolicy::from_settings(var)?,
        bounds: Bounds::default(),
    })
}
