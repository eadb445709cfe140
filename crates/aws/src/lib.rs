#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

#[cfg(test)]
mod canned;
mod connection;
mod event_bus;
mod fault;
mod orders;
mod publisher;
mod queue;
mod registry;
mod secrets_manager;
mod trust;

pub use connection::{Connection, Credential, Settings, SettingsError, http_client};
pub use event_bus::{EventBus, PublishError};
pub use queue::{Queue, SendError};
pub use registry::{RegistryTable, Usage};
pub use secrets_manager::SecretsManager;
