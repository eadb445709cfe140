use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_audit::{By, Chain, Place};
use rekey_events::EventId;

/// The attributes of an item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The attributes that are the key of every item.
pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";
/// The attribute that every index sorts by.
pub(super) const AT: &str = "at";

/// The start of the partition of a chain.
const CHAIN: &str = "CHAIN#";
/// The sort key of an item that is alone in its partition.
const META: &str = "META";
/// The partition that names every chain.
pub(super) const CHAINS: &str = "CHAINS";
/// The digits of a place in a chain.
const DIGITS: usize = 12;

/// Where an item lies. Written in errors, so that somebody can find it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    pub(super) fn link(place: &Place) -> Self {
        Self {
            pk: partition(&place.chain),
            sk: digits(place.seq),
        }
    }

    /// What says where a record stands.
    pub(super) fn marker(id: &EventId) -> Self {
        Self {
            pk: format!("EVENT#{id}"),
            sk: META.to_owned(),
        }
    }

    pub(super) fn head(chain: &Chain) -> Self {
        Self {
            pk: format!("HEAD#{chain}"),
            sk: META.to_owned(),
        }
    }

    /// The name of a chain among all.
    pub(super) fn name(chain: &Chain) -> Self {
        Self {
            pk: CHAINS.to_owned(),
            sk: chain.to_string(),
        }
    }

    /// The key of an item that was read; every item has both halves.
    pub(super) fn of(item: &Item) -> Self {
        Self {
            pk: said(item, PK).to_owned(),
            sk: said(item, SK).to_owned(),
        }
    }

    pub(super) fn attributes(&self) -> Item {
        HashMap::from([
            (PK.to_owned(), text(&self.pk)),
            (SK.to_owned(), text(&self.sk)),
        ])
    }

    /// The place in a chain that this is the key of, if it is one of a place.
    pub(super) fn place(&self) -> Option<Place> {
        let chain = Chain::parse(self.pk.strip_prefix(CHAIN)?).ok()?;
        let seq = seq_of(&self.sk)?;
        Some(Place { chain, seq })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pk, self.sk)
    }
}

/// The partition of a chain.
pub(super) fn partition(chain: &Chain) -> String {
    format!("{CHAIN}{chain}")
}

/// A place in the order of its partition.
pub(super) fn digits(seq: u64) -> String {
    format!("{seq:0DIGITS$}")
}

/// The place that a sort key says; none for one that this code does not write.
pub(super) fn seq_of(sk: &str) -> Option<u64> {
    let whole = sk.len() == DIGITS && sk.bytes().all(|byte| byte.is_ascii_digit());
    if whole { sk.parse().ok() } else { None }
}

/// The name of an index.
pub(super) const fn index(by: By) -> &'static str {
    match by {
        By::Day => "by-day",
        By::Tenant => "by-tenant",
        By::Actor => "by-actor",
        By::Action => "by-action",
        By::Target => "by-target",
        By::Request => "by-request",
    }
}

/// The attribute that is the partition key of an index.
pub(super) const fn partition_attribute(by: By) -> &'static str {
    match by {
        By::Day => "by_day",
        By::Tenant => "by_tenant",
        By::Actor => "by_actor",
        By::Action => "by_action",
        By::Target => "by_target",
        By::Request => "by_request",
    }
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The text of an attribute; nothing for one that is missing or is no text, which is equal to nothing that
/// this code writes.
pub(super) fn said<'a>(item: &'a Item, attribute: &str) -> &'a str {
    match item.get(attribute) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_a_key_that_this_code_wrote_and_from_no_other() {
        let chain = Chain::parse("acme").unwrap();
        let place = Place { chain, seq: 42 };
        let key = Key::link(&place);
        assert_eq!(key.to_string(), "CHAIN#acme/000000000042");
        assert_eq!(key.place(), Some(place));
        for sk in ["42", "0000000000042", "+00000000042", "00000000004x", ""] {
            assert_eq!(seq_of(sk), None, "{sk}");
        }
        let elsewhere = Key::head(&Chain::platform());
        assert_eq!(elsewhere.place(), None);
    }
}
