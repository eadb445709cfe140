//! What was seen at the target after a credential was revoked or brought back.

use crate::extra::Extra;
use crate::object::object;
use crate::timestamp::Timestamp;
use crate::vocabulary::ProofMethod;

object! {
    /// What shows that a credential is dead, or works. It was seen at the target, not concluded.
    pub struct Proof {
        required {
            /// How it was seen.
            method: ProofMethod,
            /// When it was seen.
            seen_at: Timestamp,
        }
        optional {
            /// How many sessions of the credential were ended, where the target tells.
            sessions_ended: u32,
        }
        flattened {
            extra: Extra,
        }
    }
}
