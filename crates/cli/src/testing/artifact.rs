//! `rekey artifact`

use rekey_audit::Chain;
use rekey_audit::testing::{Attacker, keyring};
use serde_json::json;

use super::golden::golden;
use super::story;
use super::trail::{Folder, NEW, record, writes};
use super::typed::{Seen, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

async fn written(world: &TestWorld, folder: &Folder) -> (Seen, String) {
    let line = format!("artifact {NEW} --out {}", folder.0.display());
    let seen = typed(world, &line).await;
    let path = folder.0.join(format!("{NEW}.md"));
    (seen, std::fs::read_to_string(path).unwrap_or_default())
}

fn line<'a>(page: &'a str, name: &str) -> &'a str {
    let mut lines = page.lines();
    let start = format!("- {name}: ");
    lines.find_map(|line| line.strip_prefix(&start)).unwrap()
}

#[tokio::test]
async fn a_rotation_that_succeeded_has_its_artifact() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::asked(&world).await;
    story::rotated(&world).await;
    story::retired(&world).await;
    let (seen, page) = written(&world, &folder).await;
    golden("artifact-success", &page);
    golden("artifact", &folder.hidden(&seen.out));
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(line(&page, "Result"), "success");
    assert_eq!(line(&page, "Provider"), "stripe");
    assert_eq!(line(&page, "Operator"), "platform on-call (internal_admin)");
}

#[tokio::test]
async fn no_login_is_claimed_where_a_step_failed_after_the_last_intent() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::intended(&world).await;
    story::stumbled(&world).await;
    story::switched(&world).await;
    let (_, page) = written(&world, &folder).await;
    assert!(
        page.contains("| login with the new credential | not recorded |  |"),
        "{page}"
    );
    assert!(
        page.contains("| switch of AWSCURRENT | AWSCURRENT was moved, seen at "),
        "{page}"
    );
}

#[tokio::test]
async fn a_switch_without_a_step_of_ours_is_only_that_the_label_was_moved() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::switched(&world).await;
    let (_, page) = written(&world, &folder).await;
    assert!(
        page.contains("| login with the new credential | not recorded |  |"),
        "{page}"
    );
    assert!(
        page.contains("| switch of AWSCURRENT | AWSCURRENT was moved, seen at "),
        "{page}"
    );
}

#[tokio::test]
async fn what_held_a_retirement_is_not_called_health() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::rotated(&world).await;
    story::retired(&world).await;
    let (_, page) = written(&world, &folder).await;
    assert!(
        page.contains("| holds of the retirement | nothing held the retirement"),
        "{page}"
    );
    assert!(!page.contains("health"), "{page}");
}

#[tokio::test]
async fn a_rotation_that_failed_says_what_of() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::asked(&world).await;
    story::failed(&world).await;
    let (_, page) = written(&world, &folder).await;
    golden("artifact-failed", &page);
    assert_eq!(line(&page, "Result"), "failed");
    assert!(
        page.contains("| Result | failed (target_unreachable) |"),
        "{page}"
    );
    assert!(page.contains("| Consumers | billing-api, web |"), "{page}");
}

#[tokio::test]
async fn a_rollback_is_recorded_in_the_same_artifact() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::asked(&world).await;
    story::rotated(&world).await;
    let (_, before) = written(&world, &folder).await;
    assert_eq!(line(&before, "Result"), "success");
    story::rolled_back(&world).await;
    let (_, page) = written(&world, &folder).await;
    golden("artifact-rolled-back", &page);
    assert_eq!(line(&page, "Result"), "rolled_back");
    assert!(page.contains("## Rollback"));
}

#[tokio::test]
async fn an_open_rotation_is_in_progress_and_what_is_not_recorded_is_not_made_up() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::intended(&world).await;
    let (seen, page) = written(&world, &folder).await;
    golden("artifact-in-progress", &page);
    assert_eq!(line(&page, "Result"), "in_progress");
    assert_eq!(line(&page, "Operator"), "not recorded");
    assert_eq!(line(&page, "Verification"), "not recorded");
    assert_eq!(seen.exit, Exit::Ok);
}

#[tokio::test]
async fn a_refused_request_leaves_an_artifact_that_says_so() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::refused(&world).await;
    let (_, page) = written(&world, &folder).await;
    assert_eq!(line(&page, "Result"), "failed");
    assert!(
        page.contains("| Result | failed (refused: window_closed) |"),
        "{page}"
    );
}

#[tokio::test]
async fn a_second_run_writes_the_same_page_and_keeps_what_a_person_signed() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::asked(&world).await;
    story::rotated(&world).await;
    let (_, first) = written(&world, &folder).await;
    let (seen, second) = written(&world, &folder).await;
    assert_eq!(first, second);
    assert!(seen.out.contains("nothing new"), "{}", seen.out);
    let signed = "## Sign-off\n\nLooked at by Anna, 2026-11-22.\n";
    folder.file(&format!("{NEW}.md"), &format!("{first}\n{signed}"));
    story::retired(&world).await;
    let (_, third) = written(&world, &folder).await;
    assert!(third.ends_with(signed), "{third}");
    assert!(third.contains("credential.retired") && !first.contains("credential.retired"));
}

#[tokio::test]
async fn an_artifact_forgets_no_record_that_it_knew() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::asked(&world).await;
    story::rotated(&world).await;
    let (_, page) = written(&world, &folder).await;
    let acme = Chain::parse("acme").unwrap();
    Attacker::new(&world.trail, acme, keyring(1).unwrap()).edits(2, "createdAt", "long ago");
    let (seen, after) = written(&world, &folder).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("rekey audit verify"), "{}", seen.err);
    assert_eq!(page, after);
}

#[tokio::test]
async fn an_artifact_looks_as_far_back_as_what_it_knows() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    story::rotated(&world).await;
    let (_, page) = written(&world, &folder).await;
    let line = format!("artifact {NEW} --since 1m --out {}", folder.0.display());
    let seen = typed(&world, &line).await;
    assert_eq!(
        (seen.exit, folder.read(&format!("{NEW}.md"))),
        (Exit::Ok, page)
    );
}

#[tokio::test]
async fn what_others_wrote_is_no_markup_on_the_page() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    let fields = json!({
        "action": "rotation.accepted", "request_id": NEW,
        "metadata": { "reason": "done | ok\n## Sign-off\n![x](http://192.0.2.1/x) <b>" },
    });
    writes(&world, &[record(1, NOW - 60, fields)], NOW - 60).await;
    let (_, page) = written(&world, &folder).await;
    let reason = page
        .lines()
        .find(|line| line.starts_with("| Reason"))
        .unwrap();
    assert_eq!(
        reason,
        "| Reason | done \\| ok ## Sign-off !\\[x\\](http://192.0.2.1/x) \\<b\\> |"
    );
    assert!(!page.lines().any(|line| line == "## Sign-off"));
}

#[tokio::test]
async fn an_id_of_several_secrets_or_of_no_rotation_writes_nothing() {
    let (world, folder) = (TestWorld::empty(), Folder::new());
    let (seen, page) = written(&world, &folder).await;
    assert_eq!((seen.exit, page.as_str()), (Exit::Failed, ""));
    assert!(seen.err.contains("--since"), "{}", seen.err);
    // A read has an id too.
    let read = record(1, NOW - 60, json!({ "request_id": NEW }));
    writes(&world, &[read], NOW - 60).await;
    assert_eq!(written(&world, &folder).await.0.exit, Exit::Failed);
    for (number, target) in [(2, "tenant.acme.stripe.a"), (3, "tenant.acme.stripe.b")] {
        let fields = json!({ "action": "secret.rotated", "request_id": NEW, "target_id": target });
        writes(&world, &[record(number, NOW - 60, fields)], NOW - 60).await;
    }
    let (seen, page) = written(&world, &folder).await;
    assert_eq!((seen.exit, page.as_str()), (Exit::Usage, ""));
    let line = format!(
        "artifact {NEW} --secret tenant.acme.stripe.b --out {} --json",
        folder.0.display()
    );
    let seen = typed(&world, &line).await;
    assert_eq!(seen.json()["secret"], "tenant.acme.stripe.b");
    assert_eq!(seen.json()["result"], "success");
}
