//! How often a case shows its violation: measured until it was seen often enough, with an interval around it.

use std::ops::ControlFlow;

use seriatim_triage::report::Rate;

/// A measurement ends when the violation was seen so often: the rate is then known to a half or so.
const ENOUGH: u32 = 20;
/// Repetitions of one attempt at a smaller case at most: what shows in less than one of a thousand is often overlooked.
const MOST_REPEATS: u32 = 4_000;
/// Asks until the violation was seen often enough, or `most` times. `ask` says whether it was seen, or breaks off.
pub fn measure(most: u32, mut ask: impl FnMut(u32) -> ControlFlow<(), bool>) -> Rate {
    let (mut shown, mut times) = (0, 0);
    while times < most && shown < ENOUGH {
        let ControlFlow::Continue(is_shown) = ask(times) else { break };
        times += 1;
        shown += u32::from(is_shown);
    }
    Rate { shown, times, repeats: 0 }
}

/// So many repetitions that a violation of this rate is overlooked once in a hundred.
pub fn repeats(rate: &Rate) -> u32 {
    // A rate that was never or always seen is taken for one a little off.
    let rate = (f64::from(rate.shown) + 0.5) / (f64::from(rate.times) + 1.0);
    let overlooked = |repeats: u32| (1.0 - rate).powf(f64::from(repeats));
    (1..MOST_REPEATS).find(|&repeats| overlooked(repeats) <= 0.01).unwrap_or(MOST_REPEATS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::SplitMix64;
    use rand_xoshiro::rand_core::{Rng, SeedableRng};

    fn rate(shown: u32, times: u32) -> Rate {
        Rate { shown, times, repeats: 0 }
    }

    #[test]
    fn what_shows_seldom_is_asked_often() {
        assert_eq!(repeats(&rate(20, 20)), 2);
        assert!((5..=10).contains(&repeats(&rate(10, 20))));
        assert!((850..1_000).contains(&repeats(&rate(20, 4_000))), "{}", repeats(&rate(20, 4_000)));
        assert_eq!(repeats(&rate(0, 100_000)), MOST_REPEATS);
    }

    #[test]
    fn a_rate_lies_in_its_interval_in_95_of_100_measurements() {
        for true_rate in [0.005, 0.05, 0.5, 0.9] {
            let mut chance = SplitMix64::seed_from_u64(7);
            let mut inside = 0;
            for _ in 0..200 {
                let measured = measure(10_000, |_| {
                    ControlFlow::Continue((chance.next_u64() >> 11) as f64 / ((1_u64 << 53) as f64) < true_rate)
                });
                let (least, most) = measured.interval();
                inside += u32::from((least..=most).contains(&true_rate));
            }
            assert!(inside >= 190, "{true_rate}: {inside} of 200");
        }
    }

    #[test]
    fn an_interval_says_something() {
        let (least, most) = rate(20, 4_000).interval();
        assert!(least > 0.002 && most < 0.01, "{least} to {most}");
        assert_eq!(rate(0, 0).interval(), (0.0, 1.0));
        assert!(rate(20, 20).interval().0 > 0.7);
    }
}
