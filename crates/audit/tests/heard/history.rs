//! A record is kept for years, and its hash is over what it was: the program of that day must read it whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rekey_events::{Bus, DetailType};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{record, sample, samples};

/// Every folder that was frozen, with the SHA-256 of its list. A new one is added, none is changed.
const FROZEN: [(&str, &str); 1] = [(
    "2026-11",
    "e8f11ed2626d85663f5e3d1e2780fff85d7325df423d1b54771c8e22bf2ab55e",
)];

const LIST: &str = "SHA256SUMS";

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/history")
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let named = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    });
    named.filter(|(name, _)| name != LIST).collect()
}

/// Whether today's program reads a record and writes it back as it was.
fn is_whole(was: &Value) -> bool {
    let read = rekey_events::AuditRecord::try_from(was.clone());
    read.is_ok_and(|read| json!(read) == *was)
}

#[test]
fn every_record_that_was_ever_written_is_read_and_written_back_whole() {
    for (folder, _) in FROZEN {
        let files = files(&directory().join(folder));
        assert_eq!(files.len(), 20);
        for (name, text) in files {
            let was: Value = serde_json::from_slice(&text).unwrap();
            assert!(is_whole(&was), "{folder}/{name}");
            // As if a field had been renamed.
            let mut renamed = was.clone();
            let tenant = renamed.as_object_mut().unwrap().remove("tenant").unwrap();
            renamed["chain"] = tenant;
            assert!(!is_whole(&renamed), "{folder}/{name}");
        }
    }
}

#[test]
fn what_is_frozen_is_never_edited() {
    for (folder, list_was) in FROZEN {
        let folder = directory().join(folder);
        let list = fs::read(folder.join(LIST)).unwrap();
        assert_eq!(sha256(&list), list_was, "freeze a new folder instead");
        let list = String::from_utf8(list).unwrap();
        let listed: BTreeMap<String, String> = list
            .lines()
            .map(|line| line.split_once("  ").unwrap())
            .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
            .collect();
        let there: BTreeMap<String, String> = files(&folder)
            .into_iter()
            .map(|(name, text)| (name, sha256(&text)))
            .collect();
        assert_eq!(there, listed);
    }
    let folders = fs::read_dir(directory()).unwrap();
    let folders = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), FROZEN.len(), "a folder is not watched");
}

#[test]
fn every_event_has_a_record_that_was_frozen() {
    let all: Vec<Value> = FROZEN
        .iter()
        .flat_map(|(folder, _)| files(&directory().join(folder)).into_values())
        .map(|text| serde_json::from_slice(&text).unwrap())
        .collect();
    for detail_type in DetailType::ALL {
        let is_inner = detail_type.ways().iter().any(|way| way.bus == Bus::Inner);
        let is_there = all
            .iter()
            .any(|record| record["metadata"]["detail_type"] == detail_type.as_str());
        assert_eq!(is_there, is_inner, "freeze a record of {detail_type}");
    }
}

/// The sample of a record in the contract is one that is made.
#[test]
fn the_sample_of_a_record_is_what_becomes_of_the_sample_of_an_event() {
    let made = json!(record(sample(DetailType::RequestRefused)));
    let path = samples().join("audit-record.json");
    if std::env::var_os("REKEY_BLESS").is_some() {
        fs::write(
            &path,
            format!("{}\n", serde_json::to_string_pretty(&made).unwrap()),
        )
        .unwrap();
    }
    let there: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(there, made);
}
