use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::version::VersionId;

/// What falls due.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum What {
    /// The warning before the old credential is revoked.
    GraceEnding,
    /// The old credential is to be revoked.
    Retire,
    /// The secret reaches its greatest age in 30 days.
    NearExpiry30,
    /// In 10 days.
    NearExpiry10,
    /// Tomorrow.
    NearExpiry1,
    /// It has reached its greatest age.
    OverdueAge,
    /// Its schedule should have rotated it.
    OverdueRotation,
    /// Rekey asks for its rotation: the tag `rekey:every`.
    Rotate,
}

impl What {
    /// Every one of them.
    pub const ALL: [Self; 8] = [
        Self::GraceEnding,
        Self::Retire,
        Self::NearExpiry30,
        Self::NearExpiry10,
        Self::NearExpiry1,
        Self::OverdueAge,
        Self::OverdueRotation,
        Self::Rotate,
    ];

    /// Its name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GraceEnding => "grace_ending",
            Self::Retire => "retire",
            Self::NearExpiry30 => "near_expiry_30",
            Self::NearExpiry10 => "near_expiry_10",
            Self::NearExpiry1 => "near_expiry_1",
            Self::OverdueAge => "overdue_age",
            Self::OverdueRotation => "overdue_rotation",
            Self::Rotate => "rotate",
        }
    }

    /// How many days before the end a warning is given.
    pub const fn days_before(self) -> Option<u32> {
        match self {
            Self::NearExpiry30 => Some(30),
            Self::NearExpiry10 => Some(10),
            Self::NearExpiry1 => Some(1),
            _ => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which deadline of a secret: what falls due, for which version. `<what>#<version>` in the store.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DeadlineKey {
    /// What falls due.
    pub what: What,
    /// For which version.
    pub version: VersionId,
}

impl DeadlineKey {
    /// The two together.
    pub fn new(what: What, version: &VersionId) -> Self {
        Self {
            what,
            version: version.clone(),
        }
    }
}

impl fmt::Display for DeadlineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.what, self.version)
    }
}

/// A text that names no deadline.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not the name of a deadline: `<what>#<version>`")]
pub struct UnknownDeadline;

impl FromStr for DeadlineKey {
    type Err = UnknownDeadline;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (what, version) = text.split_once('#').ok_or(UnknownDeadline)?;
        let what = What::ALL.into_iter().find(|one| one.as_str() == what);
        match what {
            Some(what) if !version.is_empty() => Ok(Self {
                what,
                version: VersionId::new(version),
            }),
            _ => Err(UnknownDeadline),
        }
    }
}

impl Serialize for DeadlineKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeadlineKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for What {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for What {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let what = Self::ALL.into_iter().find(|one| one.as_str() == text);
        what.ok_or_else(|| serde::de::Error::custom("not something that falls due"))
    }
}

/// A promise, and what became of it. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Deadline {
    /// When it should happen: it follows from what is known of the secret.
    pub promised: i64,
    /// When a sweep shall look at it: later than promised when it was found late or is tried again. None
    /// when no sweep shall.
    #[serde(default)]
    pub due_at: Option<i64>,
    /// How often it was handed over.
    #[serde(default)]
    pub attempt: u32,
    /// When it was kept. A deadline that was kept is not armed again for the same promise.
    #[serde(default)]
    pub done_at: Option<i64>,
}

impl Deadline {
    /// Whether a sweep will look at it.
    pub fn is_armed(&self) -> bool {
        self.due_at.is_some()
    }
}
