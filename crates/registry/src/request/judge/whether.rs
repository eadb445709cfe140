//! Whether the secret is one that can be rotated on request at all.

use rekey_events::{ErrorClass, Kind};

use super::no;
use crate::policy::Policy;
use crate::record::Presence;
use crate::request::record::Refusal;
use crate::state::SecretState;

/// That the secret is not registered.
pub(crate) fn not_registered(now: i64) -> Box<Refusal> {
    no(
        ErrorClass::NotRegistered,
        "the secret is not registered",
        "give it the tag rekey:owner, and ask again when `rekey secrets list` shows it; or correct the key",
        now,
    )
}

/// Whether the secret is one that we rotate.
pub(crate) fn registered(
    state: &SecretState,
    policy: &Policy,
    now: i64,
) -> Result<(), Box<Refusal>> {
    let invalid =
        |message: &str, advice: &str| Err(no(ErrorClass::InvalidRequest, message, advice, now));
    let secret = &state.secret;
    match secret.presence {
        Presence::Present => {}
        Presence::Deleting { .. } => {
            return invalid(
                "the secret is scheduled for deletion",
                "restore it first, if it shall live: aws secretsmanager restore-secret",
            );
        }
        Presence::Gone | Presence::Missing { .. } => {
            return invalid(
                "the secret is registered, and Secrets Manager has it no more",
                "see: rekey doctor",
            );
        }
    }
    if let Some(service) = &secret.owning_service {
        return Err(no(
            ErrorClass::InvalidRequest,
            format!("the secret is managed by {service}, which rotates it"),
            format!("ask {service} for the rotation"),
            now,
        ));
    }
    if !secret.rotation_enabled || secret.rotation_function.is_none() {
        return invalid(
            "rotation is not turned on for the secret",
            "turn it on with a rotation function of this stack: docs/moving-from-aws-functions.md; for a schedule of Rekey's, with the longest native one and RotateImmediately=false",
        );
    }
    if !secret.is_rotated_by_us(policy) {
        return invalid(
            "another rotation function than this stack's rotates the secret",
            "change RotationLambdaARN: docs/moving-from-aws-functions.md",
        );
    }
    if Kind::of(&secret.kind).is_none() {
        return Err(no(
            ErrorClass::InvalidRequest,
            format!("there is no rotator for the kind {}", secret.kind),
            format!(
                "give the secret the tag rekey:kind with one of: {}",
                Kind::WORDS.join(", ")
            ),
            now,
        ));
    }
    if let Some(tag) = secret.bad_tags.first() {
        return Err(no(
            ErrorClass::InvalidRequest,
            format!(
                "the tag {tag} of the secret cannot be understood, so nobody knows what its policy is"
            ),
            "correct the tag; `rekey doctor` says what it may hold",
            now,
        ));
    }
    Ok(())
}
