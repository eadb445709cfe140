use std::fmt::Write as _;

use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_types::base64;

/// Names in the subjects of the roots that sign AWS's endpoints: Amazon Root CA 1 to 4, and the older
/// Starfield root that cross-signs them.
const AMAZON: [&[u8]; 2] = [
    b"Amazon Root CA ",
    b"Starfield Services Root Certificate Authority - G2",
];

/// The roots that sign AWS's own endpoints.
pub(crate) fn amazon_roots() -> TrustStore {
    let mut store = TrustStore::empty();
    store.add_pem_certificate(amazon_roots_pem());
    store
}

fn amazon_roots_pem() -> String {
    let mut bundle = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        if AMAZON.iter().any(|name| contains(root, name)) {
            // Writing to a String cannot fail.
            let _written = writeln!(
                bundle,
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
                base64::encode(root)
            );
        }
    }
    bundle
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_roots_of_amazon_are_trusted_and_no_other() {
        assert_eq!(amazon_roots_pem().matches("BEGIN CERTIFICATE").count(), 5);
    }

    #[test]
    fn the_roots_make_a_working_tls_context() {
        use aws_smithy_http_client::tls;
        assert!(
            tls::TlsContext::builder()
                .with_trust_store(amazon_roots())
                .build()
                .is_ok()
        );
    }
}
