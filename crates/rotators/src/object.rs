use rekey_rotation::{SecretValue, TargetError};
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// A secret's JSON object, whose texts are overwritten when it is dropped.
pub(crate) struct Object(Map<String, Value>);

/// Why a secret's value is no object. The value itself is not in it.
pub(crate) enum NoObject {
    /// It is not JSON.
    NoJson,
    /// It is JSON of another type.
    Another,
}

impl Object {
    pub(crate) fn parse(value: &SecretValue) -> Result<Self, NoObject> {
        // Exposed to be parsed; the parser's own error could quote the text and is left out.
        match serde_json::from_str(value.expose()) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(mut other) => {
                wipe(&mut other);
                Err(NoObject::Another)
            }
            Err(_) => Err(NoObject::NoJson),
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    #[cfg(any(feature = "keyring", feature = "random"))]
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    pub(crate) fn set(&mut self, name: &str, text: &str) {
        if let Some(mut old) = self.0.insert(name.to_owned(), text.into()) {
            wipe(&mut old);
        }
    }

    #[cfg(feature = "random")]
    pub(crate) fn set_number(&mut self, name: &str, number: i64) {
        if let Some(mut old) = self.0.insert(name.to_owned(), number.into()) {
            wipe(&mut old);
        }
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        if let Some(mut old) = self.0.insert(name.to_owned(), value) {
            wipe(&mut old);
        }
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(mut old) = self.0.remove(name) {
            wipe(&mut old);
        }
    }

    /// The JSON text of it.
    pub(crate) fn written(&self) -> Result<String, TargetError> {
        serde_json::to_string(&self.0)
            .map_err(|_| TargetError::Internal("the next value could not be written".to_owned()))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A secret that is not what its kind needs.
pub(crate) fn invalid(text: impl Into<String>) -> TargetError {
    TargetError::InvalidSecret(text.into())
}

/// Whether two texts are one, in a time that does not tell how much of them is the same.
#[cfg(any(
    feature = "elasticache",
    feature = "mysql",
    feature = "postgres",
    feature = "random"
))]
pub(crate) fn same(one: &str, other: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(one.as_bytes(), other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_only_whole() {
        assert!(same("canary-1", "canary-1"));
        for other in ["canary-2", "canary-", "canary-11", ""] {
            assert!(!same("canary-1", other), "{other}");
        }
    }
}
