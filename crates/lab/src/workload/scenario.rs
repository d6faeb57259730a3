//! A scenario: everything that a run of the chain is given, as plain data. As JSON it is what a violation is saved as.

use serde::{Deserialize, Serialize};

use seriatim_tos::ledger::{Block, Genesis, GenesisError, Parameters, Topoheight};

/// The version of the scenario's JSON form that this build writes and reads.
pub const SCENARIO_VERSION: u32 = 1;

/// Parameters, a genesis and what happens after it.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{Plan, Scenario, ScenarioError, build};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let scenario = build(&Plan::from_seed(7), SignatureScheme::Tagged).scenario;
/// assert_eq!(Scenario::from_json(&scenario.to_json())?, scenario);
/// let newer = scenario.to_json().replacen("\"version\": 1", "\"version\": 2", 1);
/// assert!(matches!(Scenario::from_json(&newer), Err(ScenarioError::Version { found: 2 })));
/// # Ok::<(), ScenarioError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub version: u32,
    pub parameters: Parameters,
    pub genesis: Genesis,
    pub steps: Vec<Step>,
}

/// One thing that happens to the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Step {
    /// One ordering run: blocks applied in order with one NonceChecker. It ends early at an aborted block.
    Run(Vec<Block>),
    /// Everything above this topoheight is undone. At or above the top it does nothing; below genesis it cannot go.
    Rewind(Topoheight),
}

/// Why a text is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("not a scenario: {0}")]
    Json(#[from] serde_json::Error),
    #[error("scenario version {found}, this build reads version {SCENARIO_VERSION}")]
    Version { found: u64 },
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisError),
    /// Counted from 0.
    #[error("step {step}: a rewind to {to}, where the ledger begins at {genesis}")]
    RewindBelowGenesis { step: usize, to: Topoheight, genesis: Topoheight },
}

impl Scenario {
    /// Reads a scenario back.
    ///
    /// # Errors
    /// Text that is not one (with line and column), another version, a genesis that no chain can start from, or a rewind to
    /// below it.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version != u64::from(SCENARIO_VERSION) {
            return Err(ScenarioError::Version { found: version });
        }
        let scenario: Self = serde_json::from_str(text)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Refuses what this build cannot run.
    ///
    /// # Errors
    /// Another version, a genesis that no chain can start from, or a rewind to below it.
    pub fn check(&self) -> Result<(), ScenarioError> {
        if self.version != SCENARIO_VERSION {
            return Err(ScenarioError::Version { found: self.version.into() });
        }
        self.genesis.validate()?;
        let genesis = self.genesis.topoheight;
        for (step, given) in self.steps.iter().enumerate() {
            match given {
                Step::Rewind(to) if *to < genesis => {
                    return Err(ScenarioError::RewindBelowGenesis { step, to: *to, genesis });
                }
                Step::Rewind(_) | Step::Run(_) => {}
            }
        }
        Ok(())
    }

    /// The scenario as text, one line an object deep enough to read.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("keys are text and no value refuses to be written")
    }

    /// The steps, each with the number of its first block. Blocks are numbered over all runs, whether or not they are applied.
    pub fn numbered_steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().scan(0, |next, step| {
            let first = *next;
            if let Step::Run(blocks) = step {
                *next += blocks.len();
            }
            Some((first, step))
        })
    }

    /// Every block of every run, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.steps.iter().flat_map(|step| match step {
            Step::Run(blocks) => blocks.as_slice(),
            Step::Rewind(_) => &[],
        })
    }

    /// Number of transactions in all blocks.
    pub fn tx_count(&self) -> usize {
        self.blocks().map(|block| block.transactions.len()).sum()
    }
}
