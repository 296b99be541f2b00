//! What tests that kill at random moments go by: numbers that can be had again, and how often.

/// Numbers that look random and can be had again (splitmix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins at `PALISADE_SEED`, or else somewhere; prints where.
    #[must_use]
    #[expect(clippy::print_stdout, reason = "the test runner shows it when the test fails")]
    pub fn new() -> Self {
        let seed = std::env::var("PALISADE_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        println!("PALISADE_SEED={seed}");
        Self(seed)
    }

    /// A number from 0 to `bound`, which it is less than.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}

/// How often a test kills: `PALISADE_KILLS`, or else `default`.
///
/// # Panics
///
/// When `PALISADE_KILLS` is no number.
#[must_use]
pub fn kills(default: u32) -> u32 {
    std::env::var("PALISADE_KILLS").map_or(default, |text| text.parse().expect("PALISADE_KILLS is a number"))
}
