//! The committed schemas are the types'.

use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::Value;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas/v1")
}

pub fn committed_text(name: &str) -> String {
    fs::read_to_string(directory().join(format!("{name}.schema.json"))).unwrap()
}

/// The committed schema of that name, ready to ask; formats (date-time) are checked.
pub fn committed(name: &str) -> Validator {
    let schema: Value = serde_json::from_str(&committed_text(name)).unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let bless = std::env::var_os("REKEY_BLESS").is_some();
    let generated = rekey_events::schema::v1();
    for (name, schema) in &generated {
        let path = directory().join(format!("{name}.schema.json"));
        let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
        if bless {
            // In one move, because other tests read the schemas meanwhile.
            let new = directory().with_file_name(format!("{name}.new"));
            fs::write(&new, text).unwrap();
            fs::rename(&new, &path).unwrap();
        } else {
            let there = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(
                there, text,
                "{name} changed: REKEY_BLESS=1 cargo test -p rekey-events"
            );
        }
    }
    let files = fs::read_dir(directory()).unwrap().count();
    assert_eq!(
        files,
        generated.len(),
        "a schema without a type stands in schemas/v1"
    );
}

#[test]
fn every_schema_is_a_schema_with_an_id_of_its_own() {
    for (name, schema) in rekey_events::schema::v1() {
        assert!(jsonschema::meta::is_valid(schema.as_value()), "{name}");
        let id = schema.get("$id").and_then(Value::as_str).unwrap();
        assert_eq!(id, format!("urn:rekey:events:v1:{name}"));
    }
}
