//! Names of secrets where they enter the contract: a registry, a request, a command line.
//!
//! There are two grammars. A *reference*, `tenant.<slug>.<provider>.<key>`, belongs to a tenant and is its
//! own name in the store. A *platform key*, `<area>/<name>`, is the same in every environment and is
//! stored as `<env>/<area>/<name>`. The rotation hook does not ask for either: it takes any secret.

use std::fmt;
use std::str::FromStr;

/// The longest name that Secrets Manager stores, in characters (API reference of `CreateSecret`).
const LONGEST: usize = 512;
/// The longest name of an environment, in characters.
const LONGEST_ENVIRONMENT: usize = 32;
/// The longest platform key: with its environment and the slash it is still a name that can be stored.
const LONGEST_KEY: usize = LONGEST - LONGEST_ENVIRONMENT - 1;
/// The longest part of a reference, in characters: what fits a DNS label fits here.
const LONGEST_PART: usize = 63;
/// First words of a platform key that can only be an environment.
const ENVIRONMENTS: [&str; 4] = ["local", "dev", "stage", "prod"];

/// A name that keeps to one of the two grammars.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(Grammar);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Grammar {
    Reference { name: String, tenant: String },
    PlatformKey(String),
}

/// The environment of a stack: 1 to 32 of `a-z` and `0-9`, beginning with a letter. No hyphen, so that
/// what it puts in front of a short key never looks like the end of an ARN.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Environment(String);

/// Where a producer says that a name belongs, as far as it says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The environment.
    pub env: Option<&'a str>,
    /// The tenant's slug.
    pub tenant: Option<&'a str>,
}

/// Why a name was refused, and what to do about it. The name itself is not repeated: people paste
/// passwords into the wrong field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error(
        "the name is empty: give a reference (tenant.acme.stripe.api_key) or a key (db/app-primary)"
    )]
    Empty,
    /// Over the limit.
    #[error("the name is longer than {limit} characters: shorten it")]
    TooLong {
        /// The most that this grammar takes, in characters.
        limit: usize,
    },
    /// A character that Secrets Manager does not store.
    #[error(
        "character {position} of the name cannot be stored: use letters, digits and / _ + = . @ -"
    )]
    Character {
        /// Which character, from 1.
        position: usize,
    },
    /// Secrets Manager ends every ARN with a hyphen and six characters, and takes such a name for a
    /// complete ARN when it searches by a partial one.
    #[error(
        "the name ends in a hyphen and six characters, which Secrets Manager may take for the end of an \
         ARN: change the ending"
    )]
    LooksLikeArn,
    /// A slash too many.
    #[error("segment {segment} of the key is empty: take out the extra slash")]
    EmptySegment {
        /// Which segment, from 1.
        segment: usize,
    },
    /// `.` or `..` where a path would climb.
    #[error("segment {segment} of the key has only dots: give it a name")]
    DotSegment {
        /// Which segment, from 1.
        segment: usize,
    },
    /// A key of one word.
    #[error("the key has no area: write <area>/<name>, as in payments/stripe")]
    NoArea,
    /// The environment is the stack's to add.
    #[error(
        "the key brings its own environment `{environment}`: leave it out, the stack puts its own in \
         front"
    )]
    BringsEnvironment {
        /// The word it begins with.
        environment: String,
    },
    /// A reference with more or fewer parts than four.
    #[error("a reference has four parts, this has {parts}: write tenant.<slug>.<provider>.<key>")]
    ReferenceParts {
        /// How many there are.
        parts: usize,
    },
    /// One part of a reference does not keep to the grammar.
    #[error(
        "the {part} of the reference is not 1 to 63 of a-z, 0-9, {also}, beginning and ending with a \
         letter or digit: change it"
    )]
    ReferencePart {
        /// `slug`, `provider` or `key`.
        part: &'static str,
        /// What it may hold beside letters and digits.
        also: &'static str,
    },
    /// The environment is no word.
    #[error("an environment is 1 to 32 of a-z and 0-9, beginning with a letter: rename it")]
    Environment,
    /// The scope names another environment than the stack's.
    #[error("the scope is for another environment than this stack's: send it to that stack")]
    OtherEnvironment,
    /// The scope names another tenant than the reference.
    #[error("the scope is for another tenant than the reference names: make them agree")]
    OtherTenant,
}

impl SecretName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`] with the reason and what to do, never with the name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let length = text.chars().count();
        if length > LONGEST {
            return Err(NameError::TooLong { limit: LONGEST });
        }
        if let Some(at) = text.chars().position(|c| !can_be_stored(c)) {
            return Err(NameError::Character { position: at + 1 });
        }
        if text.chars().rev().nth(6) == Some('-') {
            return Err(NameError::LooksLikeArn);
        }
        // Whatever begins like a reference is meant as one; it must not slip through as a key.
        if text == "tenant" || text.starts_with("tenant.") {
            reference(text)
        } else {
            platform_key(text)
        }
    }

    /// The name as it stands in registries and events.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Grammar::Reference { name, .. } | Grammar::PlatformKey(name) => name,
        }
    }

    /// The tenant's slug, when the name is a reference.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        match &self.0 {
            Grammar::Reference { tenant, .. } => Some(tenant),
            Grammar::PlatformKey(_) => None,
        }
    }

    /// The name in the store of that environment. It always keeps to the store's limits.
    #[must_use]
    pub fn store_name(&self, environment: &Environment) -> String {
        match &self.0 {
            Grammar::Reference { name, .. } => name.clone(),
            Grammar::PlatformKey(key) => format!("{environment}/{key}"),
        }
    }

    /// Checks the name and the scope sent along with it against the stack they arrived at.
    ///
    /// # Errors
    /// [`NameError::OtherEnvironment`], [`NameError::OtherTenant`], and
    /// [`NameError::BringsEnvironment`] when a key begins with the stack's own environment, a word that
    /// parsing could not know.
    pub fn check_scope(
        &self,
        environment: &Environment,
        scope: Scope<'_>,
    ) -> Result<(), NameError> {
        if scope.env.is_some_and(|env| env != environment.as_str()) {
            return Err(NameError::OtherEnvironment);
        }
        match &self.0 {
            Grammar::Reference { tenant, .. } => match scope.tenant {
                Some(other) if other != tenant => Err(NameError::OtherTenant),
                _ => Ok(()),
            },
            Grammar::PlatformKey(key) => match key.split_once('/') {
                Some((first, _)) if first == environment.as_str() => Err(brings(first)),
                _ => Ok(()),
            },
        }
    }
}

fn reference(text: &str) -> Result<SecretName, NameError> {
    let parts: Vec<&str> = text.split('.').collect();
    let [_, slug, provider, key] = parts.as_slice() else {
        return Err(NameError::ReferenceParts { parts: parts.len() });
    };
    // A slug is a DNS label, so that a tenant can have a host of its own; the others also take `_`.
    reference_part("slug", slug, &['-'], "-")?;
    reference_part("provider", provider, &['-', '_'], "- and _")?;
    reference_part("key", key, &['-', '_'], "- and _")?;
    Ok(SecretName(Grammar::Reference {
        name: text.to_owned(),
        tenant: (*slug).to_owned(),
    }))
}

fn reference_part(
    part: &'static str,
    text: &str,
    inner: &[char],
    also: &'static str,
) -> Result<(), NameError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let sound = text.starts_with(plain)
        && text.ends_with(plain)
        && text.len() <= LONGEST_PART
        && text.chars().all(|c| plain(c) || inner.contains(&c));
    if sound {
        Ok(())
    } else {
        Err(NameError::ReferencePart { part, also })
    }
}

fn platform_key(text: &str) -> Result<SecretName, NameError> {
    if text.len() > LONGEST_KEY {
        return Err(NameError::TooLong { limit: LONGEST_KEY });
    }
    for (at, segment) in text.split('/').enumerate() {
        if segment.is_empty() {
            return Err(NameError::EmptySegment { segment: at + 1 });
        }
        if segment.chars().all(|c| c == '.') {
            return Err(NameError::DotSegment { segment: at + 1 });
        }
    }
    let Some((first, _)) = text.split_once('/') else {
        return Err(NameError::NoArea);
    };
    if ENVIRONMENTS.contains(&first.to_ascii_lowercase().as_str()) {
        return Err(brings(first));
    }
    Ok(SecretName(Grammar::PlatformKey(text.to_owned())))
}

fn brings(environment: &str) -> NameError {
    NameError::BringsEnvironment {
        environment: environment.to_owned(),
    }
}

fn can_be_stored(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '=' | '.' | '@' | '-')
}

impl FromStr for SecretName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Environment {
    /// Reads the name of an environment.
    ///
    /// # Errors
    /// [`NameError::Environment`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let sound = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.len() <= LONGEST_ENVIRONMENT
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Environment)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
