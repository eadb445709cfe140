//! What the templates promise. They are read as they are, with CloudFormation's short forms; nothing
//! is deployed here.

mod alarms;
mod bus;
mod environment;
mod event_names;
mod functions;
mod parameters;
mod permissions;
mod role;
mod samconfig;
mod schedule;
mod secrets;
mod template;
mod wiring;
