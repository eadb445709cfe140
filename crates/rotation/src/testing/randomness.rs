use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use rand_core::{Rng, TryCryptoRng, TryRng};

/// Random-looking bytes for tests: the same in each run, never the same twice in one.
///
/// It claims to be fit for secrets because a rotation asks for that. It is not.
pub struct TestRandomness(u64);

static SEEDS: AtomicU64 = AtomicU64::new(1);

impl TestRandomness {
    /// A stream that no earlier call has returned.
    pub fn fresh() -> Self {
        Self::seeded(SEEDS.fetch_add(1, Ordering::Relaxed))
    }

    /// The stream of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xA076_1D64_78BD_642F))
    }

    /// A number below `bound`, which must not be 0; close enough to even.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let drawn = self.next_u32() as usize;
        drawn.checked_rem(bound).unwrap_or(0)
    }
}

// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
impl TryRng for TestRandomness {
    type Error = Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(z ^ (z >> 31))
    }

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d, ..] = self.try_next_u64()?.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(word) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRandomness {}
