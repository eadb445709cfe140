/// What becomes of the old credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Overlap {
    /// Two users in turn: the old one works until it is retired.
    AlternatingUsers,
    /// One user: the old password stops working when the new one is set.
    SingleUser,
    /// One user with two passwords: the old one works until it is retired. The target does not tell which of
    /// the two a session came with.
    TwoPasswords,
    /// Three keys are published: the one before, the one in use and the next. A rotation puts the next one in
    /// use, which verifiers have known for long.
    DualPublish,
    /// The secret is its own target and holds the value before beside the new one, with the time at which it
    /// ends. A value counts from the moment in which it is current.
    PreviousInside,
    /// A ring that each rotation adds a key to: the secret is its own target, a value works as soon as it is
    /// kept, and every earlier one works on. Nothing is ever retired.
    Keyring,
}

impl Overlap {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AlternatingUsers,
        Self::SingleUser,
        Self::TwoPasswords,
        Self::DualPublish,
        Self::PreviousInside,
        Self::Keyring,
    ];

    /// The name, as in events and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlternatingUsers => "alternating-users",
            Self::SingleUser => "single-user",
            Self::TwoPasswords => "two-passwords",
            Self::DualPublish => "dual-publish",
            Self::PreviousInside => "previous-inside",
            Self::Keyring => "keyring",
        }
    }

    /// Whether old and new work side by side.
    pub const fn both_work(self) -> bool {
        !matches!(self, Self::SingleUser)
    }

    /// From when on a value works.
    pub const fn works(self) -> Works {
        match self {
            Self::Keyring => Works::OnceKept,
            Self::PreviousInside => Works::OnceCurrent,
            Self::AlternatingUsers | Self::SingleUser | Self::TwoPasswords | Self::DualPublish => {
                Works::OnceSet
            }
        }
    }

    /// Whether there is a target beside the secret itself.
    pub const fn has_a_target(self) -> bool {
        matches!(self.works(), Works::OnceSet)
    }

    /// Whether the target has sessions, which outlive the credential that they came with.
    pub const fn has_sessions(self) -> bool {
        matches!(
            self,
            Self::AlternatingUsers | Self::SingleUser | Self::TwoPasswords
        )
    }

    /// Whether the newer credential works on after a rollback to the older one.
    pub const fn outlives_a_rollback(self) -> bool {
        self.both_work() && !matches!(self, Self::PreviousInside)
    }

    /// How many credentials are valid at most; `None` when there is no bound.
    pub const fn slots(self) -> Option<u8> {
        match self {
            Self::SingleUser => Some(1),
            Self::AlternatingUsers | Self::TwoPasswords | Self::PreviousInside => Some(2),
            Self::DualPublish => Some(3),
            Self::Keyring => None,
        }
    }
}

/// From when on a value works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Works {
    /// As soon as it is a version of the secret: after `createSecret`.
    OnceKept,
    /// When the target has it: after `setSecret`.
    OnceSet,
    /// When it is `AWSCURRENT`: after `finishSecret`.
    OnceCurrent,
}
