mod error;
mod look;
mod protocol;
mod resume;
mod rotate;

use std::time::Duration;

use aws_sdk_secretsmanager::Client;

use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);

/// Secrets Manager through the SDK.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// Makes the client over the shared connection.
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: client!(aws_sdk_secretsmanager, connection, CALL),
        }
    }
}
