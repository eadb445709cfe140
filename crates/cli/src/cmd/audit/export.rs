use std::path::PathBuf;

use clap::Args;
use rekey_audit::{Chain, Signer};
use serde::Serialize;

use super::tenant;
use crate::audit::{Chains, Live, NewFolder, Source, Which};
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::rfc3339;
use crate::world::{World, of_signer};

/// Export the audit trail, to be verified by somebody who has no access to the stack.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey audit export --out ./trail-2026-11
  rekey audit export --out ./trail-acme --tenant acme
  rekey audit verify --export ./trail-acme --public-key checkpoints.pem

Checkpoints name every chain and its length: who gets an export of one tenant learns the names of
the others.")]
pub struct Export {
    /// Where to: a folder that is not there, or is empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only the chain of this tenant; may be said more than once.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    tenant: Vec<Chain>,
    /// Every checkpoint [default: the last of each day, and all of the newest day].
    #[arg(long)]
    all_checkpoints: bool,
}

#[derive(Serialize)]
struct Document {
    folder: String,
    exported_at: String,
    chains: Vec<Exported>,
    checkpoints: usize,
    public_key: String,
}

#[derive(Serialize)]
struct Exported {
    chain: String,
    records: u64,
    unreadable: u64,
}

impl Export {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let source = Live(world);
        let key = world.signer().public_key().await;
        let key = key.map_err(|error| of_signer(world, &error))?;
        let no_key = |why: rekey_audit::NoPublicKey| Error::Unavailable(why.to_string());
        let (pem, fingerprint) = (
            key.to_pem().map_err(no_key)?,
            key.fingerprint().map_err(no_key)?,
        );
        // Before the records, so that what they vouch for is exported with them.
        let which = Which::said(self.all_checkpoints);
        let checkpoints = source.checkpoints(which).await?;
        let found = Chains::of(&source, checkpoints.chains(), &self.tenant).await?;
        let folder = NewFolder::make(&self.out)?;
        folder.checkpoints(&checkpoints)?;
        let mut chains = Vec::new();
        for chain in found.wanted.iter().filter(|chain| found.has(chain)) {
            console.progress("writing the records", chain.as_str())?;
            let (records, unreadable) = folder.chain(&source, chain).await?;
            chains.push(Exported {
                chain: chain.to_string(),
                records,
                unreadable,
            });
        }
        let document = Document {
            folder: self.out.display().to_string(),
            exported_at: rfc3339(world.clock().now()),
            chains,
            checkpoints: checkpoints.kept.len(),
            public_key: fingerprint,
        };
        let options: String = self
            .tenant
            .iter()
            .map(|one| format!(" --tenant {one}"))
            .collect();
        folder.finish(&pem, &readme(world, &document, &options))?;
        self.tell(console, &document)?;
        Ok(Exit::Ok)
    }

    fn tell(&self, console: &mut Console<'_>, document: &Document) -> Result<(), Error> {
        if console.is_json() {
            console.json(document)?;
        } else {
            for one in &document.chains {
                console.line(&format!("{}: {} records", one.chain, one.records))?;
            }
            console.line(&format!("checkpoints: {}", document.checkpoints))?;
            console.line(&format!("public key:  SHA-256 {}", document.public_key))?;
            console.line(&format!(
                "in {}; README.txt says what it is",
                document.folder
            ))?;
        }
        for one in document.chains.iter().filter(|one| one.unreadable > 0) {
            console.note(&format!(
                "warning: {}: {} records cannot be read and are gaps in the export; rekey audit verify says which",
                one.chain, one.unreadable
            ))?;
        }
        Ok(())
    }
}

/// What stands beside the files. `options` name the chains, where only some were exported: of the others the
/// checkpoints speak too.
fn readme<W: World>(world: &W, document: &Document, options: &str) -> String {
    let (stage, region) = (&world.stack().stage, world.region());
    let chains = document.chains.iter().map(|one| {
        let gaps = match one.unreadable {
            0 => String::new(),
            gaps => format!(", and {gaps} that could not be read"),
        };
        format!("  {}: {} records{gaps}\n", one.chain, one.records)
    });
    let chains: String = chains.collect();
    format!(
        "\
An export of Rekey's audit trail
================================

Stage {stage} in {region}, exported {at}, {checkpoints} checkpoints.

{chains}
  <chain>.ndjson          the records of one tenant, one a line, each with the hash of the one before it
  <chain>.head.json       the end of that chain when it was exported
  checkpoints/<n>.json    signed: how long each chain was at a moment, and the hash of its last record
  public-key.pem          the key that the signatures are checked with

To verify it, with nothing but these files:

  rekey audit verify --export <this folder> --public-key <file>{options}

docs/audit.md has the same in a page of Python, for those who trust nobody's program.

The key in public-key.pem proves nothing about whoever gave you this export: who can write one can write
the other. Compare its fingerprint with one that you have from the owner of the stack, by another way:

  SHA-256 {key}

  openssl pkey -pubin -in public-key.pem -outform DER | sha256sum
",
        at = document.exported_at,
        checkpoints = document.checkpoints,
        key = document.public_key,
    )
}
