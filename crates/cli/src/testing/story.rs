//! A rotation, as the bus tells of it.

use serde_json::json;

use super::trail::{BEGIN, NEW, OLD, SECRET, secret, tells};
use super::world::TestWorld;
use crate::moment::rfc3339;

/// Somebody asks, and it is accepted.
pub async fn asked(world: &TestWorld) {
    let detail = json!({
        "request": NEW, "requester": "rekey.requester.operators", "answer": "accepted",
        "key": SECRET, "secret": secret(), "actor": "platform on-call", "role": "internal_admin",
        "requested_by": "anna", "reason": "leaked in a build log", "rollout_note": "CHG-1182",
        "consumers": ["billing-api", "web"], "sites": ["eu-west"],
    });
    tells(
        world,
        "rekey.request",
        "rekey.request.answered",
        BEGIN,
        detail,
    )
    .await;
}

/// It is refused.
pub async fn refused(world: &TestWorld) {
    let detail = json!({
        "request": NEW, "requester": "rekey.requester.operators", "class": "window_closed",
        "message": "the window is closed", "advice": "ask again on Monday",
        "key": SECRET, "secret": secret(), "actor": "platform on-call", "role": "internal_admin",
    });
    tells(
        world,
        "rekey.request",
        "rekey.request.refused",
        BEGIN,
        detail,
    )
    .await;
}

/// The function is about to change something at the target.
pub async fn intended(world: &TestWorld) {
    let detail = json!({
        "secret": secret(), "version_id": NEW, "step": "setSecret", "kind": "postgres",
        "strategy": "alternating-users",
        "fingerprint": "hmac-sha256:3f9a0c5be1d247768c10d2f4a5b6e798",
    });
    tells(
        world,
        "rekey.rotate",
        "rekey.rotation.intended",
        BEGIN + 10,
        detail,
    )
    .await;
}

/// It is changed, and switched to.
pub async fn rotated(world: &TestWorld) {
    intended(world).await;
    switched(world).await;
}

/// AWSCURRENT is seen on the new version.
pub async fn switched(world: &TestWorld) {
    let detail = json!({
        "key": SECRET, "secret": secret(), "version_id": NEW, "rotated_from": OLD, "version": 2,
        "result": "success", "requested_by": "platform on-call", "reason": "leaked in a build log",
        "consumers": ["billing-api", "web"], "metadata": { "sites": ["eu-west"] },
    });
    tells(
        world,
        "rekey.observe",
        "greentic.secrets.rotate.completed",
        BEGIN + 20,
        detail,
    )
    .await;
}

/// A step fails, and in the end nothing more is tried.
pub async fn failed(world: &TestWorld) {
    intended(world).await;
    let detail = json!({
        "secret": secret(), "version_id": NEW, "class": "target_unreachable", "step": "setSecret",
        "message": "the database did not answer", "retryable": true, "request_id": "invocation-1",
    });
    tells(
        world,
        "rekey.rotate",
        "rekey.step.failed",
        BEGIN + 30,
        detail,
    )
    .await;
    let detail = json!({
        "key": SECRET, "secret": secret(), "version_id": NEW, "version": 2, "result": "failed",
        "class": "target_unreachable", "error": "the database did not answer in any attempt",
        "consumers": [],
    });
    tells(
        world,
        "rekey.sweep",
        "greentic.secrets.rotate.completed",
        BEGIN + 3_000,
        detail,
    )
    .await;
}

/// A step fails after the change was announced.
pub async fn stumbled(world: &TestWorld) {
    let detail = json!({
        "secret": secret(), "version_id": NEW, "class": "wrong_password", "step": "testSecret",
        "message": "the new password was refused", "retryable": true, "request_id": "invocation-1",
    });
    tells(
        world,
        "rekey.rotate",
        "rekey.step.failed",
        BEGIN + 15,
        detail,
    )
    .await;
}

/// The credential before it is seen dead.
pub async fn retired(world: &TestWorld) {
    let at = BEGIN + 6_000;
    let detail = json!({
        "secret": secret(), "version_id": OLD, "kind": "postgres",
    });
    tells(world, "rekey.retire", "rekey.retire.intended", at, detail).await;
    let detail = json!({
        "secret": secret(), "version_id": OLD, "kind": "postgres",
        "proof": { "method": "login_refused", "seen_at": rfc3339(at + 1), "sessions_ended": 2 },
        "label_removed": true, "forced": false, "waited_for": ["sessions_open"],
    });
    tells(
        world,
        "rekey.retire",
        "rekey.secret.retired",
        at + 2,
        detail,
    )
    .await;
}

/// It is taken back.
pub async fn rolled_back(world: &TestWorld) {
    let at = BEGIN + 1_000;
    let detail = json!({
        "secret": secret(), "version_id": OLD, "from_version": NEW, "kind": "postgres",
        "requested_by": "arn:aws:iam::123456789012:user/anna", "reason": "the release does not start",
    });
    tells(world, "rekey.retire", "rekey.rollback.intended", at, detail).await;
    let detail = json!({
        "secret": secret(), "from_version": NEW, "to_version": OLD, "restored": false,
        "requested_by": "arn:aws:iam::123456789012:user/anna", "reason": "the release does not start",
        "proof": { "method": "login_accepted", "seen_at": rfc3339(at + 1) },
    });
    tells(
        world,
        "rekey.retire",
        "rekey.secret.rolled_back",
        at + 2,
        detail,
    )
    .await;
    let detail = json!({
        "key": SECRET, "secret": secret(), "version_id": NEW, "version": 2, "result": "rolled_back",
        "requested_by": "arn:aws:iam::123456789012:user/anna", "reason": "the release does not start",
        "consumers": ["billing-api", "web"], "metadata": { "current_version": OLD },
    });
    tells(
        world,
        "rekey.observe",
        "greentic.secrets.rotate.completed",
        at + 5,
        detail,
    )
    .await;
}
