//! Key sets in memory, with S3's conditional writes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rekey_rotation::TargetError;
use rekey_rotators::jwt::{Document, Jwks, Over, Place, Published, Version, Written};
use serde_json::Value;

/// A bucket that nobody answers for.
pub const NOBODY: &str = "s3://nobody-answers/jwks.json";

/// What keeps key sets in memory.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
pub struct State {
    objects: BTreeMap<String, Object>,
    versions: u64,
    /// Everything that was ever published.
    pub log: Vec<String>,
    /// Whether writing is denied.
    pub forbidden: bool,
    /// Whether reading what is not there is denied, as where a bucket may not be listed.
    pub unlisted: bool,
    /// Whether reading what is there is denied.
    pub unread: bool,
    /// How old everything looks.
    pub age: Duration,
    /// How many of the next writes take effect without an answer, and are then repeated.
    pub answers_lost: usize,
    /// What somebody puts there by hand after the next write.
    pub put_after_a_write: Option<String>,
}

struct Object {
    text: String,
    version: Version,
    max_age: u32,
}

impl Memory {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What is published, as a client without conditions reads it.
    pub fn text(&self, place: &str) -> Option<String> {
        let state = self.state();
        state.objects.get(place).map(|object| object.text.clone())
    }

    /// What `Cache-Control` says of it.
    pub fn max_age(&self, place: &str) -> u32 {
        self.state().objects[place].max_age
    }

    /// Writes by hand.
    pub fn put(&self, place: &str, text: String) {
        self.state().replace(place, text, 0);
    }

    pub fn delete(&self, place: &str) {
        self.state().objects.remove(place);
    }
}

impl State {
    fn replace(&mut self, place: &str, text: String, max_age: u32) -> Version {
        self.versions += 1;
        let version = Version(self.versions.to_string());
        self.log.push(text.clone());
        let object = Object {
            text,
            version: version.clone(),
            max_age,
        };
        self.objects.insert(place.to_owned(), object);
        version
    }
}

impl Jwks for Memory {
    async fn read(&self, place: &Place) -> Result<Option<Published>, TargetError> {
        let place = answering(place)?;
        let state = self.state();
        let object = state.objects.get(&place);
        if state.unread || state.unlisted && object.is_none() {
            return Err(TargetError::Permission("reading is denied".to_owned()));
        }
        Ok(object.map(|object| Published {
            text: object.text.clone(),
            version: object.version.clone(),
            age: state.age,
        }))
    }

    async fn write(
        &self,
        place: &Place,
        document: Document,
        over: &Over,
    ) -> Result<Written, TargetError> {
        let place = answering(place)?;
        let mut state = self.state();
        if state.forbidden {
            return Err(TargetError::Permission("writing is denied".to_owned()));
        }
        let there = state.objects.get(&place).map(|object| &object.version);
        let as_expected = match over {
            Over::Nothing => there.is_none(),
            Over::Version(version) => there == Some(version),
            Over::Never => false,
        };
        if !as_expected {
            return Ok(Written::Overtaken);
        }
        let Document { text, max_age } = document;
        let version = state.replace(&place, text, max_age);
        if let Some(text) = state.put_after_a_write.take() {
            state.replace(&place, text, max_age);
        }
        if state.answers_lost > 0 {
            state.answers_lost -= 1;
            return Ok(Written::Overtaken);
        }
        Ok(Written::Done(version))
    }
}

fn answering(place: &Place) -> Result<String, TargetError> {
    let place = place.to_string();
    if place == NOBODY {
        return Err(TargetError::Unreachable("nobody answers".to_owned()));
    }
    Ok(place)
}

/// The names of the keys in a published text, in their order.
pub fn kids(text: &str) -> Vec<String> {
    let set: Value = serde_json::from_str(text).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}
