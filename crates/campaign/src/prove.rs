//! Small-scope proof: every set of a few transactions over a few accounts and assets, times every interleaving.
//!
//! What is proved, where every exploration is complete: with the model's dashmap and tokio, the parallel executor gives the
//! reference's answer on every block of that many transactions of the alphabet, whatever order its tasks run in. By partial
//! order reduction that is every order, under sequential consistency. By loom it is every order with fewer preemptions than a
//! bound and some with as many, and every value that C11 lets a load see, but for load buffering and stores older than the
//! last seven of their atomic. What is not proved: larger blocks, other amounts.

mod search;

use std::ops::ControlFlow;

use serde::Serialize;

use search::Wrong;
use seriatim_explore::Schedule;
use seriatim_lab::compare::Violation;
use seriatim_lab::drive::Paths;
use seriatim_lab::workload::Scenario;

pub use seriatim_lab::{Genesis, Letter, scenario, transaction_sets};

/// What to prove, and which part of it.
#[derive(Clone, Copy, Debug)]
pub struct ProveConfig {
    /// Transactions of each set: 1, 2 or 3.
    pub transactions: usize,
    /// This part, counted from 0, of so many: sets are dealt out in turn.
    pub shard: (usize, usize),
    /// Executions of one set after which it is cut, and reported as cut.
    pub bound: usize,
    pub engine: Engine,
    /// Which parallel path. Each set is a block: mixed paths give each of them one way, and prove nothing.
    pub paths: Paths,
}

/// What runs the executions of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Engine {
    /// Source-set DPOR under shuttle: every order, under sequential consistency.
    #[default]
    Dpor,
    /// Memory orderings too. `preemptions` is a bound as [`LoomBounds`](seriatim_explore::LoomBounds) has it.
    Loom { preemptions: u8 },
}

/// What was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Certificate {
    pub engine: Engine,
    pub transactions: usize,
    pub shard: (usize, usize),
    pub genesis_states: usize,
    /// Sets up to renaming of accounts, of this shard.
    pub sets: u64,
    /// Those of them with more than one interleaving: the two schedules of some pair of tasks can differ at all.
    pub sets_with_choice: u64,
    /// Executions that were not redundant; under loom all of them, for it does not say which are.
    pub interleavings: u64,
    pub most_interleavings: u64,
    pub redundant: u64,
    /// Sets whose exploration was cut at the bound.
    pub cut: u64,
    pub bound: usize,
}

impl Certificate {
    /// Whether everything within the engine's scope was run, for every set of the shard.
    pub fn is_complete(&self) -> bool {
        self.cut == 0
    }
}

/// A set and an execution on which the executor is wrong.
#[derive(Clone, Debug)]
pub struct Refutation {
    /// Sets that agreed before this one.
    pub sets: u64,
    /// Executions of all sets, this one included.
    pub interleavings: u64,
    pub letters: Vec<Letter>,
    pub scenario: Scenario,
    pub witness: Witness,
    pub violation: Violation,
}

/// What leads to a wrong execution again.
#[derive(Clone, Debug)]
pub enum Witness {
    Schedule(Schedule),
    /// Which of loom's executions of the set it is, within the same bounds: loom has no schedules to keep.
    LoomExecution(usize),
}

/// Explores every set of the shard. `progress` is told how many of how many sets are done; breaking ends the proof, which is
/// then cut.
///
/// # Examples
/// ```
/// use std::ops::ControlFlow;
/// use seriatim_campaign::prove::{Engine, ProveConfig, prove};
/// use seriatim_tos::chain::ExecutionPath;
///
/// let paths = ExecutionPath::Parallel.into();
/// // Every ninth set of one transaction. A command proves sets of two and three, in hours.
/// let config = ProveConfig { transactions: 1, shard: (0, 9), bound: 1_000, engine: Engine::Dpor, paths };
/// let certificate = prove(&config, |_, _| ControlFlow::Continue(())).map_err(|wrong| wrong.violation.to_string())?;
/// assert!(certificate.is_complete());
/// assert_eq!((certificate.sets, certificate.sets_with_choice), (6, 0), "one transaction has one interleaving");
/// # Ok::<(), String>(())
/// ```
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
        engine: config.engine,
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

/// Explores one set. Returns its interleavings.
fn explore_set(
    config: &ProveConfig,
    genesis: Genesis,
    letters: Vec<Letter>,
    certificate: &mut Certificate,
) -> Result<u64, Box<Refutation>> {
    let scenario = scenario(genesis, &letters);
    let explored = match config.engine {
        Engine::Dpor => search::by_dpor(config, &scenario, certificate),
        Engine::Loom { preemptions } => search::by_loom(config, preemptions, &scenario, certificate),
    };
    explored.map_err(|wrong| {
        let Wrong { interleavings, witness, violation } = *wrong;
        let interleavings = certificate.interleavings + interleavings;
        Box::new(Refutation {
            sets: certificate.sets,
            interleavings,
            letters,
            scenario,
            witness,
            violation: *violation,
        })
    })
}
