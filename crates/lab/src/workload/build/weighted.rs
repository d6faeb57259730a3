//! Cases with weights, of which a part of a record picks one.

/// Cases, each with its weight. A number picks by its remainder, so the order of the cases and their weights decide which number
/// means which case: plans that exist keep their meaning only as long as both stay.
#[derive(Debug)]
pub(super) struct Weighted<T: 'static>(pub &'static [(u64, T)]);

impl<T: Copy> Weighted<T> {
    pub(super) fn pick(&self, number: u64) -> T {
        let total: u64 = self.0.iter().map(|(weight, _)| weight).sum();
        let mut rest = number % total;
        for &(weight, case) in self.0 {
            if rest < weight {
                return case;
            }
            rest -= weight;
        }
        unreachable!("a remainder is below the sum of the weights")
    }
}
