use std::fmt;

use crate::object::invalid;
use rekey_rotation::TargetError;

/// Where a key set is published: an object in a bucket.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    bucket: String,
    key: String,
}

impl Place {
    /// Parses `s3://bucket/path/jwks.json`.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when it is not of this form, or longer than S3 takes.
    ///
    /// Sources: [bucket naming rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html),
    /// [object key names](https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let named = text.strip_prefix("s3://").and_then(|it| it.split_once('/'));
        let (bucket, key) = named.ok_or_else(form)?;
        let of_bucket = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        let fits = (3..=63).contains(&bucket.len()) && (1..=1024).contains(&key.len());
        let plain = key.bytes().all(|b| b.is_ascii_graphic()) && !key.ends_with('/');
        if !(fits && plain && bucket.bytes().all(of_bucket)) {
            return Err(form());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key of the object.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

fn form() -> TargetError {
    invalid(
        "`jwks` must name the object that the key set is published in: `s3://bucket/path/jwks.json`, without blanks",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_the_key_of_an_object() {
        let place = Place::parse("s3://keys.example.com/.well-known/jwks.json").unwrap();
        assert_eq!(place.bucket(), "keys.example.com");
        assert_eq!(place.key(), ".well-known/jwks.json");
        assert_eq!(
            place.to_string(),
            "s3://keys.example.com/.well-known/jwks.json"
        );
    }

    #[test]
    fn whatever_names_no_object_is_refused_without_being_repeated() {
        for text in [
            "",
            "canary",
            "https://canary/jwks.json",
            "s3://canary",
            "s3://canary/",
            "s3://canary/folder/",
            "s3:///canary",
            "s3://Canary/jwks.json",
            "s3://ca/jwks.json",
            "s3://canary/jwks .json",
            "s3://canary/jwks\n.json",
            &format!("s3://canary/{}", "k".repeat(1025)),
            &format!("s3://{}/k", "canary".repeat(11)),
        ] {
            let refused = Place::parse(text).unwrap_err().to_string();
            assert!(!refused.contains("canary"), "{refused}");
        }
    }
}
