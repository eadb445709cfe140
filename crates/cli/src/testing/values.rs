//! No secret value is ever read, so none can be printed.

use std::path::Path;

/// The calls that read a value, and the type that holds one.
fn reads() -> [String; 4] {
    // Put together here, so that this file does not find itself.
    ["get_secret", "GetSecret", "batch_get_secret", "Secret"]
        .map(|start| format!("{start}{}", "_value"))
}

fn found(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase().replace('_', "");
    let mut reads = reads().into_iter();
    reads.find(|word| text.contains(&word.to_ascii_lowercase().replace('_', "")))
}

fn sources(folder: &Path, work: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, work);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            work(&path, &text);
        }
    }
}

#[test]
fn no_source_of_this_crate_reads_a_value() {
    let mut count = 0;
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut |path, text| {
            count += 1;
            let found = found(text);
            assert_eq!(found, None, "{}", path.display());
        },
    );
    assert!(count > 30, "the search looks in the wrong place");
}

#[test]
fn a_read_of_a_value_is_found() {
    for word in reads() {
        assert!(found(&format!("client.{word}()")).is_some());
    }
}

#[test]
fn the_crate_has_no_client_for_values_of_its_own() {
    let manifest = include_str!("../../Cargo.toml");
    assert!(!manifest.contains("aws-sdk-secretsmanager") && !manifest.contains("rekey-rotation"));
}
