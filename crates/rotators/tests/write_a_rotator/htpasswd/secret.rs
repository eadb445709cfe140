use rekey_rotation::{SecretValue, TargetError};
use serde_json::{Map, Value};

/// `{"engine": "htpasswd", "file": "/srv/people", "username": "app", "password": "..."}`.
pub struct Secret {
    fields: Map<String, Value>,
    pub file: String,
    pub username: String,
    pub password: String,
}

impl Secret {
    pub fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        // Exposed to be parsed; the parser's own error could quote the text and is left out.
        let fields: Map<String, Value> = serde_json::from_str(value.expose())
            .map_err(|_| invalid("the secret is no JSON object; correct it and rotate again"))?;
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(invalid(
                "the secret needs `file`, `username` and `password`, each a text",
            )),
        };
        let (file, username, password) = (text("file")?, text("username")?, text("password")?);
        if username.contains([':', '\n']) {
            return Err(invalid(
                "`username` has a character that no name in the file can have",
            ));
        }
        Ok(Self {
            fields,
            file,
            username,
            password,
        })
    }

    /// The user whose turn is next: `app` and `app_clone` take turns.
    pub fn next_user(&self) -> String {
        match self.username.strip_suffix("_clone") {
            Some(base) => base.to_owned(),
            None => format!("{}_clone", self.username),
        }
    }

    /// The same secret with another user and password. Every other field stays as it is.
    pub fn with(mut self, username: String, password: String) -> Result<SecretValue, TargetError> {
        self.fields.insert("username".to_owned(), username.into());
        self.fields.insert("password".to_owned(), password.into());
        SecretValue::new(Value::from(self.fields).to_string())
            .map_err(|_| invalid("the next value does not fit into the secret; make it smaller"))
    }
}

pub fn invalid(text: &str) -> TargetError {
    TargetError::InvalidSecret(text.to_owned())
}
