use rekey_rotation::{SecretValue, TargetError};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::object::{Object, invalid, same};

/// A secret's JSON object with a value, the value before it, and when that one ends.
pub(super) struct Held {
    pub(super) object: Object,
    fields: Fields,
}

/// The names of the three fields.
pub(super) struct Fields {
    current: String,
    previous: String,
    ends: String,
}

impl Fields {
    /// `current`, `previous`, `previous_ends`.
    pub(super) fn of_a_key() -> Self {
        Self {
            current: "current".to_owned(),
            previous: "previous".to_owned(),
            ends: "previous_ends".to_owned(),
        }
    }

    /// `password`, `password_previous`, `password_previous_ends`, for any other name too.
    pub(super) fn named(key: &str) -> Self {
        Self {
            current: key.to_owned(),
            previous: format!("{key}_previous"),
            ends: format!("{key}_previous_ends"),
        }
    }

    fn has(&self, name: &str) -> bool {
        [&self.current, &self.previous, &self.ends].contains(&&name.to_owned())
    }
}

/// The value before, and when it ends, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Previous<'a> {
    pub(super) text: &'a str,
    pub(super) ends: i64,
}

impl Held {
    /// Takes an object whose value is a text, with both of the value before and its end, or neither.
    pub(super) fn new(object: Object, fields: Fields) -> Result<Self, TargetError> {
        let held = Self { object, fields };
        if held.current().is_empty() {
            return Err(invalid(
                "the secret has no value to rotate: it must be a text that is not empty, under `current` for hmac, and for generic under the name that `generate_string_key` gives (`password` without it)",
            ));
        }
        let Fields { previous, ends, .. } = &held.fields;
        let given = [previous, ends].map(|name| held.object.field(name).is_some());
        if given == [false, false] || held.previous().is_some() {
            return Ok(held);
        }
        Err(invalid(
            "the value before and the time at which it ends go together: a text that is not empty and a whole number of seconds since 1970; correct both in AWSCURRENT, or take both out",
        ))
    }

    /// The value that is in use; empty when there is none.
    pub(super) fn current(&self) -> &str {
        self.text(&self.fields.current).unwrap_or_default()
    }

    pub(super) fn previous(&self) -> Option<Previous<'_>> {
        let text = self.text(&self.fields.previous)?;
        let ends = self.object.field(&self.fields.ends)?.as_i64()?;
        (!text.is_empty()).then_some(Previous { text, ends })
    }

    /// The values that whoever reads this secret accepts at a time.
    pub(super) fn accepted(&self, now: i64) -> impl Iterator<Item = &str> {
        let previous = self.previous().filter(|previous| now < previous.ends);
        [self.current()]
            .into_iter()
            .chain(previous.map(|previous| previous.text))
    }

    /// The same with a new value; the one in use becomes the one before.
    pub(super) fn followed_by(mut self, new: &str, ends: i64) -> Result<SecretValue, TargetError> {
        let current = Zeroizing::new(self.current().to_owned());
        self.object.set(&self.fields.previous, &current);
        self.object.set_number(&self.fields.ends, ends);
        self.object.set(&self.fields.current, new);
        SecretValue::new(self.object.written()?).map_err(|_| {
            invalid(
                "the next value does not fit beside the one before into the 65536 bytes that Secrets Manager keeps in a version; take out of the secret what does not belong there",
            )
        })
    }

    /// Checks that this holds a new value, that of `earlier` as the one before, and all else as it was.
    pub(super) fn check_follows(&self, earlier: &Self) -> Result<(), TargetError> {
        let kept = self
            .previous()
            .is_some_and(|previous| same(previous.text, earlier.current()));
        if !kept {
            return Err(tampered(
                "AWSPENDING does not hold the value of AWSCURRENT as the one before",
            ));
        }
        if same(self.current(), earlier.current()) {
            return Err(tampered(
                "AWSPENDING holds the value of AWSCURRENT as its new one",
            ));
        }
        if !same(&self.rest()?, &earlier.rest()?) {
            return Err(tampered(
                "AWSPENDING differs from AWSCURRENT in more than its value",
            ));
        }
        Ok(())
    }

    /// Everything but the three fields, in one spelling.
    fn rest(&self) -> Result<Zeroizing<String>, TargetError> {
        let fields = self.object.fields();
        let mut rest: Vec<_> = fields.filter(|(name, _)| !self.fields.has(name)).collect();
        rest.sort_by_key(|(name, _)| *name);
        serde_json::to_string(&rest)
            .map(Zeroizing::new)
            .map_err(|_| TargetError::Internal("the secret could not be compared".to_owned()))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.object.field(name).and_then(Value::as_str)
    }
}

fn tampered(what: &str) -> TargetError {
    invalid(format!(
        "{what}: one of them was changed by hand, or AWSCURRENT was moved; take AWSPENDING from its version (update-secret-version-stage) and rotate again"
    ))
}
