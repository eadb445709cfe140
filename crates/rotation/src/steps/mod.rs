//! One file per step.

mod create;
mod finish;
mod pending;
mod set;
mod test;

pub(crate) use create::create;
pub(crate) use finish::finish;
pub(crate) use set::set;
pub(crate) use test::test;
