//! The real template on the local cloud with IAM enforced, a real PostgreSQL with TLS, the real function.

mod bad_input;
mod crash;
mod label_rules;
mod permissions;
mod playground;
mod rotation;
mod sdk_verbs;

use std::time::Duration;

/// How long a rotation with all its attempts may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a database and its roles that no other test has.
fn unique(name: &str) -> String {
    format!("{name}_{}", std::process::id())
}
