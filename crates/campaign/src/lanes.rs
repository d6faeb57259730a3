//! What comes at an index of a campaign: by lane, one scenario and the way it is run. It depends on the seed alone.

use seriatim_lab::workload::{Built, Expectation, Plan, Shape, build, mix};
use seriatim_tos::ledger::SignatureScheme;

use strum::{EnumMessage, VariantArray};

use super::CampaignConfig;

/// Where scenarios come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage, VariantArray)]
pub enum Lanes {
    /// The real shapes once, then generated plans, every other one under shuttle and the rest on tokio; a real shape
    /// now and then.
    All,
    /// Real shapes only, each pass with other balances.
    Shapes,
    /// Generated plans only, on tokio.
    Plans,
    /// Generated plans only, interleaved by shuttle.
    Interleavings,
    /// Generated plans only, with an error, a delay, a panic or a cancellation at the awaits of their blocks.
    Faults,
}

/// Where one scenario comes from; enough to make it again.
///
/// # Examples
/// ```
/// use seriatim_campaign::{Budget, CampaignConfig, Lanes, Recipe};
/// use seriatim_lab::workload::real_shapes;
///
/// let config = CampaignConfig { seed: 1, ..CampaignConfig::of(Lanes::All, Budget::Executions(1_000)) };
/// let recipe = |index| config.recipe(index, real_shapes().len());
/// assert_eq!(recipe(0), Recipe::Shape { index: 0, seed: 0 }, "the real shapes come first");
/// assert!(matches!(recipe(100), Recipe::Interleaving { .. }));
/// assert!(matches!(recipe(101), Recipe::Plan { .. }));
/// assert_eq!(recipe(101).build(real_shapes()), recipe(101).build(real_shapes()), "it is enough to make it again");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    Plan { seed: u64 },
    Shape { index: usize, seed: u64 },
    Interleaving { seed: u64 },
    Faults { seed: u64 },
}

/// Every so many executions bring one more shape, after the first pass over them.
const SHAPE_INTERVAL: u64 = 256;

impl Lanes {
    /// Each of them.
    pub const CHOICES: &[Self] = Self::VARIANTS;

    /// What it runs, in a sentence.
    pub fn about(self) -> &'static str {
        self.get_documentation().expect("every variant has a doc comment")
    }

    /// The option of the command line that chooses it. None: what runs if no lane is chosen.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Shapes => Some("--shapes"),
            Self::Plans => Some("--plans"),
            Self::Interleavings => Some("--interleavings"),
            Self::Faults => Some("--faults"),
        }
    }
}

impl CampaignConfig {
    /// What comes at an index.
    pub fn recipe(&self, index: u64, shape_count: usize) -> Recipe {
        let seed = mix(self.seed, index);
        let shape_count = shape_count as u64;
        let shape = |number: u64| Recipe::Shape { index: (number % shape_count) as usize, seed: number / shape_count };
        match self.lanes {
            Lanes::Shapes => shape(index),
            Lanes::Interleavings => Recipe::Interleaving { seed },
            Lanes::Faults => Recipe::Faults { seed },
            Lanes::All if index < shape_count => shape(index),
            Lanes::All if index.is_multiple_of(SHAPE_INTERVAL) => shape(shape_count + index / SHAPE_INTERVAL),
            Lanes::All if index.is_multiple_of(2) => Recipe::Interleaving { seed },
            Lanes::All | Lanes::Plans => Recipe::Plan { seed },
        }
    }
}

impl Recipe {
    /// The scenario, what the reference says of it, and the classes of its transactions.
    pub fn build(self, shapes: &[Shape]) -> Built {
        match self {
            Self::Plan { seed } | Self::Interleaving { seed } | Self::Faults { seed } => {
                build(&Plan::from_seed(seed), SignatureScheme::Tagged)
            }
            Self::Shape { index, seed } => {
                let scenario = shapes[index].scenario(SignatureScheme::Tagged, seed);
                let expectation = Expectation::of(&scenario);
                Built { scenario, expectation, classes: Vec::new() }
            }
        }
    }

    pub(super) fn lane(self) -> &'static str {
        match self {
            Self::Plan { .. } => "plans",
            Self::Shape { .. } => "shapes",
            Self::Interleaving { .. } => "interleavings",
            Self::Faults { .. } => "faults",
        }
    }
}
