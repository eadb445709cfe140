//! Each kind of server has an authority of its own.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

use super::files::close;
use super::owner::Owner;

/// Makes an authority and a certificate for `localhost` and 127.0.0.1: `ca.pem`, `server.pem` and
/// `server.key` in `directory`, the last two for `owner` only. 127.0.0.2, where the servers listen too, is a name it
/// is not for.
pub fn make(directory: &Path, name: &str, owner: Owner) -> Result<()> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, format!("Rekey test authority {name}"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().context("cannot make a key")?;
    let authority = CertifiedIssuer::self_signed(authority, key).context("cannot sign")?;

    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).context("cannot name the server")?;
    let key = KeyPair::generate().context("cannot make a key")?;
    let certificate = server.signed_by(&key, &authority).context("cannot sign")?;

    for (file, text) in [
        ("ca.pem", authority.pem()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        fs::write(directory.join(file), text).with_context(|| format!("cannot write {file}"))?;
    }
    for file in ["server.pem", "server.key"] {
        close(&directory.join(file), 0o600, owner)?;
    }
    Ok(())
}
