//! What outlives the stack is what cannot be made again, and the page of deployment says how to be rid of it.

use std::collections::{BTreeMap, BTreeSet};

use super::template::{Template, entries};
use crate::tidy::tree;

/// Each resource that stays, with how the page calls it.
const STAYS: [(&str, &str, &str); 9] = [
    ("infra/registry.yaml", "Table", "`rekey-prod-registry`"),
    ("infra/audit.yaml", "Table", "`rekey-prod-audit`"),
    (
        "infra/checkpoint.yaml",
        "Bucket",
        "`rekey-prod-checkpoints-<account>-<region>`",
    ),
    // A bucket or a secret that lost its policy would be open to whom it was closed.
    (
        "infra/checkpoint.yaml",
        "BucketPolicy",
        "`rekey-prod-checkpoints-<account>-<region>`",
    ),
    (
        "infra/audit-keys.yaml",
        "KeysPolicy",
        "`rekey/prod/audit-keys`",
    ),
    (
        "infra/checkpoint.yaml",
        "SigningKey",
        "`alias/rekey-prod-checkpoints`",
    ),
    ("infra/audit-keys.yaml", "Keys", "`rekey/prod/audit-keys`"),
    (
        "infra/rotation.yaml",
        "FingerprintKey",
        "key of the fingerprints",
    ),
    ("infra/data-key.yaml", "Key", "`alias/rekey-prod-data`"),
];

/// The resources that stay when their stack goes, and whether they do so when something else is put in their
/// place.
fn staying(templates: &[Template]) -> BTreeMap<(String, String), bool> {
    let mut staying = BTreeMap::new();
    for template in templates {
        for (name, resource) in entries(&template.body["Resources"]) {
            if resource["DeletionPolicy"] == "RetainExceptOnCreate" {
                let place = (template.path.clone(), name.to_owned());
                staying.insert(place, resource["UpdateReplacePolicy"] == "Retain");
            }
        }
    }
    staying
}

#[test]
fn what_cannot_be_made_again_stays_and_is_on_the_page() {
    let mut found = staying(&Template::all());
    // The example is one of yours.
    found.retain(|(path, _), _| path != "infra/example-database.yaml");
    let expected = STAYS.map(|(path, name, _)| ((path.to_owned(), name.to_owned()), true));
    assert_eq!(found, expected.into());
    let page = tree::read("docs/deploy.md");
    let (_, section) = page.split_once("\n## Take it down\n").unwrap();
    let rows: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    let names: BTreeSet<_> = STAYS.iter().map(|(_, _, name)| *name).collect();
    assert_eq!(rows.len(), names.len() + 1, "and the head of the table");
    for name in names {
        assert!(rows.iter().any(|row| row.contains(name)), "{name}");
    }
}

#[test]
fn a_trail_that_goes_with_its_stack_is_found() {
    let bent = Template::bent(
        "audit",
        "DeletionPolicy: RetainExceptOnCreate",
        "DeletionPolicy: Delete",
    );
    assert!(staying(&[bent]).is_empty());
}
