//! Every place where a value could end up outside Secrets Manager and the target, and a search of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cloud::Cloud;

/// A text that only this search knows, planted to prove that the search would find a leak. It has
/// characters that each encoding writes in its own way.
pub const PLANTED: &str = "Planted/canary+value=with?every&kind%of~character#1";

/// What was searched.
#[derive(Clone, Debug, Default)]
pub struct Searched {
    pub files: usize,
    pub bytes: usize,
    /// Values looked for, each in all its spellings.
    pub values: usize,
    pub spellings: usize,
    /// The names of the files in which a value stands.
    pub found_in: BTreeSet<String>,
}

/// Writes what the cloud keeps into its folder, after planting a text if one is given.
pub fn dump(cloud: &Cloud, plant: Option<(&str, &str, &str)>) -> Result<PathBuf> {
    let dir = cloud.dir.join("dump");
    let mut script = cloud.script("dump.py")?;
    script.arg(&dir);
    if let Some((text, bus, group)) = plant {
        script.args(["--plant", text, "--bus", bus, "--group", group]);
    }
    let output = script.output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(dir)
}

/// Searches files, and all files below folders, for the values in every spelling.
pub fn search(places: &[&Path], values: &[String]) -> Result<Searched> {
    let mut files = Vec::new();
    for place in places {
        collect(place, &mut files)?;
    }
    let needles: Vec<Vec<u8>> = values.iter().flat_map(|value| spellings(value)).collect();
    let needles = Needles::new(&needles);
    let mut searched = Searched {
        files: files.len(),
        values: values.len(),
        spellings: needles.count,
        ..Searched::default()
    };
    for file in files {
        let bytes = fs::read(&file)?;
        searched.bytes += bytes.len();
        if needles.stand_in(&bytes) {
            let name = file.file_name().unwrap_or_default();
            searched
                .found_in
                .insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(searched)
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            collect(&entry?.path(), files)?;
        }
    } else {
        files.push(place.to_owned());
    }
    Ok(())
}

/// A value as it is, in hex, URL-encoded, JSON-escaped, and in base64 at each of the three positions that
/// it can have inside a longer encoded text.
fn spellings(value: &str) -> BTreeSet<Vec<u8>> {
    let bytes = value.as_bytes();
    let mut hex = String::new();
    let mut url = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").unwrap();
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            write!(url, "%{byte:02X}").unwrap();
        }
    }
    let json = serde_json::Value::from(value).to_string();
    let mut all = BTreeSet::from([
        value.as_bytes().to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        url.to_lowercase().into_bytes(),
        url.into_bytes(),
        json.trim_matches('"').as_bytes().to_vec(),
    ]);
    for shift in 0..3 {
        let text = base64_middle(bytes, shift);
        all.insert(text.replace('+', "-").replace('/', "_").into_bytes());
        all.insert(text.into_bytes());
    }
    all
}

/// The part of the base64 text that does not depend on what stands before or after, when `shift` bytes
/// stand before.
fn base64_middle(bytes: &[u8], shift: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.get((3 - shift) % 3..).unwrap_or_default();
    whole
        .chunks_exact(3)
        .flat_map(|three| {
            let bits =
                (u32::from(three[0]) << 16) | (u32::from(three[1]) << 8) | u32::from(three[2]);
            [18, 12, 6, 0].map(|at| char::from(ALPHABET[(bits >> at) as usize & 63]))
        })
        .collect()
}

/// Texts to look for, all in one pass: by their first two bytes. A shorter one is no secret.
struct Needles<'a> {
    count: usize,
    by_beginning: Vec<Vec<&'a [u8]>>,
}

impl<'a> Needles<'a> {
    fn new(needles: &'a [Vec<u8>]) -> Self {
        let mut by_beginning = vec![Vec::new(); 1 << 16];
        for needle in needles {
            if let [first, second, ..] = needle.as_slice() {
                by_beginning[place(*first, *second)].push(needle.as_slice());
            }
        }
        Self {
            count: needles.len(),
            by_beginning,
        }
    }

    /// Whether one of them stands there.
    fn stand_in(&self, haystack: &[u8]) -> bool {
        let Some((&first, rest)) = haystack.split_first() else {
            return false;
        };
        let mut first = first;
        for (at, &second) in rest.iter().enumerate() {
            let candidates = &self.by_beginning[place(first, second)];
            if !candidates.is_empty() && candidates.iter().any(|it| haystack[at..].starts_with(it))
            {
                return true;
            }
            first = second;
        }
        false
    }
}

fn place(first: u8, second: u8) -> usize {
    (usize::from(first) << 8) | usize::from(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, value: &str) -> bool {
        let needles: Vec<Vec<u8>> = spellings(value).into_iter().collect();
        Needles::new(&needles).stand_in(text.as_bytes())
    }

    #[test]
    fn a_value_is_found_in_every_spelling_and_at_every_position() {
        // Encoded with Python's base64, binascii and urllib.parse around the value "pa/ss+w0rd!".
        for text in [
            "x pa/ss+w0rd! x",
            "706 70612f73732b773072642120",
            "70612F73732B7730726421",
            "q=pa%2Fss%2Bw0rd%21",
            "cGEvc3MrdzByZCE=",
            "YXBhL3NzK3cwcmQhYg==",
            "YWJwYS9zcyt3MHJkIWM=",
        ] {
            assert!(found(text, "pa/ss+w0rd!"), "{text}");
        }
    }

    #[test]
    fn a_value_is_not_found_where_it_is_not() {
        for text in ["", "pa/ss+w0rd", "cGEvc3MrdzB4ZCE=", "pa ss w0rd!"] {
            assert!(!found(text, "pa/ss+w0rd!"), "{text}");
        }
    }
}
