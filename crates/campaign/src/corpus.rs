//! A corpus made smaller: of a fuzzer's inputs those are kept that show something no smaller one shows.
//!
//! A fuzzer keeps an input for the edges of the code that it reaches. What a block or an interleaving meant is no edge:
//! the same code runs in another order, or fails for another reason. A [`Feature`] is such a thing. The rule:
//!
//! - Inputs are looked at in order of size, then of their content's digest, then of their names. One that adds a feature is
//!   kept.
//! - Then, the last first, each is dropped again whose every feature another kept one has. So no single one of those that
//!   stay could be left out.
//! - An input that shows a violation is kept, whatever it adds. So a defect that is fixed keeps its inputs only until the
//!   corpus is made smaller again, unless they show something else: keep them elsewhere as tests.
//!
//! All features that the corpus had are kept, and a second pass changes nothing: each input that stayed is either a violation
//! or the only one with some feature, so both steps keep it.
//!
//! A plan that never ends on tokio never ends here: the bar names it, and Ctrl-C, twice, leaves everything as it was.
//! With schedules, an execution without end is cut off and counts as a violation.
//!
//! Nothing is written until everything has been read and judged. What cannot be read or decoded is named and left where
//! it is.

mod cover;
mod features;
mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

pub use cover::cover;
pub use features::{Feature, plans, schedules};
pub use folder::{CorpusError, Destination, Input, LeftAlone, default_target, read, removed_folder};

use seriatim_lab::workload::PlanError;

/// What one input shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    pub features: BTreeSet<Feature>,
    /// Whether an oracle rejects what it leads to.
    pub violates: bool,
}

/// Runs an input.
pub type Judge<'a> = dyn FnMut(&[u8]) -> Result<Judged, PlanError> + 'a;

/// Told of each input before it is judged, with its position. Breaking off ends the work.
pub type Watch<'a> = dyn FnMut(usize, &Input) -> ControlFlow<()> + 'a;

/// A corpus, divided.
#[derive(Debug, Default)]
pub struct Minimised {
    /// The order is that of their names, as for the others.
    pub kept: Vec<Input>,
    pub removed: Vec<Input>,
    /// No input of the kind that was asked for.
    pub left_alone: Vec<LeftAlone>,
    /// Figures of the whole corpus.
    pub features: BTreeSet<Feature>,
    /// The same figures of the inputs that are kept.
    pub kept_features: BTreeSet<Feature>,
    /// Inputs that show a violation, by position in `kept`.
    pub violations: Vec<usize>,
}

impl Minimised {
    /// How many features there are, by kind.
    pub fn features_by_kind(&self) -> BTreeMap<&'static str, usize> {
        self.features.iter().fold(BTreeMap::new(), |mut kinds, feature| {
            *kinds.entry(feature.kind()).or_default() += 1;
            kinds
        })
    }
}

/// Judges every input and divides them. None if `watch` broke off.
pub fn minimise(inputs: Vec<Input>, judge: &mut Judge<'_>, watch: &mut Watch<'_>) -> Option<Minimised> {
    let mut minimised = Minimised::default();
    let mut judged = Vec::new();
    for (position, input) in inputs.into_iter().enumerate() {
        if watch(position, &input).is_break() {
            return None;
        }
        match judge(&input.bytes) {
            Ok(shown) => judged.push((input, shown)),
            Err(error) => minimised.left_alone.push(LeftAlone { name: input.name, reason: error.to_string() }),
        }
    }
    judged.sort_by(|(first, _), (second, _)| first.name.cmp(&second.name));
    let ranks = ranks(judged.iter().map(|(input, _)| input));
    let kept: BTreeSet<usize> = cover(&ranks.iter().map(|&index| &judged[index].1).collect::<Vec<_>>())
        .into_iter()
        .map(|rank| ranks[rank])
        .collect();
    for (index, (input, Judged { features, violates })) in judged.into_iter().enumerate() {
        minimised.features.extend(features.iter().cloned());
        if kept.contains(&index) {
            if violates {
                minimised.violations.push(minimised.kept.len());
            }
            minimised.kept_features.extend(features);
            minimised.kept.push(input);
        } else {
            minimised.removed.push(input);
        }
    }
    Some(minimised)
}

/// Positions of the inputs, smallest first.
fn ranks<'a>(inputs: impl Iterator<Item = &'a Input>) -> Vec<usize> {
    let mut keys: Vec<_> = inputs
        .enumerate()
        .map(|(index, input)| (input.bytes.len(), *blake3::hash(&input.bytes).as_bytes(), index))
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|(.., index)| index).collect()
}
