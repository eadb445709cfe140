use super::{Broken, FIRST, Rule, SECOND, some};
use crate::testing::verbs::{EXISTS, INVALID_PARAMETER, Verbs};

pub(super) async fn same_value_is_no_change<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    for _ in 0..2 {
        rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    }
    rule.put(FIRST, "one", &["AWSPENDING"]).await?;
    rule.equal(rule.holder("AWSPENDING").await?, some(SECOND))?;
    rule.equal(rule.holder("AWSCURRENT").await?, some(FIRST))
}

pub(super) async fn other_value_is_refused<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    rule.rotate(SECOND).await?;
    rule.put(SECOND, "two", &["AWSPENDING"]).await?;
    let other = rule
        .verbs
        .put_secret_value(&rule.secret, Some(SECOND), "three", &["AWSPENDING"])
        .await;
    rule.refused(other, &[EXISTS])?;
    rule.equal(rule.value("AWSPENDING").await?, "two".to_owned())
}

pub(super) async fn length_is_checked<V: Verbs>(rule: &Rule<'_, V>) -> Result<(), Broken> {
    rule.with_a_value().await?;
    for len in [31, 65] {
        let token = "t".repeat(len);
        let put = rule
            .verbs
            .put_secret_value(&rule.secret, Some(&token), "two", &[])
            .await;
        rule.refused(put, &[INVALID_PARAMETER, "ValidationException"])?;
    }
    rule.equal(rule.value("AWSCURRENT").await?, "one".to_owned())
}
