//! How two credentials share the time of a rotation.

use crate::open_words::open_words;

open_words! {
    /// How two credentials share the time of a rotation.
    Strategy {
        /// One user whose password changes: the old one stops with the new one's first second.
        SingleUser = "single-user",
        /// Two users in turn: the old one works through the grace.
        AlternatingUsers = "alternating-users",
        /// One user with two passwords: the old one works through the grace.
        TwoPasswords = "two-passwords",
        /// Three keys are published, the one before, the one in use and the next: what the old one has signed is verified
        /// through the grace.
        DualPublish = "dual-publish",
        /// The secret holds the value before beside the new one, with the time at which it ends.
        PreviousInside = "previous-inside",
        /// A ring of keys that only grows: the old one is kept, and checks what it has sealed.
        Keyring = "keyring",
    }
}

impl Strategy {
    /// Whether old and new both work for a while; `None` of a word that is not known.
    #[must_use]
    pub fn both_work(&self) -> Option<bool> {
        match self {
            Self::SingleUser => Some(false),
            Self::AlternatingUsers
            | Self::TwoPasswords
            | Self::DualPublish
            | Self::PreviousInside
            | Self::Keyring => Some(true),
            Self::Unrecognised(_) => None,
        }
    }

    /// Whether the old credential ends by a time that stands beside the new one. Then no retirement can end it sooner,
    /// and the next rotation does.
    #[must_use]
    pub fn ends_inside(&self) -> bool {
        matches!(self, Self::PreviousInside)
    }
}
