use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Characters that break connection strings and shells; what AWS's rotation functions leave out too.
const EXCLUDED: &str = ":/@\"'\\";

/// The types, each with the setting that leaves it out.
const TYPES: [(&str, &str); 4] = [
    ("EXCLUDE_LOWERCASE", LOWER),
    ("EXCLUDE_UPPERCASE", UPPER),
    ("EXCLUDE_NUMBERS", DIGITS),
    ("EXCLUDE_PUNCTUATION", PUNCTUATION),
];

const LENGTHS: std::ops::RangeInclusive<usize> = 16..=4096;
const LEAST_BITS: f64 = 80.0;

/// A password that lacks a required type is thrown away; at the lowest limits fewer than one in ten is
/// kept, so this many misses in a row do not happen with working randomness.
const TRIES: usize = 10_000;

/// How a new password is made.
///
/// The settings and their meaning are those of `GetRandomPassword` and of the environment variables of
/// AWS's rotation functions.
/// Source: [GetRandomPassword](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasswordPolicy {
    length: usize,
    /// The characters that are left out, and which of [`TYPES`] are: what the next line was made of.
    excluded: String,
    left_out: [bool; 4],
    /// The characters of each type that is used; none is empty.
    types: Vec<Vec<u8>>,
    require_each: bool,
}

/// Why a password policy is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// `PASSWORD_LENGTH`.
    #[error("PASSWORD_LENGTH must be a whole number from 16 to 4096")]
    Length,
    /// A type is asked for and all of its characters are excluded.
    #[error(
        "EXCLUDE_CHARACTERS leaves no character of a type that is required; exclude the type, or set REQUIRE_EACH_INCLUDED_TYPE to false"
    )]
    EmptyType,
    /// Too easy to guess.
    #[error(
        "the excluded characters and PASSWORD_LENGTH leave under 80 bits of randomness; exclude less or ask for more characters"
    )]
    TooWeak,
}

impl Default for PasswordPolicy {
    /// 32 characters with each type, without the six characters that break connection strings.
    fn default() -> Self {
        Self {
            length: 32,
            excluded: EXCLUDED.to_owned(),
            left_out: [false; 4],
            types: [LOWER, UPPER, DIGITS, PUNCTUATION]
                .map(|characters| without(characters, EXCLUDED))
                .into(),
            require_each: true,
        }
    }
}

impl PasswordPolicy {
    /// Reads the policy from settings named as AWS's: `EXCLUDE_CHARACTERS`, `PASSWORD_LENGTH`,
    /// `EXCLUDE_NUMBERS`, `EXCLUDE_PUNCTUATION`, `EXCLUDE_UPPERCASE`, `EXCLUDE_LOWERCASE`,
    /// `REQUIRE_EACH_INCLUDED_TYPE`. `setting` gives the text of one, if it is set. As with AWS's
    /// functions, `true`, `1`, `y` and `yes` mean yes in any case, and every other text means no.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn from_settings(setting: impl Fn(&str) -> Option<String>) -> Result<Self, PolicyError> {
        Self::default().overridden(setting)
    }

    /// The same policy but for the settings that are given; their names and texts are those of
    /// [`PasswordPolicy::from_settings`].
    pub(crate) fn overridden(
        &self,
        setting: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, PolicyError> {
        let yes = |name: &str, default: bool| match setting(name) {
            Some(text) => ["true", "1", "y", "yes"].contains(&text.to_lowercase().as_str()),
            None => default,
        };
        let length = match setting("PASSWORD_LENGTH") {
            Some(text) => text.trim().parse().map_err(|_| PolicyError::Length)?,
            None => self.length,
        };
        if !LENGTHS.contains(&length) {
            return Err(PolicyError::Length);
        }
        let excluded = setting("EXCLUDE_CHARACTERS").unwrap_or_else(|| self.excluded.clone());
        let require_each = yes("REQUIRE_EACH_INCLUDED_TYPE", self.require_each);
        let mut left_out = self.left_out;
        let mut types = Vec::new();
        for ((name, characters), out) in TYPES.iter().zip(&mut left_out) {
            *out = yes(name, *out);
            if *out {
                continue;
            }
            let left = without(characters, &excluded);
            match (left.is_empty(), require_each) {
                (true, true) => return Err(PolicyError::EmptyType),
                (true, false) => {}
                (false, _) => types.push(left),
            }
        }
        let policy = Self {
            length,
            excluded,
            left_out,
            types,
            require_each,
        };
        if policy.bits() < LEAST_BITS {
            return Err(PolicyError::TooWeak);
        }
        Ok(policy)
    }

    /// Letters and digits only, at least one of each type.
    #[cfg(any(feature = "elasticache", feature = "keyring"))]
    pub(crate) fn letters_and_digits(length: usize) -> Self {
        Self {
            length,
            excluded: String::new(),
            left_out: [false, false, false, true],
            types: [LOWER, UPPER, DIGITS]
                .map(|of| of.as_bytes().to_vec())
                .into(),
            require_each: true,
        }
    }

    /// How long a password is, in characters.
    #[cfg(feature = "random")]
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// The randomness in a password, in bits, before those that lack a required type are left out (which
    /// takes under half a bit off at 16 characters or more with the default types).
    pub fn bits(&self) -> f64 {
        let characters: usize = self.types.iter().map(Vec::len).sum();
        if characters == 0 {
            return 0.0;
        }
        // Lengths and alphabets are at most four digits long: exact in an f64.
        #[expect(clippy::cast_precision_loss)]
        let bits = self.length as f64 * (characters as f64).log2();
        bits
    }

    /// Makes a password. `None` when the randomness fails or never satisfies the policy.
    pub(crate) fn password<R: TryCryptoRng>(
        &self,
        randomness: &mut R,
    ) -> Option<Zeroizing<String>> {
        let alphabet: Vec<u8> = self.types.iter().flatten().copied().collect();
        for _ in 0..TRIES {
            let mut password = Zeroizing::new(String::with_capacity(self.length));
            while password.len() < self.length {
                password.push(char::from(pick(&alphabet, randomness)?));
            }
            let has = |of: &Vec<u8>| password.bytes().any(|byte| of.contains(&byte));
            if !self.require_each || self.types.iter().all(has) {
                return Some(password);
            }
        }
        None
    }
}

/// One of the characters, each as likely as the others: a byte that would favour some is drawn again.
fn pick<R: TryCryptoRng>(alphabet: &[u8], randomness: &mut R) -> Option<u8> {
    let fair = 256 - 256 % alphabet.len().max(1);
    for _ in 0..TRIES {
        let mut byte = [0_u8];
        randomness.try_fill_bytes(&mut byte).ok()?;
        let [byte] = byte.map(usize::from);
        if byte < fair {
            return alphabet.get(byte % alphabet.len()).copied();
        }
    }
    None
}

fn without(characters: &str, excluded: &str) -> Vec<u8> {
    characters
        .bytes()
        .filter(|&byte| !excluded.contains(char::from(byte)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use getrandom::SysRng;

    fn settings(of: &'static [(&str, &str)]) -> Result<PasswordPolicy, PolicyError> {
        PasswordPolicy::from_settings(|name| {
            of.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, text)| (*text).to_owned())
        })
    }

    fn passwords(policy: &PasswordPolicy) -> Vec<Zeroizing<String>> {
        (0..200)
            .map(|_| policy.password(&mut SysRng).unwrap())
            .collect()
    }

    #[test]
    fn by_default_it_is_32_characters_with_each_type_and_none_of_the_six() {
        let policy = PasswordPolicy::default();
        assert_eq!(settings(&[]).unwrap(), policy);
        assert!(policy.bits() > 206.0 && policy.bits() < 207.0);
        for password in passwords(&policy) {
            assert_eq!(password.len(), 32);
            for characters in [LOWER, UPPER, DIGITS, PUNCTUATION] {
                assert!(password.chars().any(|c| characters.contains(c)));
            }
            assert!(!password.chars().any(|c| EXCLUDED.contains(c)));
        }
    }

    #[test]
    fn the_settings_of_awss_functions_are_honoured() {
        let policy = settings(&[
            ("PASSWORD_LENGTH", "40"),
            ("EXCLUDE_CHARACTERS", "aA0"),
            ("EXCLUDE_PUNCTUATION", "Yes"),
            ("EXCLUDE_UPPERCASE", "true"),
            ("EXCLUDE_NUMBERS", "no"),
        ])
        .unwrap();
        for password in passwords(&policy) {
            assert_eq!(password.len(), 40);
            assert!(password.chars().any(|c| DIGITS.contains(c)));
            assert!(password.chars().any(|c| LOWER.contains(c)));
            assert!(!password.chars().any(|c| "aA0".contains(c)));
            assert!(!password.chars().any(|c| UPPER.contains(c)));
            assert!(!password.chars().any(|c| PUNCTUATION.contains(c)));
        }
    }

    #[test]
    fn every_character_that_is_allowed_does_come() {
        let seen: std::collections::BTreeSet<u8> = passwords(&PasswordPolicy::default())
            .iter()
            .flat_map(|password| password.bytes().collect::<Vec<_>>())
            .collect();
        assert_eq!(seen.len(), 88);
    }

    #[test]
    fn weak_and_impossible_policies_are_refused() {
        for length in ["15", "4097", "", "many", "-32", "16.5"] {
            let text: &'static str = length;
            let policy = PasswordPolicy::from_settings(|name| {
                (name == "PASSWORD_LENGTH").then(|| text.to_owned())
            });
            assert_eq!(policy, Err(PolicyError::Length), "{length}");
        }
        assert_eq!(
            settings(&[("EXCLUDE_CHARACTERS", DIGITS)]),
            Err(PolicyError::EmptyType)
        );
        assert_eq!(
            settings(&[
                ("PASSWORD_LENGTH", "20"),
                ("EXCLUDE_LOWERCASE", "1"),
                ("EXCLUDE_UPPERCASE", "1"),
                ("EXCLUDE_PUNCTUATION", "1"),
            ]),
            Err(PolicyError::TooWeak)
        );
        assert!(
            settings(&[
                ("EXCLUDE_CHARACTERS", DIGITS),
                ("REQUIRE_EACH_INCLUDED_TYPE", "false"),
            ])
            .is_ok()
        );
    }

    /// Randomness that is none: every byte is the same.
    struct Stuck;

    impl rand_core::TryRng for Stuck {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }

    impl TryCryptoRng for Stuck {}

    #[test]
    fn broken_randomness_makes_no_password() {
        assert!(PasswordPolicy::default().password(&mut Stuck).is_none());
    }
}
