use aws_smithy_http_client::tls::TrustStore;

/// The roots that sign AWS's endpoints: Amazon Root CA 1 to 4, and the older Starfield root that
/// cross-signs them. Five, and not a system's hundred and more, because each is parsed at every cold start.
/// Source: [Amazon Trust Services](https://www.amazontrust.com/repository/).
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// The roots that sign AWS's own endpoints.
pub(crate) fn amazon_roots() -> TrustStore {
    let mut store = TrustStore::empty();
    store.add_pem_certificate(AMAZON_ROOTS);
    store
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::base64;

    /// Names in the subjects of the five.
    const SUBJECTS: [&[u8]; 2] = [
        b"Amazon Root CA ",
        b"Starfield Services Root Certificate Authority - G2",
    ];

    /// The certificates of a PEM text, each as one line of base64.
    fn encoded(pem: &str) -> Vec<String> {
        let starts = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
        starts
            .map(|rest| {
                let body = rest.split("-----END").next().unwrap();
                body.split_whitespace().collect()
            })
            .collect()
    }

    fn contains(haystack: &[u8], needle: &[u8]) -> bool {
        haystack
            .windows(needle.len())
            .any(|window| window == needle)
    }

    #[test]
    fn the_roots_of_amazon_that_mozilla_trusts_are_trusted_and_no_other() {
        let mut theirs: Vec<_> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .filter(|root| SUBJECTS.iter().any(|subject| contains(root, subject)))
            .map(base64::encode)
            .collect();
        let mut ours = encoded(AMAZON_ROOTS);
        theirs.sort();
        ours.sort();
        assert_eq!(ours.len(), 5);
        assert_eq!(ours, theirs);
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
