use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a key set notes of one secret that publishes in it.
#[derive(Default)]
pub(super) struct Lineage {
    /// The names of its keys.
    pub(super) kids: Vec<String>,
    /// Its `cache_seconds`, as it last published.
    pub(super) cache: Option<u32>,
    /// The keys that were gone and came back, and when that was, in seconds since 1970.
    pub(super) back: BTreeMap<String, i64>,
}

impl Lineage {
    /// What is of another form says nothing. A list of names is what was written before times were noted.
    pub(super) fn parse(noted: &Value) -> Self {
        let (kids, others) = match noted {
            Value::Object(members) => (members.get("kids"), Some(members)),
            kids => (Some(kids), None),
        };
        let kids = kids.and_then(Value::as_array).into_iter().flatten();
        let member = |name| others.and_then(|members| members.get(name));
        let cache = member("cache_seconds").and_then(Value::as_u64);
        let back = member("back").and_then(Value::as_object);
        let back = back.into_iter().flat_map(Map::iter);
        Self {
            kids: kids.filter_map(Value::as_str).map(str::to_owned).collect(),
            cache: cache.and_then(|cache| u32::try_from(cache).ok()),
            back: back
                .filter_map(|(kid, at)| Some((kid.clone(), at.as_i64()?)))
                .collect(),
        }
    }

    pub(super) fn written(&self) -> Value {
        let mut noted = json!({"kids": self.kids});
        if let Some(members) = noted.as_object_mut() {
            if let Some(cache) = self.cache {
                members.insert("cache_seconds".to_owned(), cache.into());
            }
            if !self.back.is_empty() {
                members.insert("back".to_owned(), json!(self.back));
            }
        }
        noted
    }

    pub(super) fn names(&self, kid: &str) -> bool {
        self.kids.iter().any(|name| name == kid)
    }

    pub(super) fn forget(&mut self, kid: &str) {
        self.kids.retain(|name| name != kid);
        self.back.remove(kid);
    }
}
