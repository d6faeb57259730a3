//! Numbers: 0, 1, 2, 10, else the least power of ten that will do.

use super::script::Script;
use super::search::Search;

/// Tried first, in this order.
const SMALL: [u64; 4] = [0, 1, 2, 10];

impl Search<'_> {
    /// Makes one number smaller. It is found again in each attempt; None: it is not there any more.
    pub(super) fn shrink_number(&mut self, of: impl Fn(&mut Script) -> Option<&mut u64>) {
        let read = |script: &Script| of(&mut script.clone()).map(|number| *number);
        let Some(current) = read(&self.script) else { return };
        let of = &of;
        let write = |number: u64| {
            move |script: &mut Script| {
                if let Some(place) = of(script) {
                    *place = number;
                }
            }
        };
        for number in SMALL.into_iter().filter(|number| *number < current) {
            if self.edit(write(number)) {
                return;
            }
        }
        if SMALL.contains(&current) {
            return;
        }
        // More is mostly enough where less is: halve the range of exponents.
        let powers: Vec<u64> =
            (2..20).map(|exponent| 10_u64.pow(exponent)).take_while(|power| *power < current).collect();
        let (mut low, mut high) = (0, powers.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.edit(write(powers[middle])) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
    }
}
