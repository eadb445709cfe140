#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod audit;
mod connection;
mod event_bus;
mod fault;
mod orders;
mod parked;
mod publisher;
mod put_events;
mod queue;
mod registry;
mod requests_bus;
mod secrets_manager;
#[cfg(test)]
mod testing;
mod trust;

pub use audit::{AuditTable, CheckpointBucket, Kms, NoStream, SiemStream};
pub use connection::{Connection, Credential, Settings, SettingsError, http_client};
pub use event_bus::EventBus;
pub use orders::RetireQueues;
pub use parked::Parked;
pub use put_events::PublishError;
pub use queue::{Queue, SendError};
pub use registry::{RegistryTable, Usage};
pub use requests_bus::RequestsBus;
pub use secrets_manager::SecretsManager;
