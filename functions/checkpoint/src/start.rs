use std::error::Error;

use rekey_aws::{AuditTable, CheckpointBucket, Connection, Kms, SecretsManager};
use rekey_function::{SealKeys, VariableError};

use crate::config::Config;
use crate::notary::Notary;

/// The function as it is deployed.
pub type Deployed = Notary<AuditTable, CheckpointBucket, Kms, SecretsManager>;

/// Makes the clients, and reads the keys of the seals: the one call of the init.
pub async fn start(config: Result<Config, VariableError>) -> Result<Deployed, Box<dyn Error>> {
    let config = config?;
    let connection = Connection::new(config.aws)?;
    Ok(Notary {
        function: config.function,
        stage: config.stage,
        trail: AuditTable::new(&connection, config.table),
        vault: CheckpointBucket::new(&connection, config.bucket),
        signer: Kms::new(&connection, config.key),
        keys: SealKeys::read(SecretsManager::new(&connection), config.keys).await?,
    })
}
