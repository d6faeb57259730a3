//! Small-scope proof: every set of a few transactions over a few accounts and assets, times every interleaving.
//!
//! What is proved, where an exploration is complete: under sequential consistency, with the model's dashmap and tokio, the
//! parallel executor gives the reference's answer on every block of that many transactions of the alphabet, whatever
//! order its tasks run in. What is not: memory orderings (loom's part), larger blocks, other amounts.

mod alphabet;

use std::ops::ControlFlow;

use serde::Serialize;

use crate::compare::{Verdict, Violation, judge_ending};
use crate::explore::{InterleaveConfig, Interleaver, Schedule, Strategy};
use crate::runtime::model::ModelSettings;
use crate::workload::{Expectation, Scenario};

pub use alphabet::{Genesis, Letter, scenario, transaction_sets};

/// What to prove, and which part of it.
#[derive(Clone, Copy, Debug)]
pub struct ProveConfig {
    /// Transactions of each set: 1, 2 or 3.
    pub transactions: usize,
    /// This part, counted from 0, of so many: sets are dealt out in turn.
    pub shard: (usize, usize),
    /// Executions of one set after which it is cut, and reported as cut.
    pub bound: usize,
}

/// What was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Certificate {
    pub transactions: usize,
    pub shard: (usize, usize),
    pub genesis_states: usize,
    /// Sets up to renaming of accounts, of this shard.
    pub sets: u64,
    /// Those of them in which the two schedules of some pair of tasks can differ at all.
    pub sets_with_choice: u64,
    /// Executions that were not redundant.
    pub interleavings: u64,
    pub most_interleavings: u64,
    pub redundant: u64,
    /// Sets whose exploration was cut at the bound.
    pub cut: u64,
    pub bound: usize,
}

impl Certificate {
    /// Whether every interleaving of every set of the shard was run.
    pub fn is_complete(&self) -> bool {
        self.cut == 0
    }
}

/// A set and a schedule on which the executor is wrong.
#[derive(Clone, Debug)]
pub struct Refutation {
    pub letters: Vec<Letter>,
    pub scenario: Scenario,
    pub schedule: Schedule,
    pub violation: Violation,
}

/// Keys in shards of their own: two accounts then never share a lock, which is what a block of few accounts meets in a map
/// of usual size. That placement of keys does not matter is for the campaigns to show.
const SETTINGS: ModelSettings = ModelSettings { workers: None, shards: 1 << 20, placement_seed: 0 };

/// Explores every set of the shard. `progress` is told how many of how many sets are done; breaking ends the proof, which is
/// then cut.
pub fn prove(
    config: &ProveConfig,
    mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Certificate, Box<Refutation>> {
    let (part, parts) = config.shard;
    let mut certificate = Certificate {
        transactions: config.transactions,
        shard: config.shard,
        genesis_states: Genesis::ALL.len(),
        bound: config.bound,
        ..Certificate::default()
    };
    let sets: Vec<_> = Genesis::ALL
        .into_iter()
        .flat_map(|genesis| transaction_sets(genesis, config.transactions).into_iter().map(move |set| (genesis, set)))
        .skip(part)
        .step_by(parts)
        .collect();
    let total = sets.len() as u64;
    for (genesis, letters) in sets {
        let interleavings = explore_set(config, genesis, letters, &mut certificate)?;
        certificate.sets += 1;
        certificate.sets_with_choice += u64::from(interleavings > 1);
        certificate.interleavings += interleavings;
        certificate.most_interleavings = certificate.most_interleavings.max(interleavings);
        if progress(certificate.sets, total).is_break() {
            certificate.cut += total - certificate.sets;
            break;
        }
    }
    Ok(certificate)
}

fn explore_set(
    config: &ProveConfig,
    genesis: Genesis,
    letters: Vec<Letter>,
    certificate: &mut Certificate,
) -> Result<u64, Box<Refutation>> {
    let scenario = scenario(genesis, &letters);
    let expectation = Expectation::of(&scenario);
    let interleaver = Interleaver::new(&scenario);
    let explore = InterleaveConfig {
        strategy: Strategy::Random,
        seed: 0,
        executions: config.bound,
        max_parallelism: config.transactions.max(2),
        settings: SETTINGS,
    };
    let mut refuted = None;
    let (evidence, exhaustion) = interleaver.explore_all(&explore, |interleaved| {
        match judge_ending(&scenario, &expectation, &interleaved.ending) {
            Verdict::Agree(_) => ControlFlow::Continue(()),
            Verdict::Violation(violation) => {
                refuted = Some((*violation, interleaved.schedule));
                ControlFlow::Break(())
            }
        }
    });
    if let Some((violation, schedule)) = refuted {
        return Err(Box::new(Refutation { letters, scenario, schedule, violation }));
    }
    certificate.redundant += exhaustion.redundant;
    certificate.cut += u64::from(!exhaustion.complete);
    Ok(evidence.interleavings)
}
