//! Webhooks: each instance sends to the other, which may have read another version of the secret. They sign with
//! both keys and accept both, as docs/hmac.md has it.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow, ensure};
use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rekey_tests::database::random_bytes;
use rekey_tests::secrets::{Secrets, Version};
use serde_json::{Value, json};
use sha2::Sha256;

use super::service::{Done, Service};

const PREFIX: &str = "whsec_";

/// The secret is its own target: a receiver reads it too.
pub struct Webhook {
    pub reader: Secrets,
    /// The ARN of the secret.
    pub secret: String,
}

impl Webhook {
    /// The secret's first value.
    pub fn first_value() -> Result<Value> {
        let key: [u8; 32] = random_bytes()?;
        Ok(json!({ "current": format!("{PREFIX}{}", Base64::encode_string(&key)) }))
    }
}

struct Message {
    id: &'static str,
    timestamp: u64,
    body: &'static [u8],
}

impl Message {
    fn now() -> Result<Self> {
        Ok(Self {
            id: "msg_order",
            timestamp: seconds()?,
            body: br#"{"order":1}"#,
        })
    }

    fn mac(&self, key: &str) -> Result<Hmac<Sha256>> {
        let key = key.strip_prefix(PREFIX).context("no whsec_ key")?;
        let key = Base64::decode_vec(key).map_err(|_| anyhow!("not base64"))?;
        let mac = Hmac::<Sha256>::new_from_slice(&key)?;
        let head = format!("{}.{}.", self.id, self.timestamp);
        Ok(mac.chain_update(head).chain_update(self.body))
    }

    fn signed(&self, keys: &[&str]) -> Result<String> {
        let mut tags = Vec::new();
        for key in keys {
            let tag = self.mac(key)?.finalize().into_bytes();
            tags.push(format!("v1,{}", Base64::encode_string(&tag)));
        }
        Ok(tags.join(" "))
    }

    /// Whether somebody who has read this value accepts it.
    fn is_accepted(&self, value: &Value, header: &str) -> Result<bool> {
        for key in keys(value)? {
            let mac = self.mac(key)?;
            for tag in header.split(' ').filter_map(|one| one.strip_prefix("v1,")) {
                let tag = Base64::decode_vec(tag).map_err(|_| anyhow!("not base64"))?;
                if mac.clone().verify_slice(&tag).is_ok() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Service for Webhook {
    type Kept = ();

    const EVERY: Duration = Duration::from_millis(100);

    async fn operate(&self, (): &mut (), own: &Version, others: &Version) -> Result<Done> {
        let message = Message::now()?;
        let header = message.signed(&keys(&own.value)?)?;
        ensure!(
            message.is_accepted(&others.value, &header)?,
            "a message was refused"
        );
        Ok(Done::AtOnce)
    }

    /// Whether what is signed with the key of a version alone is accepted by whoever has read AWSCURRENT.
    async fn takes(&self, version: &Version) -> Result<bool> {
        let current = self.reader.current(&self.secret).await?;
        let message = Message::now()?;
        let header = message.signed(&[version.field("current")])?;
        message.is_accepted(&current.value, &header)
    }
}

/// The keys that a value gives at this moment.
fn keys(value: &Value) -> Result<Vec<&str>> {
    let mut keys = vec![value["current"].as_str().context("no current key")?];
    if seconds()? < value["previous_ends"].as_u64().unwrap_or(0) {
        keys.push(value["previous"].as_str().context("no previous key")?);
    }
    Ok(keys)
}

fn seconds() -> Result<u64> {
    Ok(SystemTime::UNIX_EPOCH.elapsed()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first value, and what follows it until then.
    fn rotated(ends: u64) -> Result<[Value; 2]> {
        let (old, mut new) = (Webhook::first_value()?, Webhook::first_value()?);
        new["previous"] = old["current"].clone();
        new["previous_ends"] = ends.into();
        Ok([old, new])
    }

    #[test]
    fn during_the_grace_each_side_accepts_the_other_and_after_it_not_the_old_key() -> Result<()> {
        let now = seconds()?;
        for (ends, in_the_grace) in [(now + 60, true), (now - 1, false)] {
            let [old, new] = rotated(ends)?;
            let message = Message::now()?;
            for (sender, receiver, is_accepted) in [
                (&old, &new, in_the_grace),
                (&new, &old, in_the_grace),
                (&new, &new, true),
            ] {
                let header = message.signed(&keys(sender)?)?;
                assert_eq!(message.is_accepted(receiver, &header)?, is_accepted);
            }
        }
        Ok(())
    }

    #[test]
    fn a_key_of_nobody_is_not_accepted() -> Result<()> {
        let [old, new] = rotated(u64::MAX)?;
        let message = Message::now()?;
        let stranger = Webhook::first_value()?;
        let header = message.signed(&keys(&stranger)?)?;
        for value in [old, new] {
            assert!(!message.is_accepted(&value, &header)?);
        }
        Ok(())
    }
}
