use super::{Broken, FIRST, Rule, SECOND};
use crate::testing::verbs::{INVALID_REQUEST, Verbs};

pub(super) async fn a_deleted_secret_keeps_its_values<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.taken(rule.verbs.delete_secret(&rule.secret, 30).await)?;
    rule.equal(rule.described().await?.deleted, true)?;
    let read = rule.verbs.get_secret_value(&rule.secret, None, None).await;
    rule.refused(read, &[INVALID_REQUEST])?;
    let put = rule
        .verbs
        .put_secret_value(&rule.secret, Some(SECOND), "two", &[])
        .await;
    rule.refused(put, &[INVALID_REQUEST])?;
    let function = Some(rule.verbs.rotation_function());
    let rotated = rule
        .verbs
        .rotate_secret(&rule.secret, Some(SECOND), function, true)
        .await;
    rule.refused(rotated, &[INVALID_REQUEST])?;
    rule.taken(rule.verbs.restore_secret(&rule.secret).await)?;
    rule.equal(rule.described().await?.deleted, false)?;
    rule.equal(rule.value("AWSCURRENT").await?, "one".to_owned())
}

pub(super) async fn its_name_is_taken<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.taken(rule.verbs.delete_secret(&rule.secret, 7).await)?;
    let made = rule
        .verbs
        .create_secret(&rule.secret, Some("two"), Some(SECOND))
        .await;
    rule.refused(made, &[INVALID_REQUEST])?;
    rule.taken(rule.verbs.restore_secret(&rule.secret).await)?;
    let first = rule
        .verbs
        .get_secret_value(&rule.secret, Some(FIRST), None)
        .await;
    rule.equal(rule.taken(first)?.value, "one".to_owned())
}
