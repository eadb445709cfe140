use super::{Broken, FIRST, Rule, SECOND, THIRD, some};
use crate::testing::verbs::{INVALID_REQUEST, NOT_FOUND, Verbs};

pub(super) async fn makes_an_empty_pending_version<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.equal(rule.holder("AWSPENDING").await?, some(SECOND))?;
    rule.equal(rule.described().await?.rotation_enabled, Some(true))?;
    for version in [None, Some(SECOND)] {
        let read = rule
            .verbs
            .get_secret_value(&rule.secret, version, Some("AWSPENDING"))
            .await;
        rule.refused(read, &[NOT_FOUND])?;
    }
    rule.equal(rule.value("AWSCURRENT").await?, "one".to_owned())
}

pub(super) async fn pending_value_is_kept_there<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    let read = rule
        .verbs
        .get_secret_value(&rule.secret, Some(SECOND), Some("AWSPENDING"))
        .await;
    let read = rule.taken(read)?;
    rule.equal(read.value, "two".to_owned())?;
    rule.equal(read.version, SECOND.to_owned())?;
    rule.equal(read.stages, vec!["AWSPENDING".to_owned()])?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))
}

pub(super) async fn same_token_goes_on<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    rule.rotate(SECOND).await?;
    rule.equal(rule.value("AWSPENDING").await?, "two".to_owned())?;
    rule.equal(rule.holder("AWSPENDING").await?, some(SECOND))
}

pub(super) async fn open_rotation_blocks<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    let again = rule
        .verbs
        .rotate_secret(&rule.secret, Some(THIRD), None, true)
        .await;
    rule.refused(again, &[INVALID_REQUEST])?;
    rule.verbs.settled(&rule.secret).await;
    rule.equal(rule.holder("AWSPENDING").await?, some(SECOND))?;
    let unused = rule
        .verbs
        .get_secret_value(&rule.secret, Some(THIRD), None)
        .await;
    rule.refused(unused, &[NOT_FOUND])
}

pub(super) async fn promotion_ends_it<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    rule.move_label("AWSCURRENT", SECOND, Some(FIRST)).await?;
    // Whether the label stays on the current version or is gone, AWS leaves open.
    let pending = rule.holder("AWSPENDING").await?;
    if pending.is_some_and(|pending| pending != SECOND) {
        return Err(rule.broken("AWSPENDING is on another version"));
    }
    rule.rotate(THIRD).await?;
    rule.equal(rule.holder("AWSPENDING").await?, some(THIRD))?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(SECOND))
}

pub(super) async fn left_behind_blocks<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    rule.move_label("AWSCURRENT", SECOND, Some(FIRST)).await?;
    rule.move_label("AWSCURRENT", FIRST, Some(SECOND)).await?;
    // Where the label has left the version when that was promoted, there is nothing to leave behind.
    if rule.holder("AWSPENDING").await? == some(SECOND) {
        let blocked = rule
            .verbs
            .rotate_secret(&rule.secret, Some(THIRD), None, true)
            .await;
        rule.refused(blocked, &[INVALID_REQUEST])?;
        rule.verbs.settled(&rule.secret).await;
        rule.remove_label("AWSPENDING", SECOND).await?;
    }
    rule.rotate(THIRD).await?;
    rule.equal(rule.holder("AWSPENDING").await?, some(THIRD))?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))
}

pub(super) async fn trial_changes_nothing<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    let function = Some(rule.verbs.rotation_function());
    let begun = rule
        .verbs
        .rotate_secret(&rule.secret, Some(SECOND), function, false)
        .await;
    rule.taken(begun)?;
    rule.verbs.settled(&rule.secret).await;
    rule.equal(rule.described().await?.rotation_enabled, Some(true))?;
    rule.equal(rule.holder("AWSPENDING").await?, None)?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))?;
    rule.rotate(THIRD).await?;
    rule.equal(rule.holder("AWSPENDING").await?, some(THIRD))
}

pub(super) async fn needs_a_function<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    let begun = rule
        .verbs
        .rotate_secret(&rule.secret, Some(SECOND), None, true)
        .await;
    rule.refused(begun, &[INVALID_REQUEST])?;
    rule.equal(rule.holder("AWSPENDING").await?, None)
}

pub(super) async fn cancelling_keeps_the_label<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.taken(rule.verbs.cancel_rotate_secret(&rule.secret).await)?;
    rule.equal(rule.holder("AWSPENDING").await?, some(SECOND))?;
    let enabled = rule.described().await?.rotation_enabled;
    rule.equal(enabled.unwrap_or(false), false)
}

pub(super) async fn current_value_by_hand_abandons<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    rule.put(THIRD, "three", &[]).await?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(THIRD))?;
    rule.equal(rule.holder("AWSPENDING").await?, None)
}
