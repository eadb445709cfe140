//! `rekey audit export`, and what is verified of it

use super::audit_verify::{attacker, findings};
use super::golden::golden;
use super::trail::{Folder, kept, record, writes};
use super::typed::{at_width, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;
use serde_json::json;

/// An export of a world, and the line that verifies it.
async fn exported(world: &TestWorld, folder: &Folder) -> String {
    let out = folder.0.join("trail");
    let seen = typed(world, &format!("audit export --out {}", out.display())).await;
    assert_eq!(seen.exit, Exit::Ok, "{}", seen.err);
    let key = folder.public_key(world).await;
    format!(
        "audit verify --export {} --public-key {} --json",
        out.display(),
        key.display()
    )
}

#[tokio::test]
async fn an_export_is_verified_as_the_stack_is() {
    let (world, folder) = (kept().await, Folder::new());
    let out = folder.0.join("trail");
    let seen = typed(&world, &format!("audit export --out {}", out.display())).await;
    golden(
        "audit-export",
        &folder.hidden(&format!("{}{}", seen.out, seen.err)),
    );
    golden("audit-export-readme", &folder.read("trail/README.txt"));
    let key = folder.public_key(&world).await;
    let line = format!(
        "audit verify --export {} --public-key {}",
        out.display(),
        key.display()
    );
    let seen = at_width(&TestWorld::empty(), &line, 150).await;
    golden(
        "audit-verify-export",
        &folder.hidden(&format!("{}{}", seen.out, seen.err)),
    );
    assert_eq!(seen.exit, Exit::Ok);
    let with = format!("{line} --json --mac-keys {}", folder.mac_keys().display());
    let seen = typed(&TestWorld::empty(), &with).await;
    assert_eq!(
        (seen.exit, seen.json()["seals_checked"].as_bool()),
        (Exit::Ok, Some(true))
    );
}

#[tokio::test]
async fn a_chain_whose_name_is_gone_is_exported_when_it_is_named_or_signed() {
    let (mut world, folder) = (kept().await, Folder::new());
    let fields = json!({ "tenant": "initech" });
    writes(&world, &[record(300, NOW - 60, fields)], NOW - 60).await;
    world.trail.nameless = ["acme", "initech"]
        .map(|chain| rekey_audit::Chain::parse(chain).unwrap())
        .into();
    let line = exported(&world, &folder).await;
    let seen = typed(&world, &line).await;
    assert_eq!(
        (seen.exit, findings(&seen).len()),
        (Exit::Ok, 0),
        "{}",
        seen.out
    );
    let out = folder.0.join("initech");
    let line = format!("audit export --tenant initech --out {}", out.display());
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Ok, "{}", seen.err);
    assert_eq!(folder.read("initech/initech.ndjson").lines().count(), 1);
}

#[tokio::test]
async fn each_way_to_bend_an_export_is_found() {
    type Bend = fn(Vec<String>) -> Vec<String>;
    let bends: [(&str, Bend, &str); 6] = [
        (
            "an edit",
            |mut lines| {
                lines[2] = lines[2].replace("anna", "nobody");
                lines
            },
            "altered",
        ),
        (
            "a removal",
            |mut lines| {
                lines.remove(1);
                lines
            },
            "removed",
        ),
        (
            "a swap",
            |mut lines| {
                lines.swap(1, 3);
                lines
            },
            "out_of_order",
        ),
        ("a cut tail", |lines| lines[..4].to_vec(), "cut_tail"),
        (
            "no record",
            |mut lines| {
                lines[0] = "{}".into();
                lines
            },
            "unreadable",
        ),
        ("nothing left", |_| Vec::new(), "cut_tail"),
    ];
    for (what, bend, finding) in bends {
        let (world, folder) = (kept().await, Folder::new());
        let line = exported(&world, &folder).await;
        let lines = folder
            .read("trail/acme.ndjson")
            .lines()
            .map(str::to_owned)
            .collect();
        folder.file("trail/acme.ndjson", &(bend(lines).join("\n") + "\n"));
        let seen = typed(&TestWorld::empty(), &line).await;
        assert_eq!(seen.exit, Exit::Drift, "{what}");
        let found = findings(&seen);
        assert!(found.iter().any(|one| one == finding), "{what}: {found:?}");
    }
}

#[tokio::test]
async fn an_export_without_what_vouches_for_it_is_not_called_sound() {
    let (world, folder) = (kept().await, Folder::new());
    let line = exported(&world, &folder).await;
    for gone in [
        "trail/acme.ndjson",
        "trail/acme.head.json",
        "trail/README.txt",
    ] {
        std::fs::remove_file(folder.0.join(gone)).unwrap();
    }
    let seen = typed(&TestWorld::empty(), &line).await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (Exit::Drift, vec!["cut_tail".to_owned()])
    );
    assert!(seen.err.contains("not finished"), "{}", seen.err);
    std::fs::remove_dir_all(folder.0.join("trail/checkpoints")).unwrap();
    let seen = typed(&TestWorld::empty(), &line).await;
    assert_eq!(seen.exit, Exit::Failed, "{}", seen.out);
}

#[tokio::test]
async fn the_chain_of_one_tenant_is_exported_alone() {
    let (world, folder) = (kept().await, Folder::new());
    let out = folder.0.join("trail");
    let line = format!("audit export --out {} --tenant acme --json", out.display());
    let seen = typed(&world, &line).await;
    assert_eq!(seen.json()["chains"][0]["records"], 7);
    assert!(out.join("acme.ndjson").exists() && !out.join("platform.ndjson").exists());
    let key = folder.public_key(&world).await;
    let line = format!(
        "audit verify --tenant acme --export {} --public-key {}",
        out.display(),
        key.display()
    );
    assert_eq!(typed(&TestWorld::empty(), &line).await.exit, Exit::Ok);
    let seen = typed(&world, "audit export --out nowhere --tenant initech").await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(!std::path::Path::new("nowhere").exists());
}

#[tokio::test]
async fn an_export_is_never_written_over_another() {
    let (world, folder) = (kept().await, Folder::new());
    exported(&world, &folder).await;
    let before = folder.read("trail/README.txt");
    let line = format!("audit export --out {}", folder.0.join("trail").display());
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(seen.err.contains("not empty"), "{}", seen.err);
    assert_eq!(folder.read("trail/README.txt"), before);
}

#[tokio::test]
async fn what_is_gone_from_the_trail_is_found_in_its_export() {
    let (world, folder) = (kept().await, Folder::new());
    attacker(&world).removes(2);
    let line = exported(&world, &folder).await;
    let seen = typed(&TestWorld::empty(), &line).await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (Exit::Drift, vec!["removed".to_owned()])
    );
}

#[tokio::test]
async fn what_others_write_during_an_export_does_not_tear_it() {
    let (world, folder) = (kept().await, Folder::new());
    let more = record(20, NOW, json!({}));
    world.trail.meanwhile.lock().unwrap().push(more);
    let line = exported(&world, &folder).await;
    let seen = typed(&TestWorld::empty(), &line).await;
    assert_eq!(
        (seen.exit, findings(&seen).len()),
        (Exit::Ok, 0),
        "{}",
        seen.out
    );
}
