//! A record has bounds, whatever an event holds: a store takes items of a limited size.

use serde_json::{Map, Value};

/// The most that a record takes as JSON, in bytes.
const MOST_BYTES: usize = 16 * 1024;

/// The most items of a list that are kept.
pub(super) const MOST_ITEMS: usize = 64;

/// How many items of a list and characters of a text are kept: the first that fits is taken.
const BOUNDS: [(usize, usize); 4] = [(MOST_ITEMS, 1024), (32, 512), (16, 256), (8, 96)];

/// An actor may have 2048 characters; nobody but who wants to break something has one of half of them.
const LONGEST_ACTOR: usize = 1024;

/// By what others are looked up: half of it finds nothing.
const WHOLE: [&str; 1] = ["secret_arn"];

/// What says by whom an event was told; it stays when nothing else can.
const LAST: [&str; 4] = ["detail_type", "source", "secret_arn", "version_id"];

/// Clips what is too long. A record that lost something says `clipped: true` in its metadata.
pub(super) fn into_bounds(mut record: Map<String, Value>) -> Map<String, Value> {
    let mut lost = false;
    for (name, chars) in [("actor_id", LONGEST_ACTOR), ("user_agent", BOUNDS[0].1)] {
        if let Some(Value::String(text)) = record.get_mut(name) {
            lost |= shorten(text, chars);
        }
    }
    for (items, chars) in BOUNDS {
        if let Some(Value::String(text)) = record.get_mut("user_agent") {
            lost |= shorten(text, chars);
        }
        if let Some(Value::Object(metadata)) = record.get_mut("metadata") {
            let may_be_clipped = metadata
                .iter_mut()
                .filter(|(name, _)| !WHOLE.contains(&name.as_str()));
            for (_, value) in may_be_clipped {
                lost |= clip(value, items, chars);
            }
            if lost {
                metadata.insert("clipped".to_owned(), Value::Bool(true));
            }
        }
        if fits(&record) {
            return record;
        }
    }
    if let Some(Value::Object(metadata)) = record.get_mut("metadata") {
        metadata.retain(|name, _| LAST.contains(&name.as_str()));
        metadata.insert("clipped".to_owned(), Value::Bool(true));
    }
    record
}

fn fits(record: &Map<String, Value>) -> bool {
    serde_json::to_vec(record).is_ok_and(|bytes| bytes.len() <= MOST_BYTES)
}

fn clip(value: &mut Value, items: usize, chars: usize) -> bool {
    match value {
        Value::String(text) => shorten(text, chars),
        Value::Array(list) => {
            let mut lost = list.len() > items;
            list.truncate(items);
            for item in list {
                lost |= clip(item, items, chars);
            }
            lost
        }
        Value::Object(object) => {
            let mut lost = false;
            for item in object.values_mut() {
                lost |= clip(item, items, chars);
            }
            lost
        }
        _ => false,
    }
}

/// Cuts a text and lets it end in an ellipsis.
fn shorten(text: &mut String, chars: usize) -> bool {
    if text.chars().count() <= chars {
        return false;
    }
    let end = text.char_indices().nth(chars.saturating_sub(1));
    text.truncate(end.map_or(0, |(at, _)| at));
    text.push('…');
    true
}
