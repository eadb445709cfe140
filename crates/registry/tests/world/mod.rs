//! A Secrets Manager that only has labels and dates, a bus that remembers, and stories that happen there.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

mod booking;
mod bus;
mod cut;
mod secrets_manager;
mod stage;
mod story;
mod telling;

pub use booking::{book, supersede};
pub use bus::{Bus, Queue, RequestsBus, Rotations};
pub use cut::{Cut, How, Process, Watched, drive};
pub use secrets_manager::{Change, SecretsManager, version};
pub use stage::{DAY, HOUR, MINUTE, NAME, START, Stage, label_moved, put};
pub use story::{Act, Expected, Step, Story};
pub use telling::{Delay, End, Telling};

/// Numbers that look random and are the same in every run.
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 0 to `below` - 1.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}
