//! `rekey rotation-log`

use serde_json::json;

use super::golden::golden;
use super::story;
use super::trail::{Folder, NEW, record, writes};
use super::typed::{Seen, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

const OTHER: &str = "0f8a5d51-9c5e-5d59-9d6a-0d6a5f2f6a11";

async fn written(world: &TestWorld, folder: &Folder, options: &str) -> (Seen, String) {
    let line = format!(
        "rotation-log 2026-11-21 --out {}{options}",
        folder.0.display()
    );
    let seen = typed(world, &line).await;
    let path = folder.0.join("2026-11-21.md");
    (seen, std::fs::read_to_string(path).unwrap_or_default())
}

/// Two rotations of one day, one of which was asked for the day before.
async fn day() -> TestWorld {
    let world = TestWorld::empty();
    story::asked(&world).await;
    story::rotated(&world).await;
    let platform = |action: &str| {
        json!({
            "action": action, "request_id": OTHER, "tenant": "platform",
            "target_id": "prod/db/app-primary", "actor_id": "ci", "actorRole": "internal_admin",
            "metadata": { "kind": "postgres", "class": "wrong_password" },
        })
    };
    let records = [
        record(1, NOW - 90_000, platform("rotation.accepted")),
        record(2, NOW - 50_000, platform("rotation.failed")),
        // None of these is a rotation of the day.
        record(
            3,
            NOW - 40_000,
            json!({ "action": "credential.retired", "request_id": "x" }),
        ),
        record(
            4,
            NOW - 30_000,
            json!({ "action": "rotation.planned", "request_id": "y" }),
        ),
        record(
            5,
            NOW - 90_000,
            json!({ "action": "secret.rotated", "request_id": "z" }),
        ),
    ];
    writes(&world, &records, NOW - 20_000).await;
    world
}

#[tokio::test]
async fn every_rotation_of_a_day_stands_in_its_log_with_its_result_and_who_asked() {
    let (world, folder) = (day().await, Folder::new());
    let (seen, page) = written(&world, &folder, "").await;
    golden("rotation-log-page", &page);
    golden(
        "rotation-log",
        &folder.hidden(&format!("{}{}", seen.out, seen.err)),
    );
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(
        page.lines()
            .filter(|line| line.starts_with("| 2026"))
            .count(),
        2
    );
    assert!(page.contains(OTHER) && page.contains(NEW));
    assert!(page.contains("failed (wrong\\_password)") || page.contains("failed (wrong_password)"));
}

#[tokio::test]
async fn a_sign_off_names_who_when_and_the_newest_records_and_stays() {
    let (world, folder) = (day().await, Folder::new());
    let (seen, page) = written(&world, &folder, " --sign-off 'Anna Berg'").await;
    golden("rotation-log-signed", &page);
    assert_eq!(seen.exit, Exit::Ok);
    let (seen, again) = written(&world, &folder, "").await;
    assert_eq!(page, again);
    assert!(seen.out.contains("nothing new"), "{}", seen.out);
    let (_, twice) = written(&world, &folder, " --sign-off Ben").await;
    assert!(twice.starts_with(page.trim_end()), "{twice}");
    assert!(
        twice.contains("\n- Ben, 2026-11-22T00:00:00Z, 2 rotations\n"),
        "{twice}"
    );
}

#[tokio::test]
async fn a_rotation_that_is_rolled_back_the_next_day_was_a_success_that_day() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::rotated(&world).await;
    let back = json!({ "action": "secret.rolled_back", "request_id": NEW });
    writes(&world, &[record(1, NOW + 60, back)], NOW + 60).await;
    let (_, page) = written(&world, &folder, "").await;
    assert!(page.contains("| success |"), "{page}");
}

#[tokio::test]
async fn a_day_without_rotations_has_a_log_that_says_so() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    let (seen, page) = written(&world, &folder, "").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(page.contains("No rotation is recorded"), "{page}");
}

#[tokio::test]
async fn a_day_that_is_not_over_is_told_and_one_that_has_not_come_is_refused() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    let out = folder.0.display();
    let seen = typed(&world, &format!("rotation-log 2026-11-22 --out {out}")).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.err.contains("not over"), "{}", seen.err);
    let seen = typed(&world, &format!("rotation-log 2026-11-23 --out {out}")).await;
    assert_eq!(seen.exit, Exit::Usage);
}
