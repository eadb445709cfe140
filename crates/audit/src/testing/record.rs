use rekey_events::{
    Action, Actor, ActorType, AuditRecord, EventId, Identifier, LimitError, StoredName, Timestamp,
    Word,
};

use crate::keyring::{Keyring, NoKeyring};

/// A key ring whose keys anybody knows: for tests. `keys` is how many there are; the last is in use.
///
/// # Errors
/// Never, for at least one key.
pub fn keyring(keys: u32) -> Result<Keyring, NoKeyring> {
    let mut ring = serde_json::Map::new();
    ring.insert("current".to_owned(), keys.to_string().into());
    for key in 1..=keys {
        ring.insert(key.to_string(), format!("{key:0>64}").into());
    }
    Keyring::parse(&serde_json::Value::Object(ring).to_string())
}

/// The record of something that was done at `at`, in seconds since 1970, to a secret of `tenant`.
///
/// # Errors
/// [`LimitError`] for a tenant or a target that no record takes.
pub fn record(tenant: &str, what: u64, target: &str, at: i64) -> Result<AuditRecord, LimitError> {
    let mut record = AuditRecord::new(
        EventId::derive(tenant, &what.to_string()),
        Actor::new("rekey.retire")?,
        ActorType::System,
        Action::new("secret.rotated")?,
        Word::new("secret")?,
        StoredName::new(target)?,
        Identifier::new(tenant)?,
        Timestamp::of_unix(at)?,
    );
    record.request_id = Some(Identifier::new(format!("request-{what}"))?);
    Ok(record)
}
