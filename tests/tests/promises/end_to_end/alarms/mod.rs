//! Every alarm goes off on the local cloud by what it is there for, tells its topic so, and is over when the
//! cause is gone. docs/alarms.md has the list.

mod bells;
mod keys;
mod orders;
mod page;
mod requests;
mod rotations;
mod table;
mod trail;
