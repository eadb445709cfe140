//! Reading a JSON object field by field, so that every refusal names its field and none repeats a value
//! (serde's own messages quote what they found).

use serde_json::{Map, Value};

use crate::error::{PayloadError, Problem};
use crate::extra::Extra;

/// Reads a payload from the bytes of one JSON document.
///
/// # Errors
/// [`PayloadError`] when the bytes are not JSON or the payload breaks its contract.
pub fn parse<T>(json: &[u8]) -> Result<T, PayloadError>
where
    T: TryFrom<Value, Error = PayloadError>,
{
    let value: Value = serde_json::from_slice(json).map_err(|error| {
        PayloadError::new(Problem::NotJson {
            line: error.line(),
            column: error.column(),
        })
    })?;
    T::try_from(value)
}

/// Something that stands in a field.
pub(crate) trait Field: Sized {
    fn read(value: Value) -> Result<Self, PayloadError>;
}

/// The fields of an object that were not read yet.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn of(value: Value) -> Result<Self, PayloadError> {
        Map::read(value).map(Self)
    }

    pub(crate) fn required<T: Field>(&mut self, name: &str) -> Result<T, PayloadError> {
        match self.0.remove(name) {
            None => Err(PayloadError::new(Problem::Missing).within(name)),
            Some(value) => T::read(value).map_err(|error| error.within(name)),
        }
    }

    /// Absent and `null` are the same: producers in other languages write either.
    pub(crate) fn optional<T: Field>(&mut self, name: &str) -> Result<Option<T>, PayloadError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::read(value).map(Some).map_err(|error| error.within(name)),
        }
    }

    /// What is left is what this version does not know.
    pub(crate) fn rest(&mut self) -> Extra {
        Extra::new(std::mem::take(&mut self.0))
    }
}

/// Something whose own fields stand beside those of the object around it.
pub(crate) trait Flattened: Sized {
    fn take(fields: &mut Fields) -> Result<Self, PayloadError>;
}

pub(crate) fn wrong_type(expected: &'static str, found: &Value) -> PayloadError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    PayloadError::new(Problem::WrongType { expected, found })
}

/// A field whose reader comes later.
impl Field for Value {
    fn read(value: Value) -> Result<Self, PayloadError> {
        Ok(value)
    }
}

/// An object whose fields are nobody's business here.
impl Field for Map<String, Value> {
    fn read(value: Value) -> Result<Self, PayloadError> {
        match value {
            Value::Object(map) => Ok(map),
            other => Err(wrong_type("an object", &other)),
        }
    }
}

impl Field for String {
    fn read(value: Value) -> Result<Self, PayloadError> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(wrong_type("a string", &other)),
        }
    }
}

impl Field for bool {
    fn read(value: Value) -> Result<Self, PayloadError> {
        match value {
            Value::Bool(yes) => Ok(yes),
            other => Err(wrong_type("a boolean", &other)),
        }
    }
}

impl Field for u32 {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let Value::Number(number) = &value else {
            return Err(wrong_type("a number", &value));
        };
        // Some producers know no integers and write 3.0, which is one to JSON Schema too.
        let whole = number.as_f64().filter(|number| {
            number.fract() == 0.0 && (0.0..=f64::from(Self::MAX)).contains(number)
        });
        match (number.as_u64(), whole) {
            (Some(number), _) => Self::try_from(number).ok(),
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and within the limits"
            )]
            (None, Some(number)) => Some(number as Self),
            (None, None) => None,
        }
        .ok_or_else(|| {
            PayloadError::new(Problem::OutsideLimits {
                limit: "a whole number from 0 to 4294967295",
            })
        })
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(value: Value) -> Result<Self, PayloadError> {
        match value {
            Value::Array(items) => items.into_iter().map(T::read).collect(),
            other => Err(wrong_type("an array", &other)),
        }
    }
}

/// Gives a payload its two ways in: from a JSON value, and through serde for a runtime that asks for it.
macro_rules! payload {
    ($name:ident) => {
        impl TryFrom<serde_json::Value> for $name {
            type Error = $crate::PayloadError;

            fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
                <Self as $crate::fields::Field>::read(value)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                Self::try_from(value).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use payload;
