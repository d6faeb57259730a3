//! Which inputs are kept: a set cover, greedy in a fixed order, from which nothing can be left out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Feature, Judged};

/// Positions, ascending, of those that are kept of inputs in order of preference.
///
/// # Examples
/// ```
/// use seriatim_campaign::corpus::{Feature, Judged, cover};
///
/// let shows = |blocks: &[u32]| Judged {
///     features: blocks.iter().map(|&blocks| Feature::Blocks(blocks)).collect(),
///     violates: false,
/// };
/// let inputs = [shows(&[1]), shows(&[1, 2]), shows(&[2])];
/// // The second shows all that the first and the third do.
/// assert_eq!(cover(&inputs.each_ref()), [1].into());
/// ```
pub fn cover(inputs: &[&Judged]) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    // How many of those kept have a feature.
    let mut having: BTreeMap<&Feature, usize> = BTreeMap::new();
    for (position, input) in inputs.iter().enumerate() {
        if input.violates || input.features.iter().any(|feature| !having.contains_key(feature)) {
            kept.insert(position);
            for feature in &input.features {
                *having.entry(feature).or_default() += 1;
            }
        }
    }
    for (position, input) in inputs.iter().enumerate().rev() {
        let is_spare = !input.violates && input.features.iter().all(|feature| having[feature] > 1);
        if is_spare && kept.remove(&position) {
            for feature in &input.features {
                *having.get_mut(feature).expect("its features were counted when it was kept") -= 1;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inputs whose features are numbers.
    fn kept(inputs: &[(&[usize], bool)]) -> Vec<usize> {
        let judged = inputs.iter().map(|&(features, violates)| {
            let features = features.iter().map(|&blocks| Feature::Blocks(blocks as u32)).collect();
            Judged { features, violates }
        });
        let judged: Vec<_> = judged.collect();
        cover(&judged.iter().collect::<Vec<_>>()).into_iter().collect()
    }

    #[test]
    fn what_adds_nothing_is_left_out() {
        assert_eq!(kept(&[(&[1], false), (&[1], false), (&[1, 2], false), (&[2], false)]), [2]);
        assert_eq!(kept(&[(&[1], false), (&[2], false), (&[3], false)]), [0, 1, 2]);
        assert_eq!(kept(&[(&[], false)]), [0; 0]);
        assert_eq!(kept(&[]), [0; 0]);
    }

    #[test]
    fn what_later_ones_make_spare_is_left_out_too() {
        // The first two were kept for what the third and fourth have as well.
        assert_eq!(kept(&[(&[1], false), (&[2], false), (&[1, 3], false), (&[2, 4], false)]), [2, 3]);
    }

    #[test]
    fn of_two_that_cover_each_other_the_preferred_one_stays() {
        assert_eq!(kept(&[(&[1, 2], false), (&[2, 3], false), (&[3, 1], false)]), [0, 1]);
    }

    #[test]
    fn a_violation_is_kept_and_what_it_shows_need_not_be_shown_again() {
        assert_eq!(kept(&[(&[1], false), (&[1], true), (&[], true)]), [1, 2]);
    }
}
