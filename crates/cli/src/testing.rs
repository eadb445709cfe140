//! Every command against a world in memory.

mod cast;
mod doctor;
mod golden;
mod help;
mod look;
mod page;
mod retire;
mod rollback;
mod typed;
mod values;
mod world;
