//! Yesterday's messages are read today. What waits in a queue, an archive, a table or at a consumer outlives
//! the program that wrote it: `history/` keeps one of each as it was, and nothing there is ever edited.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rekey_events::RetireOrder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::payloads::{self, Payload};
use crate::schemas::committed;

/// Every folder that was frozen, with the SHA-256 of its list. A new one is added, none is changed.
const FROZEN: [(&str, &str); 1] = [(
    "v1/2026-11",
    "1d0cfca0464f6a0e89df2f8214b104cbe02895b097d146c21d408a8680b2f1a1",
)];

const LIST: &str = "SHA256SUMS";

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("history")
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files of a folder by name, with what stands in them; without its list.
fn files(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let named = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    });
    named.filter(|(name, _)| name != LIST).collect()
}

/// The events that outlive a process: all that we or requesters send.
fn events() -> Vec<Payload> {
    let mut all = payloads::topics();
    all.extend(payloads::ours());
    all
}

/// Orders wait in a queue.
const ORDERS: [&str; 2] = ["retire-order", "rehearse-order"];

/// Reads a frozen message as today's code does and gives back what it would write.
fn read_today(kind: &str, message: &Value) -> Result<(Value, Value), String> {
    if ORDERS.contains(&kind) {
        let read = RetireOrder::try_from(message.clone()).map_err(|error| error.to_string())?;
        return Ok((message.clone(), serde_json::to_value(read).unwrap()));
    }
    let events = events();
    let payload = events.iter().find(|one| one.name == kind);
    let payload = payload.ok_or_else(|| format!("nobody reads {kind} any more"))?;
    if message["detail-type"] != payload.detail_type.as_str() {
        return Err("it is called otherwise on the bus now".to_owned());
    }
    let detail = &message["detail"];
    let written = (payload.read)(detail.clone()).map_err(|error| error.to_string())?;
    Ok((detail.clone(), written))
}

fn schema_of(kind: &str) -> &str {
    if ORDERS.contains(&kind) {
        "retire-order"
    } else {
        kind
    }
}

/// What is wrong with a frozen message today.
fn broken(kind: &str, message: &Value) -> Option<String> {
    let (was, written) = match read_today(kind, message) {
        Ok(both) => both,
        Err(error) => return Some(format!("{kind}: {error}")),
    };
    if was != written {
        return Some(format!("{kind}: something is lost or changed"));
    }
    let valid = committed(schema_of(kind)).is_valid(&was);
    (!valid).then(|| format!("{kind}: its schema refuses it"))
}

#[test]
fn what_was_sent_before_is_read_today_valid_today_and_written_back_whole() {
    let mut read = 0;
    for (folder, _) in FROZEN {
        for (name, text) in files(folder) {
            let message: Value = serde_json::from_slice(&text).unwrap();
            let kind = name.strip_suffix(".json").unwrap();
            assert_eq!(broken(kind, &message), None, "{folder}");
            read += 1;
        }
    }
    assert!(read >= events().len() + ORDERS.len(), "{read}");
}

#[test]
fn a_message_that_today_would_lose_is_found() {
    let (folder, _) = FROZEN[0];
    let all = files(folder);
    let message =
        |kind: &str| -> Value { serde_json::from_slice(&all[&format!("{kind}.json")]).unwrap() };
    // As if its field had been renamed, its word closed, or its reader taken away.
    let mut renamed = message("step-failed");
    let class = renamed["detail"].as_object_mut().unwrap().remove("class");
    renamed["detail"]["error_class"] = class.unwrap();
    assert!(
        broken("step-failed", &renamed)
            .unwrap()
            .contains("`class` is missing")
    );
    let mut lost = message("retire-order");
    lost["priority"] = Value::from("high");
    assert!(broken("retire-order", &lost).unwrap().contains("lost"));
    let gone = broken("secret-forgotten", &message("secret-put")).unwrap();
    assert!(gone.contains("nobody reads"));
}

#[test]
fn every_kind_of_message_has_a_frozen_ancestor() {
    let frozen: BTreeSet<String> = FROZEN
        .iter()
        .flat_map(|(folder, _)| files(folder).into_keys())
        .collect();
    let events = events();
    let kinds = events.iter().map(|one| one.name).chain(ORDERS);
    let missing: Vec<&str> = kinds
        .filter(|kind| !frozen.contains(&format!("{kind}.json")))
        .collect();
    assert!(
        missing.is_empty(),
        "freeze {missing:?}: see history/README.md"
    );
}

#[test]
fn what_is_frozen_is_never_edited() {
    for (folder, list_was) in FROZEN {
        let list = fs::read(directory().join(folder).join(LIST)).unwrap();
        assert_eq!(
            sha256(&list),
            list_was,
            "{folder}/{LIST} was edited: freeze a new folder instead"
        );
        let list = String::from_utf8(list).unwrap();
        let listed: BTreeMap<String, String> = list
            .lines()
            .map(|line| line.split_once("  ").unwrap())
            .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
            .collect();
        let there: BTreeMap<String, String> = files(folder)
            .into_iter()
            .map(|(name, text)| (name, sha256(&text)))
            .collect();
        assert_eq!(there, listed, "{folder}");
    }
}

#[test]
fn every_folder_of_the_history_is_watched() {
    let mut found = BTreeSet::new();
    for version in fs::read_dir(directory()).unwrap() {
        let version = version.unwrap();
        if version.path().is_dir() {
            for month in fs::read_dir(version.path()).unwrap() {
                let names = (version.file_name(), month.unwrap().file_name());
                found.insert(format!(
                    "{}/{}",
                    names.0.to_str().unwrap(),
                    names.1.to_str().unwrap()
                ));
            }
        }
    }
    let watched: BTreeSet<String> = FROZEN
        .iter()
        .map(|(folder, _)| (*folder).to_owned())
        .collect();
    assert_eq!(found, watched);
}
