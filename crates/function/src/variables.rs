use std::path::PathBuf;

use rekey_aws::{Credential, Settings};
use rekey_telemetry::Level;

/// The settings of a function, as its environment says them. An empty variable counts as one that is not
/// set: templates write an absent value so.
pub struct Variables<F>(F);

/// A variable that is missing or cannot be used. What stands in it is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VariableError {
    /// Not set, or empty.
    #[error("the environment variable {0} is not set; the function's template in infra/ sets it")]
    Missing(&'static str),
    /// Set to something else.
    #[error("the environment variable {0} must be {1}")]
    Invalid(&'static str, &'static str),
    /// A file that cannot be read.
    #[error("the file that {0} names cannot be read: {1}")]
    File(&'static str, std::io::ErrorKind),
}

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    /// Reads through `variable`, which answers for one name.
    pub fn new(variable: F) -> Self {
        Self(variable)
    }

    /// The text of a variable that may be absent.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|text| !text.is_empty())
    }

    /// The text of a variable that must be there.
    ///
    /// # Errors
    /// [`VariableError::Missing`].
    pub fn required(&self, name: &'static str) -> Result<String, VariableError> {
        self.optional(name).ok_or(VariableError::Missing(name))
    }

    /// A whole number of seconds that must be there.
    ///
    /// # Errors
    /// [`VariableError`].
    pub fn seconds(&self, name: &'static str) -> Result<u32, VariableError> {
        let number = self.required(name)?.parse();
        number.map_err(|_| VariableError::Invalid(name, "a whole number of seconds"))
    }

    /// The bytes of the file that a variable names, if it names one.
    ///
    /// # Errors
    /// [`VariableError::File`].
    pub fn file(&self, name: &'static str) -> Result<Option<Vec<u8>>, VariableError> {
        let Some(path) = self.optional(name) else {
            return Ok(None);
        };
        std::fs::read(PathBuf::from(path))
            .map(Some)
            .map_err(|error| VariableError::File(name, error.kind()))
    }

    /// Where AWS is and as whom we speak to it: the variables that Lambda sets.
    ///
    /// # Errors
    /// [`VariableError`].
    pub fn aws(&self) -> Result<Settings, VariableError> {
        let bundle = self.file("AWS_CA_BUNDLE")?.map(String::from_utf8);
        let invalid = |_| VariableError::Invalid("AWS_CA_BUNDLE", "the path of a PEM file");
        Ok(Settings {
            region: self.required("AWS_REGION")?,
            access_key_id: self.required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: Credential::from(self.required("AWS_SECRET_ACCESS_KEY")?),
            session_token: self.optional("AWS_SESSION_TOKEN").map(Credential::from),
            endpoint_url: self.optional("AWS_ENDPOINT_URL"),
            ca_bundle: bundle.transpose().map_err(invalid)?,
        })
    }

    /// `AWS_LAMBDA_FUNCTION_NAME`.
    ///
    /// # Errors
    /// [`VariableError::Missing`].
    pub fn function(&self) -> Result<String, VariableError> {
        self.required("AWS_LAMBDA_FUNCTION_NAME")
    }

    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub fn log_level(&self) -> Level {
        match self
            .optional("AWS_LAMBDA_LOG_LEVEL")
            .as_deref()
            .map(str::parse)
        {
            Some(Ok(level)) => level,
            None => Level::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &'static str, text: &'static str) -> Variables<impl Fn(&str) -> Option<String>> {
        Variables::new(move |asked: &str| (asked == name).then(|| text.to_owned()))
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let variables = one("A", "");
        assert_eq!(variables.optional("A"), None);
        assert_eq!(variables.required("A"), Err(VariableError::Missing("A")));
    }

    #[test]
    fn seconds_are_a_whole_number_and_what_stood_there_is_not_repeated() {
        assert_eq!(one("A", "60").seconds("A"), Ok(60));
        for text in ["-1", "1.5", "hunter2"] {
            let error = one("A", text).seconds("A").unwrap_err();
            assert!(!error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_with_the_variables_name() {
        let error = one("REKEY_CA_FILE", "/nonexistent").file("REKEY_CA_FILE");
        assert!(error.unwrap_err().to_string().contains("REKEY_CA_FILE"));
    }
}
