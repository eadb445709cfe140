//! What the templates promise. They are read as they are, with CloudFormation's short forms; nothing
//! is deployed here.

mod alarms;
mod bus;
mod calls;
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
mod requests_bus;
mod role;
mod rules;
mod samconfig;
mod schedule;
mod secrets;
mod template;
mod wiring;
