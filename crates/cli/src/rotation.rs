//! What the audit trail says of a rotation, and the pages that are made of it.

mod facts;
mod gather;
mod markdown;
mod page;
mod said;
mod seen;

pub use facts::{Facts, Rollback};
pub use gather::{Story, gather, of_time};
pub use markdown::{plain, sign_off_of};
pub use page::{keep, kept};
pub use said::{NOT_RECORDED, Said};
pub use seen::Check;
