#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod connection;
mod event_bus;
mod fault;
mod orders;
mod publisher;
mod queue;
mod registry;
mod secrets_manager;
#[cfg(test)]
mod testing;
mod trust;

pub use connection::{Connection, Credential, Settings, SettingsError, http_client};
pub use event_bus::{EventBus, PublishError};
pub use queue::{Queue, SendError};
pub use registry::{RegistryTable, Usage};
pub use secrets_manager::SecretsManager;
