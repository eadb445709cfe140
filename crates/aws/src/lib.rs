#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod connection;
mod event_bus;
mod queue;
mod secrets_manager;
mod trust;

pub use connection::{Connection, Credential, Settings, SettingsError};
pub use event_bus::{EventBus, PublishError};
pub use queue::{Queue, SendError};
pub use secrets_manager::SecretsManager;
