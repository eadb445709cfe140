use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use rekey_audit::{Chain, Keyring, PublicKey, Signer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::tenant;
use crate::audit::{Examined, Folder, Live, Source, Which, examine, keyring, public_key};
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::span;
use crate::view::ExaminedView;
use crate::world::{World, of_signer};
use report::report;

mod report;

/// How old the newest checkpoint may be before that is told, in seconds. One is made every five minutes.
const STALE: i64 = 30 * 60;

/// Verify that no record of the audit trail was edited, removed, put elsewhere or forged.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey audit verify
  rekey audit verify --tenant acme --tenant platform --json
  rekey audit verify --all-checkpoints --mac-keys audit-keys.json
  rekey audit verify --export ./trail --public-key checkpoints.pem

With --export nothing is asked of AWS: no account, no credentials, no network. The public key is
what the proof hangs on, so take it from somebody you trust, and not from the export.

What it proves and what it cannot: docs/audit.md.

Exit codes: 0 sound; 1 it could not be looked at, or nothing signed vouches for it; 4 a finding.")]
pub struct Verify {
    /// Only the chain of this tenant; platform for what belongs to none; may be said more than once.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    tenant: Vec<Chain>,
    /// An export in place of the stack.
    #[arg(
        long,
        value_name = "DIR",
        requires = "public_key",
        conflicts_with = "all_checkpoints"
    )]
    export: Option<PathBuf>,
    /// The public key of the checkpoints, as PEM, in place of the one that KMS gives.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The keys that records are sealed with, as their secret holds them. Then seals are checked too.
    #[arg(long, value_name = "FILE")]
    mac_keys: Option<PathBuf>,
    /// Look at every checkpoint [default: the last of each day, and all of the newest day].
    #[arg(long)]
    all_checkpoints: bool,
}

impl Verify {
    /// Whether it needs nothing but files.
    pub const fn is_offline(&self) -> bool {
        self.export.is_some()
    }

    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        if self.is_offline() {
            return self.offline(console).await;
        }
        let key = match &self.public_key {
            Some(path) => public_key(path)?,
            None => {
                let asked = world.signer().public_key().await;
                asked.map_err(|error| of_signer(world, &error))?
            }
        };
        let now = world.clock().now();
        self.verify(&Live(world), &key, Vec::new(), Some(now), console)
            .await
    }

    /// The same from files alone.
    pub async fn offline(&self, console: &mut Console<'_>) -> Result<Exit, Error> {
        let (Some(folder), Some(key)) = (&self.export, &self.public_key) else {
            return Err(Error::Usage("--export needs --public-key".into()));
        };
        let (folder, key) = (Folder::open(folder)?, public_key(key)?);
        let mut warnings = Vec::new();
        if !folder.is_whole() {
            warnings.push("the export was not finished: it has no README.txt".to_owned());
        }
        self.verify(&folder, &key, warnings, None, console).await
    }

    /// `now` is in seconds since 1970; an export is looked at whenever somebody likes.
    async fn verify<S: Source>(
        &self,
        source: &S,
        key: &PublicKey,
        mut warnings: Vec<String>,
        now: Option<i64>,
        console: &mut Console<'_>,
    ) -> Result<Exit, Error> {
        let keys: Option<Keyring> = self.mac_keys.as_deref().map(keyring).transpose()?;
        let which = Which::said(self.all_checkpoints);
        let examined = examine(source, console, key, keys.as_ref(), which, &self.tenant).await?;
        warnings.extend(told(&examined, now));
        let fingerprint = key.fingerprint();
        let fingerprint = fingerprint.map_err(|why| Error::Usage(why.to_string()))?;
        if console.is_json() {
            let seals = keys.is_some();
            console.json(&ExaminedView::of(&examined, &fingerprint, seals, &warnings))?;
        } else {
            report(&examined, &fingerprint, keys.is_some(), console)?;
        }
        for warning in &warnings {
            console.note(&format!("warning: {warning}"))?;
        }
        Ok(match examined.findings() {
            0 if examined.is_unproven() => Exit::Failed,
            0 => Exit::Ok,
            _ if examined.lacks_keys_only() => Exit::Failed,
            _ => Exit::Drift,
        })
    }
}

/// What is no finding, and still to be known.
fn told(examined: &Examined, now: Option<i64>) -> Vec<String> {
    let mut told = Vec::new();
    for chain in &examined.nameless {
        told.push(format!(
            "{chain} is not in the list of chains of the table, so nobody looks at it who does not name it \
             (docs/runbooks/chain-broken.md)"
        ));
    }
    if examined.lacks_keys_only() {
        let keys = examined.unknown.iter().flat_map(|unknown| &unknown.keys);
        let keys: BTreeSet<&str> = keys.map(String::as_str).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        told.push(format!(
            "the seals could not be looked at: the keys of --mac-keys have no key {}; take the secret's value of today",
            keys.join(", ")
        ));
    }
    if examined.is_unproven() {
        told.push(
            "no checkpoint is signed by the key, so nothing vouches for these records".into(),
        );
    }
    let newest = examined.signatures.newest.as_ref();
    if let (Some((number, at)), Some(now)) = (newest, now)
        && let Some(made) = unix(at)
        && now.saturating_sub(made) > STALE
    {
        let age = span(now.saturating_sub(made));
        told.push(format!(
            "the newest checkpoint, {number}, is {age} old; one is made every five minutes \
             (docs/runbooks/checkpoint-not-running.md)"
        ));
    }
    told
}

fn unix(at: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(at, &Rfc3339).ok()?;
    Some(at.unix_timestamp())
}
