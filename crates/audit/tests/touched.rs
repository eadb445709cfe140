//! Whatever is touched of whatever record, it is found.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use proptest::prelude::*;
use rekey_audit::testing::{keyring, record};
use rekey_audit::{Chain, Inspection, Link, Signatures, Stored};
use serde_json::Value;

const NOW: i64 = 1_795_312_800;

fn chain() -> Vec<Link> {
    let keys = keyring(1).unwrap();
    let mut links: Vec<Link> = Vec::new();
    for seq in 1..=6 {
        let record = record("acme", seq, "db/app", NOW).unwrap();
        let prev = links
            .last()
            .map_or(rekey_audit::BEGINNING, |link| &link.hash);
        links.push(Link::seal(&record, seq, prev, NOW, &keys).unwrap());
    }
    links
}

fn is_sound(links: &[String]) -> bool {
    let keys = keyring(1).unwrap();
    let acme = Chain::parse("acme").unwrap();
    let mut inspection = Inspection::new(acme, Some(&keys), &Signatures::default());
    for (seq, text) in (1..).zip(links) {
        inspection.look(&Stored {
            seq,
            link: Link::parse(text),
            indexed: None,
        });
    }
    inspection.end(None).is_sound()
}

/// The paths of all texts and numbers of a document.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{path}/{name}"), into);
            }
        }
        _ => into.push(path.to_owned()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_changed_field_of_any_record_is_found(seq in 0_usize..6, which in any::<prop::sample::Index>(), digit in 0..9_u32) {
        let mut texts: Vec<String> =
            chain().iter().map(|link| serde_json::to_string(link).unwrap()).collect();
        assert!(is_sound(&texts));
        let mut document: Value = serde_json::from_str(&texts[seq]).unwrap();
        let mut paths = Vec::new();
        leaves(&document, "", &mut paths);
        let path = which.get(&paths);
        let field = document.pointer_mut(path).unwrap();
        let before = field.clone();
        *field = match &before {
            Value::String(text) => {
                let mut text = text.clone();
                text.replace_range(0..1, &digit.to_string());
                Value::String(text)
            }
            _ => Value::from(digit + 20),
        };
        prop_assume!(*field != before);
        texts[seq] = document.to_string();
        assert!(!is_sound(&texts), "{path} of record {}", seq + 1);
    }

    #[test]
    fn a_field_that_was_put_in_or_taken_out_is_found(seq in 0_usize..6) {
        let mut texts: Vec<String> =
            chain().iter().map(|link| serde_json::to_string(link).unwrap()).collect();
        let mut document: Value = serde_json::from_str(&texts[seq]).unwrap();
        document["record"]["ip_address"] = "192.0.2.1".into();
        let whole = texts[seq].clone();
        texts[seq] = document.to_string();
        assert!(!is_sound(&texts));
        let mut document: Value = serde_json::from_str(&whole).unwrap();
        document["record"].as_object_mut().unwrap().remove("request_id");
        texts[seq] = document.to_string();
        assert!(!is_sound(&texts));
    }
}

#[test]
fn a_link_has_the_hash_and_the_seal_that_its_page_describes() {
    // Computed with Python: hashlib over json.dumps(fields, sort_keys=True, separators=(",", ":")), and hmac
    // with the key of 64 characters, "0...01", over "rekey/audit/link/1\n" and the hash.
    let link = &chain()[0];
    let document = serde_json::to_value(link).unwrap();
    assert_eq!(document["hash"], HASH);
    assert_eq!(document["mac"], MAC);
}

const HASH: &str = "7ec9dd3c8e1b72fd4cb762164141bf0c94fe7236e2ebb60e2a3c06478b798ddc";
const MAC: &str = "078d55bcf202a2191d6e68ce024ae3bf1586ea0d4c8c3720f56e2f2d399c3161";
