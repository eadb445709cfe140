//! Every command against a world in memory.

mod cast;
mod doctor;
mod golden;
mod help;
mod impact;
mod look;
mod office;
mod page;
mod replay;
mod requesters;
mod requests;
mod retire;
mod rollback;
mod rotate;
mod rotate_waits;
mod typed;
mod values;
mod world;
