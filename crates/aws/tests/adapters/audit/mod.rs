//! The audit trail on DynamoDB, its checkpoints on S3 and KMS, and the streams to a SIEM.

mod attacks;
mod checkpoints;
mod siem;
mod trail;
mod writers;

use std::ops::RangeInclusive;

use rekey_audit::testing::{keyring, record};
use rekey_audit::{Append, Chain, Keyring, Link, Onward, OnwardError, Wait, WriteError, write};

/// When the records were made.
const NOW: i64 = 1_795_312_800;
const TARGET: &str = "tenant.acme.stripe.api_key";

/// A stream that takes everything and goes nowhere.
struct Nowhere;

impl Onward for Nowhere {
    async fn send(&self, _: &[Link]) -> Result<(), OnwardError> {
        Ok(())
    }
}

/// For a writer who is alone.
struct AtOnce;

impl Wait for AtOnce {
    async fn wait(&self, _: u32) {}
}

fn keys() -> Keyring {
    keyring(1).unwrap()
}

fn chain(name: &str) -> Chain {
    Chain::parse(name).unwrap()
}

/// Writes the records of a tenant, from one number to another, in one call.
async fn writes<A: Append>(trail: &A, tenant: &str, whats: RangeInclusive<u64>) {
    let count = whats.clone().count();
    assert_eq!(written(trail, &keys(), tenant, whats).await, Ok(count));
}

/// The same with a key ring that is given; what became of it.
async fn written<A: Append>(
    trail: &A,
    keys: &Keyring,
    tenant: &str,
    whats: RangeInclusive<u64>,
) -> Result<usize, WriteError> {
    let records: Vec<_> = whats
        .map(|what| record(tenant, what, TARGET, NOW).unwrap())
        .collect();
    let mut written = write(trail, &Nowhere, &AtOnce, keys, &records, NOW).await;
    assert_eq!(written.len(), 1, "one part of one chain");
    written.remove(0).result
}
