use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

use super::{Error, While};

/// Makes an authority of its own and a certificate for `localhost` and 127.0.0.1: `ca.pem`,
/// `server.pem` and `server.key` in `directory`.
pub(super) fn make(directory: &Path, name: &str) -> Result<(), Error> {
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, format!("Rekey test authority {name}"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().or_say("cannot make a key")?;
    let authority = CertifiedIssuer::self_signed(authority, key).or_say("cannot sign")?;

    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).or_say("cannot name the server")?;
    let key = KeyPair::generate().or_say("cannot make a key")?;
    let certificate = server.signed_by(&key, &authority).or_say("cannot sign")?;

    for (file, text) in [
        ("ca.pem", authority.pem()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        fs::write(directory.join(file), text).or_say(format_args!("cannot write {file}"))?;
    }
    Ok(())
}
