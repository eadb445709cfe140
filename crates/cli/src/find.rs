//! From what somebody typed to a registered secret.

use rekey_events::{SecretId, SecretRef};
use rekey_registry::{SecretState, Store, VersionId};

use crate::error::Error;
use crate::world::{World, of_store};

/// How many names are read at once.
const PAGE: usize = 1_000;

/// How many names are looked through for one that was meant.
const LOOKED_THROUGH: usize = 20_000;

/// The record of a secret that is named by its name, its ARN or its key: the name without the stage.
///
/// # Errors
/// [`Error::NotRegistered`], with the names that look like it.
pub async fn registered<W: World>(world: &W, id: &str) -> Result<SecretState, Error> {
    let name = name_of(id)?;
    if let Some(region) = region_of(id)
        && region != world.region()
    {
        return Err(Error::Usage(format!(
            "the ARN is of a secret in {region}, and this looks in {}; say --region {region}",
            world.region()
        )));
    }
    let load = |name: String| async move {
        let found = world.store().load(&name).await;
        found.map_err(|error| of_store(world, error))
    };
    if let Some(state) = load(name.clone()).await? {
        return Ok(state);
    }
    let stored = format!("{}/{name}", world.stack().stage);
    if let Some(state) = load(stored).await? {
        return Ok(state);
    }
    Err(Error::NotRegistered {
        near: near(&name, &names(world, LOOKED_THROUGH).await?),
        name,
        stage: world.stack().stage.clone(),
    })
}

/// The names of all registered secrets, in order, at most about `most`.
///
/// # Errors
/// [`Error`] of the registry.
pub async fn names<W: World>(world: &W, most: usize) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let page = world
            .store()
            .list(names.last().map(String::as_str), PAGE)
            .await
            .map_err(|error| of_store(world, error))?;
        let last = page.len() < PAGE;
        names.extend(page);
        if last || names.len() >= most {
            return Ok(names);
        }
    }
}

/// The version with a number.
///
/// # Errors
/// [`Error::NoSuchVersion`].
pub fn numbered(state: &SecretState, number: u32) -> Result<VersionId, Error> {
    let found = state.numbered(number).map(|version| version.id.clone());
    found.ok_or_else(|| Error::NoSuchVersion {
        name: state.secret.name.clone(),
        number,
        highest: state.secret.highest_number,
    })
}

/// `prod/db/app-primary (postgres, owner payments)`.
pub fn of_whom(state: &SecretState) -> String {
    let secret = &state.secret;
    let owner = secret.owner.as_deref().unwrap_or("nobody");
    format!("{} ({}, owner {owner})", secret.name, secret.kind)
}

/// The name in a name or an ARN.
///
/// # Errors
/// [`Error::Usage`].
pub fn name_of(id: &str) -> Result<String, Error> {
    let parsed = SecretId::new(id)
        .map_err(|error| Error::Usage(format!("the name or ARN of a secret {error}")))?;
    Ok(SecretRef::of_secret_id(&parsed).name.as_str().to_owned())
}

fn region_of(id: &str) -> Option<&str> {
    let mut parts = id.split(':');
    match (parts.next(), parts.nth(1), parts.next()) {
        (Some("arn"), Some("secretsmanager"), region) => region,
        _ => None,
    }
}

/// The names that were probably meant: the same without its stage, a part of it, or a slip of the finger.
fn near(typed: &str, names: &[String]) -> Vec<String> {
    const SHOWN: usize = 3;
    let part =
        |name: &str| name.ends_with(&format!("/{typed}")) || typed.ends_with(&format!("/{name}"));
    let likeness = |name: &str| match part(name) {
        true => 1.0,
        false => strsim::normalized_damerau_levenshtein(typed, name),
    };
    let rated = names.iter().map(|name| (likeness(name), name));
    let mut found: Vec<_> = rated.filter(|(likeness, _)| *likeness >= 0.7).collect();
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let best = found.into_iter().take(SHOWN);
    best.map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_by_its_name_or_its_arn() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-primary-AbC123";
        assert_eq!(name_of(arn).unwrap(), "prod/db/app-primary");
        assert_eq!(region_of(arn), Some("eu-west-1"));
        assert_eq!(
            name_of("prod/db/app-primary").unwrap(),
            "prod/db/app-primary"
        );
        assert_eq!(region_of("prod/db/app-primary"), None);
        for nothing in ["", "two words", "caf\u{e9}"] {
            assert!(
                matches!(name_of(nothing), Err(Error::Usage(_))),
                "{nothing}"
            );
        }
    }

    #[test]
    fn a_slip_of_the_finger_and_a_missing_stage_are_understood() {
        let names = [
            "prod/db/app-primary",
            "prod/db/reporting-ro",
            "prod/smtp/sendgrid",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(near("prod/db/app-primry", &names), ["prod/db/app-primary"]);
        assert_eq!(near("smtp/sendgrid", &names), ["prod/smtp/sendgrid"]);
        assert!(near("something-else", &names).is_empty());
    }
}
