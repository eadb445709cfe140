//! The real template on the local cloud with IAM enforced, a real PostgreSQL with TLS, the real functions and
//! the real command line.

mod after_rotation;
mod alarms;
mod asked;
mod asking;
mod audited;
mod auditing;
mod bad_input;
mod bad_news;
mod burst;
mod crash;
mod forged;
mod grace;
mod killed;
mod kinds;
mod label_rules;
mod mariadb;
mod operating;
mod permissions;
mod playground;
mod poison;
mod published;
mod redis;
mod request_role;
mod roles;
mod roles_of_keys;
mod rollback;
mod rotation;
mod runbooks;
mod scheduled;
mod sdk_verbs;
mod stuck;
mod webhooks;

use std::time::Duration;

/// How long a rotation with all its attempts may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A name for a database and its roles that no other test has.
fn unique(name: &str) -> String {
    format!("{name}_{}", std::process::id())
}
