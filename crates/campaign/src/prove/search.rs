//! One set, every execution of it, by either engine.

use std::ops::ControlFlow;

use seriatim_explore::model::ModelSettings;
use seriatim_explore::{InterleaveConfig, LoomBounds, LoomConfig, Strategy, until_violation};
use seriatim_lab::ChainExperiment;
use seriatim_lab::workload::Scenario;
use seriatim_verdict::{Verdict, Violation};

use super::{Certificate, ProveConfig, Witness};

/// Keys in shards of their own: two accounts then never share a lock, which is what a block of few accounts meets in a map
/// of usual size. That placement of keys does not matter is for the campaigns to show.
const SETTINGS: ModelSettings = ModelSettings { workers: None, shards: 1 << 20, placement_seed: 0 };

impl ProveConfig {
    /// All transactions of a set may run at a time.
    fn max_parallelism(&self) -> usize {
        self.transactions.max(2)
    }
}

/// The execution of a set on which the executor is wrong, the last one of so many.
pub(super) struct Wrong {
    pub interleavings: u64,
    pub witness: Witness,
    pub violation: Box<Violation>,
}

pub(super) fn by_dpor(
    config: &ProveConfig,
    scenario: &Scenario,
    certificate: &mut Certificate,
) -> Result<u64, Box<Wrong>> {
    let explore = InterleaveConfig {
        strategy: Strategy::Random,
        seed: 0,
        executions: config.bound,
        max_parallelism: config.max_parallelism(),
        settings: SETTINGS,
    };
    let mut refuted = None;
    let (evidence, exhaustion) =
        ChainExperiment::new(scenario, config.paths).ready().explore_all(&explore, |interleaved| {
            match interleaved.verdict {
                Verdict::Agree(_) => ControlFlow::Continue(()),
                Verdict::Violation(violation) => {
                    refuted = Some((violation, Witness::Schedule(interleaved.schedule)));
                    ControlFlow::Break(())
                }
            }
        });
    let interleavings = evidence.interleavings;
    if let Some((violation, witness)) = refuted {
        return Err(Box::new(Wrong { interleavings, witness, violation }));
    }
    certificate.redundant += exhaustion.redundant;
    certificate.cut += u64::from(!exhaustion.complete);
    Ok(interleavings)
}

pub(super) fn by_loom(
    config: &ProveConfig,
    preemptions: u8,
    scenario: &Scenario,
    certificate: &mut Certificate,
) -> Result<u64, Box<Wrong>> {
    let bounds = LoomBounds { executions: config.bound, ..LoomBounds::preemptions(preemptions.into()) };
    let explore = LoomConfig { bounds, max_parallelism: config.max_parallelism(), settings: SETTINGS };
    let search = ChainExperiment::new(scenario, config.paths).ready().explore_loom(&explore, until_violation);
    let search = search.expect("a set has no more transactions than loom has threads for tasks");
    let interleavings = search.executions as u64;
    if let Some(violation) = search.found {
        return Err(Box::new(Wrong { interleavings, witness: Witness::LoomExecution(search.executions), violation }));
    }
    certificate.cut += u64::from(!search.complete);
    Ok(interleavings)
}
