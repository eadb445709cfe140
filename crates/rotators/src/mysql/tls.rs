use std::sync::Arc;

use mysql_async::{Opts, OptsBuilder, SslOpts};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::trust::Trust;

/// What a verified connection is made with. Made once: the driver keeps the parsed certificates in it.
///
/// Certificate and name are verified; the driver's other switches are never set. `None` when nothing is
/// trusted.
pub(super) fn options(trust: &Trust) -> Option<Opts> {
    let bundle: Arc<[u8]> = trust.bundle()?;
    // The driver refuses a bundle for one entry that it does not understand: it gets the others.
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(&bundle)
        .filter_map(Result::ok)
        .filter(|certificate| roots.add(certificate.clone()).is_ok())
        .map(|certificate| certificate.to_vec().into())
        .collect();
    let tls = SslOpts::default()
        .with_disable_built_in_roots(true)
        .with_root_certs(certificates);
    Some(OptsBuilder::default().ssl_opts(tls).into())
}
