//! Rotations that somebody asks for, from the event on the requests bus to its outcome.

use anyhow::{Context as _, Result};
use rekey_tests::door::Door;
use rekey_tests::person::Person;
use rekey_tests::team::closed_window;
use serde_json::{Value, json};

use super::asking::{KEY, answered, completed, current, office, refused, rotators, team};
use super::operating::{NAME, observed, operator, rekey, rekey_json, told};
use super::playground::{details, events, works};

#[tokio::test]
async fn a_request_rotates_and_its_end_names_who_asked_why_and_who_is_affected() -> Result<()> {
    let (scene, admin) = office("asked", true, &[]).await?;
    scene
        .secrets
        .tag(&scene.secret, "rekey:sites", "shop")
        .await?;
    observed(&scene).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let more = json!({ "requested_by": "user-123", "pack_id": "billing-pack@1.2.3" });
    shop.ask(KEY, "flow-1", &more).await?;
    let accepted = answered(&scene, "flow-1", "accepted").await?;
    assert_eq!(accepted["actor"], "team shop");
    assert_eq!(accepted["role"], "internal_admin");
    assert_eq!(accepted["requested_by"], "user-123");
    assert_eq!(accepted["requester"], "rekey.requester.shop");
    assert_eq!(accepted["owner"], "demo");
    assert_eq!(accepted["sites"], json!(["shop"]));
    let token = current(&scene, &accepted).await?;
    let after = scene.secrets.current(&scene.secret).await?;
    assert_eq!(after.id, token, "the version is the request");
    assert!(works(&scene, &before).await? && works(&scene, &after).await?);
    let end = completed(&scene, "flow-1").await?;
    assert_eq!(end["result"], "success");
    assert_eq!(end["version_id"], token.as_str());
    assert_eq!(end["requested_by"], "team shop");
    assert_eq!(end["reason"], "because of flow-1");
    assert_eq!(end["pack_id"], "billing-pack@1.2.3");
    let olga = operator(&scene).await?;
    let shown = rekey_json(&scene, &olga, 0, &["requests", "show", &token]).await?;
    assert_eq!(shown["request"]["standing"], "ended", "{shown}");
    assert_eq!(shown["request"]["outcome"]["outcome"], "success", "{shown}");
    Ok(())
}

#[tokio::test]
async fn outside_its_window_a_request_is_refused_with_the_next_opening() -> Result<()> {
    let (scene, admin) = office("windowed", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let window = closed_window()?;
    scene
        .secrets
        .tag(&scene.secret, "rekey:window", &window)
        .await?;
    observed(&scene).await?;
    let before = scene.secrets.current(&scene.secret).await?;
    shop.ask(KEY, "flow-1", &json!({})).await?;
    let refusal = refused(&scene, "flow-1").await?;
    assert_eq!(refusal["class"], "window_closed");
    assert!(refusal["retry_at"].is_string());
    assert!(
        refusal["advice"]
            .as_str()
            .is_some_and(|text| text.len() > 20)
    );
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, before.id);
    // What the request names itself is held to as well.
    scene
        .secrets
        .tag(&scene.secret, "rekey:window", "00:00-24:00")
        .await?;
    observed(&scene).await?;
    let past = json!({ "metadata": { "window": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z" } });
    shop.ask(KEY, "flow-2", &past).await?;
    assert_eq!(refused(&scene, "flow-2").await?["class"], "window_closed");
    shop.ask(KEY, "flow-3", &json!({})).await?;
    let accepted = answered(&scene, "flow-3", "accepted").await?;
    current(&scene, &accepted).await?;
    Ok(())
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() -> Result<()> {
    let (scene, admin) = office("rehearsed", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let root = scene.database.superuser("postgres").await?;
    let roles = async || -> Result<Vec<String>> {
        let rows = root
            .query(
                "SELECT rolname || ' ' || coalesce(rolpassword, '') || ' ' || rolcanlogin FROM pg_authid ORDER BY 1",
                &[],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    };
    let (before, version) = (roles().await?, scene.secrets.describe(&scene.secret).await?);
    let dry = json!({ "metadata": { "dry_run": true, "rollout_note": "CHG-1" } });
    shop.ask(KEY, "flow-1", &dry).await?;
    let planned = answered(&scene, "flow-1", "planned").await?;
    let checks = planned["checks"].as_array().context("no checks")?;
    let names: Vec<_> = checks.iter().map(|check| check["name"].as_str()).collect();
    for name in ["reachable", "tls", "login", "permission"] {
        assert!(names.contains(&Some(name)), "{planned}");
    }
    assert!(
        checks.iter().all(|check| check["result"] == "passed"),
        "{planned}"
    );
    assert_eq!(planned["steps"].as_array().map(Vec::len), Some(4));
    assert_eq!(roles().await?, before, "a dry run changed a role");
    let now = scene.secrets.describe(&scene.secret).await?;
    assert_eq!(now.version_ids_to_stages, version.version_ids_to_stages);
    let all = events(&scene).await?;
    assert_eq!(
        details(&all, "rekey.rotation.intended"),
        Vec::<Value>::new()
    );

    // The superuser may not log in: the rehearsal says so, and the rotation is not tried.
    let admin_role = &scene.database.admin;
    root.batch_execute(&format!("ALTER ROLE {admin_role} NOLOGIN"))
        .await?;
    shop.ask(KEY, "flow-2", &dry).await?;
    let refusal = refused(&scene, "flow-2").await?;
    assert_eq!(refusal["dry_run"], true);
    let failed = refusal["checks"].as_array().context("no checks")?;
    assert!(
        failed.iter().any(|check| check["result"] == "failed"),
        "{refusal}"
    );
    assert!(
        failed.iter().any(|check| check["result"] == "passed"),
        "{refusal}"
    );
    Ok(())
}

#[tokio::test]
async fn where_approval_is_manual_a_second_person_says_yes() -> Result<()> {
    let (scene, admin) = office("approved", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let approving = ["--role", "internal_admin", "--may-approve"];
    let security = team(&scene, &admin, "security", &approving).await?;
    scene
        .secrets
        .tag(&scene.secret, "rekey:approval", "manual")
        .await?;
    observed(&scene).await?;
    let before = scene.secrets.current(&scene.secret).await?;
    shop.ask(KEY, "flow-1", &json!({})).await?;
    let waiting = answered(&scene, "flow-1", "awaiting_approval").await?;
    let token = waiting["request"]
        .as_str()
        .context("no request")?
        .to_owned();
    // Who asked says yes: that is no second person.
    let own = json!({ "metadata": { "approves": token } });
    shop.ask(KEY, "flow-2", &own).await?;
    assert_eq!(refused(&scene, "flow-2").await?["class"], "forbidden");
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, before.id);
    let reader = scene.stack.output("ReaderPolicyArn");
    security.person.may_also(&scene.cloud, reader).await?;
    let approve = ["requests", "approve", &token, "--as", "security", "--yes"];
    let said = rekey(&scene, &security.person, &approve).await?;
    assert_eq!(said.code, 0, "{said:?}\n{}", told(&scene).await);
    let accepted = answered(&scene, "flow-1", "accepted").await?;
    assert_eq!(accepted["approved_by"], "team security");
    assert_eq!(current(&scene, &accepted).await?, token);
    Ok(())
}

#[tokio::test]
async fn a_forced_request_inside_the_grace_retires_the_old_credential_first() -> Result<()> {
    let (scene, admin) = office("forced", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let forcing = ["--role", "internal_admin", "--may-force"];
    let security = team(&scene, &admin, "security", &forcing).await?;
    let first = scene.secrets.current(&scene.secret).await?;
    shop.ask(KEY, "flow-1", &json!({})).await?;
    current(&scene, &answered(&scene, "flow-1", "accepted").await?).await?;
    let second = scene.secrets.current(&scene.secret).await?;
    completed(&scene, "flow-1").await?;
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    shop.ask(KEY, "flow-2", &force).await?;
    assert_eq!(refused(&scene, "flow-2").await?["class"], "grace_running");
    assert!(
        works(&scene, &first).await?,
        "who may not force changed something"
    );
    security.ask(KEY, "flow-3", &force).await?;
    let accepted = answered(&scene, "flow-3", "accepted").await?;
    current(&scene, &accepted).await?;
    let third = scene.secrets.current(&scene.secret).await?;
    assert!(
        !works(&scene, &first).await?,
        "the leaked credential still works"
    );
    assert!(works(&scene, &second).await? && works(&scene, &third).await?);
    let retired = details(&events(&scene).await?, "rekey.secret.retired");
    assert_eq!(retired[0]["version_id"], first.id.as_str());
    Ok(())
}

#[tokio::test]
async fn a_single_user_is_rotated_when_the_request_accepts_the_gap() -> Result<()> {
    let (scene, admin) = office("gap", false, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    shop.ask(KEY, "flow-1", &json!({})).await?;
    let refusal = refused(&scene, "flow-1").await?;
    assert_eq!(refusal["class"], "invalid_request");
    let advice = refusal["advice"].as_str().unwrap_or_default();
    assert!(advice.contains("accept_no_overlap"), "{refusal}");
    let yes = json!({ "metadata": { "accept_no_overlap": true } });
    shop.ask(KEY, "flow-2", &yes).await?;
    current(&scene, &answered(&scene, "flow-2", "accepted").await?).await?;
    Ok(())
}

#[tokio::test]
async fn rekey_rotate_waits_to_the_end_and_its_exit_codes_tell_what_came_of_it() -> Result<()> {
    let (scene, admin) = office("typed", true, &[]).await?;
    let olga = operator(&scene).await?;
    let rotate = |more: &[&str]| {
        let words = [
            "rotate",
            NAME,
            "--reason",
            "the quarter's rotation",
            "--yes",
            "--json",
        ];
        [&words, more]
            .concat()
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let typed = async |person: &Person, more: &[&str]| {
        let words = rotate(more);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        rekey(&scene, person, &words).await
    };
    // Nobody has said who the operators are.
    let said = typed(&olga, &[]).await?;
    assert_eq!(said.code, 3, "{said:?}\n{}", told(&scene).await);
    let refusal = &said.json()?["request"]["refusal"];
    assert_eq!(refusal["class"], "forbidden", "{said:?}");
    let allow = [
        "requesters",
        "allow",
        "operators",
        "--actor",
        "the operators",
        "--role",
        "internal_admin",
    ];
    let allowed = rekey(&scene, &admin, &allow).await?;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    let planned = typed(&olga, &["--dry-run"]).await?;
    assert_eq!(planned.code, 0, "{planned:?}\n{}", told(&scene).await);
    assert_eq!(
        planned.json()?["request"]["standing"],
        "planned",
        "{planned:?}"
    );
    let before = scene.secrets.current(&scene.secret).await?;
    let done = typed(&olga, &["--wait", "--note", "CHG-7"]).await?;
    assert_eq!(done.code, 0, "{done:?}\n{}", told(&scene).await);
    let after = scene.secrets.current(&scene.secret).await?;
    assert_ne!(after.id, before.id);
    assert_eq!(done.json()?["request"]["id"], after.id.as_str(), "{done:?}");
    // The grace is running: refused, with the class.
    let again = typed(&olga, &[]).await?;
    assert_eq!(again.code, 3, "{again:?}");
    let list = rekey_json(&scene, &olga, 0, &["requests", "list"]).await?;
    assert_eq!(list["requests"].as_array().map(Vec::len), Some(4), "{list}");
    let impact = rekey_json(&scene, &olga, 0, &["impact", NAME]).await?;
    assert_eq!(impact["impact"]["owner"], "demo", "{impact}");
    // Whoever has no policy for it is told which one allows it.
    let reader = scene.stack.output("ReaderPolicyArn");
    let ruth = Person::with_policy(&scene.cloud, "ruth", reader).await?;
    let denied = typed(&ruth, &[]).await?;
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.err.contains("rekey-local-"), "{denied:?}");
    assert!(
        Door::of(&scene.cloud)
            .depth(scene.stack.output("RequestDeadLetterQueueUrl"))
            .await?
            .is_empty()
    );
    Ok(())
}
