use super::{Broken, FIRST, Rule, SECOND, THIRD, some};
use crate::testing::verbs::{INVALID_PARAMETER, INVALID_REQUEST, NOT_FOUND, Verbs};

pub(super) async fn put_without_stages_is_current<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &[]).await?;
    rule.equal(rule.value("AWSCURRENT").await?, "two".to_owned())?;
    rule.equal(rule.value("AWSPREVIOUS").await?, "one".to_owned())
}

pub(super) async fn first_value_is_current<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    let made = rule.verbs.create_secret(&rule.secret, None, None).await;
    rule.equal(rule.taken(made)?, None)?;
    rule.put(FIRST, "one", &["blue"]).await?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))?;
    rule.equal(rule.holder("blue").await?, some(FIRST))
}

pub(super) async fn previous_follows<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &["blue"]).await?;
    rule.move_label("AWSCURRENT", SECOND, Some(FIRST)).await?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(SECOND))?;
    rule.equal(rule.holder("AWSPREVIOUS").await?, some(FIRST))?;
    rule.put(THIRD, "three", &[]).await?;
    rule.equal(rule.holder("AWSPREVIOUS").await?, some(SECOND))?;
    rule.move_label("AWSCURRENT", FIRST, Some(THIRD)).await?;
    rule.equal(rule.holder("AWSPREVIOUS").await?, some(THIRD))
}

pub(super) async fn one_version_only<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &["blue"]).await?;
    rule.put(THIRD, "three", &["blue"]).await?;
    rule.equal(rule.holder("blue").await?, some(THIRD))?;
    rule.move_label("blue", FIRST, Some(THIRD)).await?;
    rule.equal(rule.holder("blue").await?, some(FIRST))
}

pub(super) async fn holder_must_be_named<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &["blue"]).await?;
    rule.put(THIRD, "three", &["green"]).await?;
    for from in [None, Some(THIRD)] {
        let moved = rule
            .verbs
            .update_secret_version_stage(&rule.secret, "AWSCURRENT", Some(SECOND), from)
            .await;
        rule.refused(moved, &[INVALID_PARAMETER, INVALID_REQUEST])?;
    }
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))?;
    rule.equal(rule.holder("AWSPREVIOUS").await?, None)
}

pub(super) async fn current_stays_somewhere<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    let removed = rule
        .verbs
        .update_secret_version_stage(&rule.secret, "AWSCURRENT", None, Some(FIRST))
        .await;
    rule.refused(removed, &[INVALID_PARAMETER, INVALID_REQUEST])?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))
}

pub(super) async fn others_can_be_removed<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.remove_label("AWSPENDING", SECOND).await?;
    rule.equal(rule.holder("AWSPENDING").await?, None)?;
    rule.rotate(THIRD).await?;
    rule.equal(rule.holder("AWSPENDING").await?, some(THIRD))
}

pub(super) async fn removed_from_its_holder<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &[]).await?;
    rule.put(THIRD, "three", &["AWSPENDING"]).await?;
    for (label, holder, elsewhere) in [
        ("AWSPREVIOUS", FIRST, SECOND),
        ("AWSPENDING", THIRD, SECOND),
    ] {
        let removed = rule
            .verbs
            .update_secret_version_stage(&rule.secret, label, None, Some(elsewhere))
            .await;
        rule.refused(removed, &[INVALID_PARAMETER, INVALID_REQUEST])?;
        rule.equal(rule.holder(label).await?, some(holder))?;
        rule.remove_label(label, holder).await?;
        rule.equal(rule.holder(label).await?, None)?;
    }
    rule.equal(rule.holder("AWSCURRENT").await?, some(SECOND))
}

pub(super) async fn goes_back_without_a_label<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &[]).await?;
    rule.remove_label("AWSPREVIOUS", FIRST).await?;
    let described = rule.described().await?;
    rule.equal(described.versions.contains_key(FIRST), false)?;
    rule.move_label("AWSPREVIOUS", FIRST, None).await?;
    rule.equal(rule.value("AWSPREVIOUS").await?, "one".to_owned())?;
    rule.remove_label("AWSPREVIOUS", FIRST).await?;
    rule.move_label("AWSCURRENT", FIRST, Some(SECOND)).await?;
    rule.equal(rule.value("AWSCURRENT").await?, "one".to_owned())?;
    rule.equal(rule.holder("AWSPREVIOUS").await?, some(SECOND))
}

pub(super) async fn goes_back_to_previous<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &[]).await?;
    rule.move_label("AWSCURRENT", FIRST, Some(SECOND)).await?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))?;
    rule.equal(rule.holder("AWSPREVIOUS").await?, some(SECOND))
}

pub(super) async fn read_by_id<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    let empty = rule
        .verbs
        .get_secret_value(&rule.secret, Some(SECOND), None)
        .await;
    rule.refused(empty, &[NOT_FOUND])?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    for (version, value, stage) in [(FIRST, "one", "AWSCURRENT"), (SECOND, "two", "AWSPENDING")] {
        let read = rule
            .verbs
            .get_secret_value(&rule.secret, Some(version), None)
            .await;
        let read = rule.taken(read)?;
        rule.equal(read.value, value.to_owned())?;
        rule.equal(read.stages, vec![stage.to_owned()])?;
    }
    Ok(())
}

pub(super) async fn version_and_label_must_agree<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &["blue"]).await?;
    let read = rule
        .verbs
        .get_secret_value(&rule.secret, Some(SECOND), Some("AWSPENDING"))
        .await;
    rule.refused(read, &[INVALID_REQUEST, INVALID_PARAMETER])
}

pub(super) async fn unknown_version_is_absent<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    let read = rule.verbs.get_secret_value(&rule.secret, None, None).await;
    rule.refused(read, &[NOT_FOUND])?;
    rule.refused(rule.verbs.describe_secret(&rule.secret).await, &[NOT_FOUND])?;
    rule.with_a_value().await?;
    for (version, stage) in [
        (Some(SECOND), None),
        (Some(SECOND), Some("AWSPENDING")),
        (None, Some("AWSPENDING")),
        (None, Some("AWSPREVIOUS")),
    ] {
        let read = rule
            .verbs
            .get_secret_value(&rule.secret, version, stage)
            .await;
        rule.refused(read, &[NOT_FOUND])?;
    }
    let moved = rule
        .verbs
        .update_secret_version_stage(&rule.secret, "AWSCURRENT", Some(SECOND), Some(FIRST))
        .await;
    rule.refused(moved, &[NOT_FOUND, INVALID_PARAMETER])
}

pub(super) async fn unlabelled_versions_are_deprecated<V: Verbs>(
    rule: &Rule<'_, V>,
) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.put(SECOND, "two", &[]).await?;
    rule.put(THIRD, "three", &[]).await?;
    let described = rule.described().await?;
    rule.equal(described.versions.contains_key(FIRST), false)?;
    for (deprecated, versions) in [(false, 2), (true, 3)] {
        let listed = rule
            .verbs
            .list_secret_version_ids(&rule.secret, deprecated)
            .await;
        rule.equal(rule.taken(listed)?.len(), versions)?;
    }
    let read = rule
        .verbs
        .get_secret_value(&rule.secret, Some(FIRST), None)
        .await;
    rule.equal(rule.taken(read)?.value, "one".to_owned())
}

pub(super) async fn tags_are_described<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    let tagged = rule
        .verbs
        .tag_resource(&rule.secret, "rekey:grace", "600")
        .await;
    rule.taken(tagged)?;
    let tags = rule.described().await?.tags;
    rule.equal(tags.get("rekey:grace").cloned(), some("600"))
}
