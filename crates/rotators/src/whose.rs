/// Whose credential it is, for error texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    Current,
    Pending,
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    Previous,
    /// The version that is retired, or rolled back to.
    Old,
    /// Any version, of which nothing is known but its value.
    Version,
    Superuser,
}

impl Whose {
    pub(crate) const fn secret(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT of the secret",
            Self::Pending => "AWSPENDING of the secret",
            #[cfg(any(feature = "mysql", feature = "postgres"))]
            Self::Previous => "AWSPREVIOUS of the secret",
            Self::Old => "the version that is retired or rolled back to",
            Self::Version => "this version of the secret",
            Self::Superuser => "AWSCURRENT of the superuser secret",
        }
    }
}
