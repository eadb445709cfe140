//! Rotations that somebody asks for: who may, what speaks against it, and what became of it.

mod actor;
mod ask;
mod desk;
mod impact;
mod judge;
mod record;
mod rehearsal;
mod rotate;
mod store;
mod telling;

pub use actor::Actor;
pub use ask::Ask;
pub use desk::{Desk, Handled};
pub use impact::{Affected, Impact};
pub(crate) use impact::{sites, tenant};
pub use judge::{not_allowed, outlook};
pub use record::{Checked, Planned, Refusal, Request, Requested, Standing, Wishes};
pub use rehearsal::{Rehearsal, rehearsed};
pub use rotate::{Rotate, RotateError, Rotated};
pub use store::{RequestPage, Requests, Settlement, Turn, share};
