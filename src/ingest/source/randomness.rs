//! Chance, so that a thousand servers do not ask one CA in the same second.

/// A source of chance.
pub trait Randomness: Send + Sync {
    /// A number from 0 up to, but not including, 1.
    fn fraction(&self) -> f64;
}

/// The system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fraction(&self) -> f64 {
        let mut octets = [0; 4];
        // Without randomness the schedule is regular, which is no reason to stop.
        let _ = getrandom::fill(&mut octets);
        f64::from(u32::from_le_bytes(octets)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Always the same, for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedRandomness(pub f64);

impl Randomness for FixedRandomness {
    fn fraction(&self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_spread_over_the_range() {
        let fractions: Vec<f64> = (0..1000).map(|_| SystemRandomness.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = fractions.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
