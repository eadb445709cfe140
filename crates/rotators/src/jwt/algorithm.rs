use crate::object::invalid;
use rekey_rotation::TargetError;

/// What new keys sign with, as in `alg` of a token's header (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 {
        /// The length of the modulus.
        bits: usize,
    },
}

impl Algorithm {
    /// From the fields `alg` and `rsa_bits`.
    pub(super) fn parse(alg: &str, rsa_bits: Option<u64>) -> Result<Self, TargetError> {
        let bits = match rsa_bits {
            None | Some(2048) => 2048,
            Some(3072) => 3072,
            Some(_) => {
                return Err(invalid(
                    "`rsa_bits` must be 2048 or 3072; without it, keys of RS256 have 2048",
                ));
            }
        };
        match alg {
            "EdDSA" => Ok(Self::EdDsa),
            "ES256" => Ok(Self::Es256),
            "RS256" => Ok(Self::Rs256 { bits }),
            _ => Err(invalid(
                "`alg` must be one of `EdDSA` (Ed25519), `ES256` and `RS256`",
            )),
        }
    }
}
