use std::error::Error;

use rekey_aws::{AuditTable, Connection, SecretsManager, SiemStream};
use rekey_function::{SealKeys, VariableError};

use crate::config::Config;
use crate::writer::Writer;

/// The function as it is deployed.
pub type Deployed = Writer<AuditTable, SiemStream, SecretsManager>;

/// Makes the clients, and reads the keys of the seals: the one call of the init.
pub async fn start(config: Result<Config, VariableError>) -> Result<Deployed, Box<dyn Error>> {
    let config = config?;
    let connection = Connection::new(config.aws)?;
    let stream = format!("rekey-{}-audit", config.stage);
    Ok(Writer {
        function: config.function,
        trail: AuditTable::new(&connection, config.table),
        onward: SiemStream::parse(&connection, config.siem.as_deref(), &stream)?,
        keys: SealKeys::read(SecretsManager::new(&connection), config.keys).await?,
    })
}
