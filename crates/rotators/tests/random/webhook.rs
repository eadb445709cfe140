use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

fn macs(secret: &Value, id: &str, timestamp: i64, body: &[u8], now: i64) -> Vec<Hmac<Sha256>> {
    let grace = secret["previous_ends"]
        .as_i64()
        .is_some_and(|ends| now < ends);
    let names = if grace {
        &["current", "previous"][..]
    } else {
        &["current"]
    };
    let keys = names.iter().map(|name| {
        let text = secret[name].as_str().expect("a key");
        match secret["format"].as_str() {
            Some("hex") => base16ct::mixed::decode_vec(text).expect("hex"),
            Some("base64url") => Base64UrlUnpadded::decode_vec(text).expect("base64url"),
            _ => Base64::decode_vec(&text["whsec_".len()..]).expect("whsec_"),
        }
    });
    let content = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    keys.map(|key| {
        Hmac::new_from_slice(&key)
            .expect("any length")
            .chain_update(&content)
    })
    .collect()
}

pub fn sign(secret: &Value, id: &str, timestamp: i64, body: &[u8], now: i64) -> String {
    let macs = macs(secret, id, timestamp, body, now).into_iter();
    let tags = macs.map(|mac| Base64::encode_string(&mac.finalize().into_bytes()));
    tags.map(|tag| format!("v1,{tag}"))
        .collect::<Vec<_>>()
        .join(" ")
}

pub fn accepts(
    secret: &Value,
    id: &str,
    timestamp: i64,
    body: &[u8],
    header: &str,
    now: i64,
) -> bool {
    let tags = header
        .split(' ')
        .filter_map(|one| Base64::decode_vec(one.strip_prefix("v1,")?).ok());
    let tags: Vec<_> = tags.collect();
    let mut macs = macs(secret, id, timestamp, body, now).into_iter();
    let matches = macs.any(|mac| tags.iter().any(|tag| mac.clone().verify_slice(tag).is_ok()));
    matches && now.abs_diff(timestamp) <= 300
}
