use rekey_rotation::TargetError;
use serde_json::{Map, Value};

use super::lineage::Lineage;
use super::place::Place;
use super::public_key::PublicKey;
use super::wire::text;
use crate::object::invalid;

/// Our own member of a key set (RFC 7517, section 5: what others do not understand they ignore): whose turn it
/// is, and which keys are of which secret.
const OURS: &str = "rekey";

/// A JSON Web Key Set. What is not ours in it stays as it is.
#[derive(Clone)]
pub(super) struct KeySet {
    others: Map<String, Value>,
    keys: Vec<Value>,
    /// What is noted of each lineage.
    lineages: Map<String, Value>,
    /// Who had the last turn, and whether it is over.
    turn: Option<String>,
    held: bool,
    /// Whether whoever keeps this set lets secrets publish in it that have no key there yet.
    shared: bool,
}

/// How a key stands in a key set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    Published,
    /// The key is there, and verifiers look for another name, or for another algorithm.
    UnderAnotherName,
    Absent,
}

impl KeySet {
    pub(super) fn empty() -> Self {
        Self {
            others: Map::new(),
            keys: Vec::new(),
            lineages: Map::new(),
            turn: None,
            held: false,
            shared: false,
        }
    }

    pub(super) fn parse(document: &str, place: &Place) -> Result<Self, TargetError> {
        let broken = || {
            invalid(format!(
                "what is published at {place} is no JSON Web Key Set; name another object in `jwks`, or put an earlier version of this one back"
            ))
        };
        let Ok(Value::Object(mut others)) = serde_json::from_str(document) else {
            return Err(broken());
        };
        let Some(Value::Array(keys)) = others.remove("keys") else {
            return Err(broken());
        };
        let mut set = Self {
            others,
            keys,
            ..Self::empty()
        };
        match set.others.remove(OURS) {
            None => {}
            Some(Value::Object(mut ours)) => {
                set.turn = text(&ours, "turn").map(str::to_owned);
                set.held = ours.get("held") == Some(&Value::Bool(true));
                set.shared = ours.get("shared") == Some(&Value::Bool(true));
                if let Some(Value::Object(lineages)) = ours.remove("keys") {
                    set.lineages = lineages;
                }
            }
            Some(_) => return Err(broken()),
        }
        Ok(set)
    }

    pub(super) fn written(&self) -> String {
        let mut ours = Map::new();
        ours.insert("keys".to_owned(), self.lineages.clone().into());
        if let Some(turn) = &self.turn {
            ours.insert("turn".to_owned(), turn.as_str().into());
        }
        if self.held {
            ours.insert("held".to_owned(), true.into());
        }
        if self.shared {
            ours.insert("shared".to_owned(), true.into());
        }
        let mut set = self.others.clone();
        set.insert("keys".to_owned(), self.keys.clone().into());
        set.insert(OURS.to_owned(), ours.into());
        Value::from(set).to_string()
    }

    pub(super) fn turn(&self) -> Option<&str> {
        self.turn.as_deref()
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held
    }

    pub(super) fn take_turn(&mut self, turn: &str) {
        self.turn = Some(turn.to_owned());
        self.held = true;
    }

    pub(super) fn end_turn(&mut self) {
        self.held = false;
    }

    /// Whether keys and lineages are the same.
    pub(super) fn holds_what(&self, other: &Self) -> bool {
        self.keys == other.keys && self.lineages == other.lineages
    }

    pub(super) fn standing(&self, key: &PublicKey) -> Standing {
        if self.parsed().any(|published| is(&published, key)) {
            return Standing::Published;
        }
        let keys = self.keys.iter();
        let mut keys = keys.filter_map(Value::as_object);
        if keys.any(|jwk| key.is_made_of(jwk)) {
            return Standing::UnderAnotherName;
        }
        Standing::Absent
    }

    /// How long verifiers may keep this set, when it is written for a secret with this `cache_seconds`. Each secret
    /// signs with its next key when its own time is over, so the shortest one is everybody's.
    pub(super) fn max_age(&self, cache: u32) -> u32 {
        let lineages = self.lineages.values();
        let caches = lineages.filter_map(|noted| Lineage::parse(noted).cache);
        caches.fold(cache, u32::min)
    }

    /// Until when verifiers may not know a key that had been gone, in seconds since 1970; `None` when they all do.
    pub(super) fn unknown_until(
        &self,
        lineage: &str,
        key: &PublicKey,
        cache: u32,
        now: i64,
    ) -> Option<i64> {
        let noted = self.lineage(lineage);
        let back_at = *noted.back.get(key.kid())?;
        let cache = i64::from(noted.cache.map_or(cache, |noted| noted.max(cache)));
        // A time that is far ahead was written by a wrong clock or by hand.
        let here = back_at.saturating_sub(now) <= cache;
        let known_at = back_at.saturating_add(cache);
        (here && now < known_at).then_some(known_at)
    }

    /// The published key with the name of this one.
    pub(super) fn named_as(&self, key: &PublicKey) -> Option<PublicKey> {
        self.parsed().find(|published| published.kid() == key.kid())
    }

    fn parsed(&self) -> impl Iterator<Item = PublicKey> {
        let keys = self.keys.iter();
        keys.filter_map(|key| PublicKey::parse(key.as_object()?))
    }

    /// Whether a secret may publish here whose private keys are `own`. A role that may write the object writes for
    /// every secret of the function, and whoever can name another's key set, or lineage, has no right there by that.
    /// A private key that is in the set already is a right to it.
    pub(super) fn lets_in(&self, lineage: Option<&str>, own: &[&PublicKey]) -> bool {
        let published = |key: &&&PublicKey| self.standing(key) == Standing::Published;
        if let Some(lineage) = lineage.filter(|it| self.lineages.contains_key(*it)) {
            let noted = self.lineage(lineage);
            let mut named = own.iter().filter(|key| noted.names(key.kid()));
            return named.any(|key| key.has_its_own_name() || published(&key));
        }
        let nobodys = self.lineages.is_empty() && self.keys.is_empty();
        let brought_along = self.lineages.is_empty() && own.iter().any(|key| published(&key));
        self.shared || nobodys || brought_along
    }

    /// Makes these the only keys of a lineage, in this order, behind those of others.
    pub(super) fn publish(
        &mut self,
        lineage: &str,
        wanted: &[&PublicKey],
        cache: u32,
        place: &Place,
    ) -> Result<(), TargetError> {
        self.check_nobody_elses(lineage, wanted, place)?;
        let mut noted = self.lineage(lineage);
        self.keys.retain(|jwk| {
            let Some(jwk) = jwk.as_object() else {
                return true;
            };
            let of_lineage = text(jwk, "kid").is_some_and(|kid| noted.names(kid));
            let wanted_again = || {
                let key = PublicKey::parse(jwk);
                key.is_some_and(|key| wanted.iter().any(|wanted| is(wanted, &key)))
            };
            !of_lineage && !wanted_again()
        });
        for key in wanted {
            self.append(key, place)?;
        }
        noted.kids = wanted.iter().map(|key| key.kid().to_owned()).collect();
        noted.cache = Some(cache);
        let Lineage { kids, back, .. } = &mut noted;
        back.retain(|kid, _| kids.contains(kid));
        self.note(lineage, &noted);
        Ok(())
    }

    /// Adds a key to a lineage, if it is not there, and notes when it came back, if that is given.
    pub(super) fn add(
        &mut self,
        lineage: &str,
        key: &PublicKey,
        back_at: Option<i64>,
        place: &Place,
    ) -> Result<(), TargetError> {
        self.check_nobody_elses(lineage, &[key], place)?;
        let mut noted = self.lineage(lineage);
        if self.standing(key) != Standing::Published {
            self.append(key, place)?;
            noted.back.remove(key.kid());
            noted
                .back
                .extend(back_at.map(|at| (key.kid().to_owned(), at)));
        }
        if !noted.names(key.kid()) {
            noted.kids.push(key.kid().to_owned());
        }
        self.note(lineage, &noted);
        Ok(())
    }

    /// What is published as another secret's would leave the set with the next rotation of this one.
    fn check_nobody_elses(
        &self,
        lineage: &str,
        wanted: &[&PublicKey],
        place: &Place,
    ) -> Result<(), TargetError> {
        let mut others = self.lineages.keys().filter(|other| *other != lineage);
        let elses = others.any(|other| {
            let noted = self.lineage(other);
            wanted.iter().any(|key| noted.names(key.kid()))
        });
        if elses {
            return Err(invalid(format!(
                "a key of this secret is published at {place} as that of another secret; take it out of this one, or give each secret keys of its own"
            )));
        }
        Ok(())
    }

    fn append(&mut self, key: &PublicKey, place: &Place) -> Result<(), TargetError> {
        let kid = key.kid();
        let taken = |jwk: &Value| jwk.get("kid").and_then(Value::as_str) == Some(kid);
        if self.keys.iter().any(taken) {
            return Err(invalid(format!(
                "another key is published at {place} under the `kid` of one of this secret; give that key of the secret another `kid`, or take the other one out of the key set"
            )));
        }
        self.keys.push(key.jwk());
        Ok(())
    }

    /// Takes a key out, under whatever name and for whatever algorithm it is there.
    pub(super) fn remove(&mut self, lineage: &str, key: &PublicKey) {
        let mut noted = self.lineage(lineage);
        self.keys.retain(|jwk| {
            let gone = jwk.as_object().is_some_and(|jwk| key.is_made_of(jwk));
            if gone && let Some(kid) = jwk.get("kid").and_then(Value::as_str) {
                noted.forget(kid);
            }
            !gone
        });
        self.note(lineage, &noted);
    }

    fn lineage(&self, lineage: &str) -> Lineage {
        let noted = self.lineages.get(lineage);
        noted.map(Lineage::parse).unwrap_or_default()
    }

    fn note(&mut self, lineage: &str, noted: &Lineage) {
        self.lineages.insert(lineage.to_owned(), noted.written());
    }
}

fn is(wanted: &PublicKey, key: &PublicKey) -> bool {
    wanted == key && wanted.kid() == key.kid()
}
