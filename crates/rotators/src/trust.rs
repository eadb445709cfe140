use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Where systems keep the certificates they trust, as one file: Amazon Linux (and so Lambda), Debian.
const SYSTEM_BUNDLES: [&str; 2] = [
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
];

/// The certificate authorities that a target's certificate may come from.
///
/// Read once, when the function starts: parsing certificates is most of what TLS costs there. RDS signs
/// with authorities of its own, which are in no system's bundle.
/// Source: [Using SSL/TLS to encrypt a connection to a DB instance](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html).
#[derive(Clone)]
pub struct Trust(Option<Trusted>);

#[derive(Clone)]
struct Trusted {
    config: Arc<ClientConfig>,
    #[cfg(feature = "mysql")]
    bundle: Arc<[u8]>,
}

/// Why a bundle of certificates cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TrustError {
    /// Nothing in it is a certificate of an authority.
    #[error(
        "the bundle holds no certificate in PEM form; give the file that RDS offers for your Region, or your own authority's"
    )]
    NoCertificate,
    /// The TLS library refused its own defaults.
    #[error("TLS could not be set up")]
    Unsupported,
}

impl Trust {
    /// Trusts the authorities in `bundle`, and no other. `bundle` is PEM.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn from_pem(bundle: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        // A bundle may hold an entry that is not understood; the others are good all the same.
        let certificates = CertificateDer::pem_slice_iter(bundle).filter_map(Result::ok);
        roots.add_parsable_certificates(certificates);
        if roots.is_empty() {
            return Err(TrustError::NoCertificate);
        }
        // The provider is named, so that no default of the process can be another one.
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|_| TrustError::Unsupported)?
                .with_root_certificates(roots)
                .with_no_client_auth();
        Ok(Self(Some(Trusted {
            config: Arc::new(config),
            #[cfg(feature = "mysql")]
            bundle: bundle.into(),
        })))
    }

    /// Trusts what this system trusts. Where there is no bundle, nothing is trusted, and a connection
    /// over TLS is refused with a sentence that says so.
    pub fn system() -> Self {
        SYSTEM_BUNDLES
            .iter()
            .filter_map(|path| fs::read(Path::new(path)).ok())
            .find_map(|bundle| Self::from_pem(&bundle).ok())
            .unwrap_or(Self(None))
    }

    /// What a TLS client is made of; `None` when nothing is trusted.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(crate) fn client_config(&self) -> Option<Arc<ClientConfig>> {
        Some(Arc::clone(&self.0.as_ref()?.config))
    }

    /// The bundle as it was given, for a driver that sets TLS up itself.
    #[cfg(feature = "mysql")]
    pub(crate) fn bundle(&self) -> Option<Arc<[u8]>> {
        Some(Arc::clone(&self.0.as_ref()?.bundle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_a_certificate_is_refused() {
        for bundle in [
            "",
            "no certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(
                Trust::from_pem(bundle.as_bytes()).err(),
                Some(TrustError::NoCertificate)
            );
        }
    }
}
