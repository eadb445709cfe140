//! What the templates promise. They are read as they are, with CloudFormation's short forms; nothing
//! is deployed here.

mod alarms;
mod audit_keys;
mod audit_trail;
mod bus;
mod calls;
mod checkpoints;
mod dashboard;
mod data_key;
mod endpoints;
mod environment;
mod event_names;
mod functions;
mod invocations;
mod jobs;
mod parameters;
mod permissions;
mod powers;
mod queues;
mod registry;
mod remains;
mod requests_bus;
mod role;
mod rules;
mod samconfig;
mod schedule;
mod secrets;
pub mod template;
mod trail_powers;
mod wiring;
