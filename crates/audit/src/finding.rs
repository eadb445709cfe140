use std::fmt;

use serde::Serialize;

use crate::chain::Chain;

/// What is wrong with a trail. Each names the place it was seen at; which of two neighbours was touched, the
/// next finding often tells.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Records are gone, from one place to another.
    Removed {
        /// The first that is not there.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A record stands twice, or behind one that comes after it.
    OutOfOrder {
        /// Its place.
        seq: u64,
    },
    /// What stands there is no record.
    Unreadable {
        /// Its place.
        seq: u64,
    },
    /// It says that it belongs to another place or another chain.
    Moved {
        /// The place that it was found at.
        seq: u64,
    },
    /// It is not what was hashed: it was edited.
    Altered {
        /// Its place.
        seq: u64,
    },
    /// It follows another record than the one before it: that one, or this, was put in its place.
    Unlinked {
        /// Its place.
        seq: u64,
    },
    /// Its seal was not made with the key: somebody else wrote it.
    Forged {
        /// Its place.
        seq: u64,
    },
    /// Its seal was made with a key that was not given, so it proves nothing.
    UnknownKey {
        /// Its place.
        seq: u64,
    },
    /// Its seal was made with an older key than that of the record before it: a key that was rotated away is
    /// not used again.
    OldKey {
        /// Its place.
        seq: u64,
    },
    /// The newest checkpoint is younger than these records by more than it may be behind, and does not vouch
    /// for them: they did not hold when it was made.
    Unvouched {
        /// The first of them.
        from: u64,
        /// The last.
        to: u64,
    },
    /// It is filed under something else than it says, so that a search misses it.
    Misfiled {
        /// Its place.
        seq: u64,
    },
    /// A signed checkpoint says that another record stood there: the chain was replaced.
    NotAsSigned {
        /// Its place.
        seq: u64,
        /// The checkpoint.
        checkpoint: u64,
    },
    /// A signed checkpoint, or the end of the chain, counts more records than there are.
    CutTail {
        /// How many there are.
        found: u64,
        /// How many there were.
        expected: u64,
        /// The checkpoint that says so; none when the end of the chain does.
        checkpoint: Option<u64>,
    },
    /// The end of the chain has a seal that was not made with the key.
    HeadForged,
    /// The end of the chain is not its last record.
    HeadElsewhere {
        /// How many records the end counts.
        head: u64,
        /// How many there are.
        found: u64,
    },
    /// There are records, and no end of the chain.
    HeadGone,
    /// A checkpoint's signature is not of the key.
    BadSignature {
        /// What the checkpoint says its number is.
        checkpoint: u64,
    },
    /// A checkpoint counts fewer records of a chain than an earlier one, or others, or leaves it out.
    Regressed {
        /// The later checkpoint.
        checkpoint: u64,
        /// The chain.
        chain: Chain,
    },
    /// Two checkpoints follow each other by number and not by hash, or one of another stage is among them.
    Unchained {
        /// The later checkpoint.
        checkpoint: u64,
    },
}

impl Finding {
    /// Whether the records themselves may still be right: they are only not found by what they say.
    #[must_use]
    pub const fn is_of_the_filing(&self) -> bool {
        matches!(self, Self::Misfiled { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { from, to } if from == to => write!(f, "record {from} was removed"),
            Self::Removed { from, to } => write!(f, "records {from} to {to} were removed"),
            Self::OutOfOrder { seq } => write!(f, "record {seq} stands twice or out of order"),
            Self::Unreadable { seq } => write!(f, "record {seq} cannot be read"),
            Self::Moved { seq } => write!(f, "at {seq} stands a record of another place"),
            Self::Altered { seq } => write!(f, "record {seq} was edited"),
            Self::Unlinked { seq } => {
                write!(f, "record {seq} does not follow the one before it")
            }
            Self::Forged { seq } => write!(f, "record {seq} was forged: its seal is wrong"),
            Self::UnknownKey { seq } => {
                write!(f, "record {seq} is sealed with a key that was not given")
            }
            Self::OldKey { seq } => {
                write!(
                    f,
                    "record {seq} is sealed with an older key than the one before it"
                )
            }
            Self::Unvouched { from, to } => write!(
                f,
                "records {from} to {to} are older than the newest checkpoint, and it does not vouch for them"
            ),
            Self::Misfiled { seq } => {
                write!(
                    f,
                    "record {seq} is filed under something that it does not say"
                )
            }
            Self::NotAsSigned { seq, checkpoint } => write!(
                f,
                "record {seq} is not the one that checkpoint {checkpoint} signed: the chain was replaced"
            ),
            Self::CutTail {
                found,
                expected,
                checkpoint: Some(number),
            } => write!(
                f,
                "{found} records are there, {expected} were when checkpoint {number} was signed: the tail was cut off"
            ),
            Self::CutTail {
                found, expected, ..
            } => write!(
                f,
                "{found} records are there, the end of the chain counts {expected}: the tail was cut off"
            ),
            Self::HeadForged => f.write_str("the end of the chain was forged: its seal is wrong"),
            Self::HeadElsewhere { head, found } => write!(
                f,
                "the end of the chain stands at {head}, and its last record is {found}"
            ),
            Self::HeadGone => f.write_str("the end of the chain was removed"),
            Self::BadSignature { checkpoint } => {
                write!(f, "checkpoint {checkpoint} is not signed by the key")
            }
            Self::Regressed { checkpoint, chain } => write!(
                f,
                "checkpoint {checkpoint} takes back what an earlier one says of the chain {chain}"
            ),
            Self::Unchained { checkpoint } => {
                write!(
                    f,
                    "checkpoint {checkpoint} does not follow the one before it"
                )
            }
        }
    }
}
