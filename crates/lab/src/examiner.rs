//! One scenario on every path.

use crate::compare::{Verdict, judge};
use crate::drive::{ChainSubject, Observation, Paths, Start, Threads, TokioRuntimes};
use crate::workload::{Expectation, Scenario};
use seriatim_tos::chain::ExecutionPath;

/// Runs scenarios on the sequential path, and on a parallel path with 1, 2 and 8 tasks at a time, each with another
/// hash seed; with 1, reads do not suspend, with 2 and 8 every read does.
///
/// # Examples
/// ```
/// use seriatim_lab::Examiner;
/// use seriatim_lab::compare::Verdict;
/// use seriatim_lab::workload::{Expectation, Plan, build};
/// use seriatim_tos::chain::ExecutionPath;
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let examiner = Examiner::new()?;
/// let built = build(&Plan::from_seed(7), SignatureScheme::Tagged);
/// let on_block_stm =
///     |expectation| examiner.examine_on(ExecutionPath::BlockStm, &built.scenario, expectation, 7, false);
/// assert!(matches!(on_block_stm(&built.expectation), Verdict::Agree(_)));
///
/// // Against the answers to another scenario, everything is wrong.
/// let other = Expectation::of(&build(&Plan::from_seed(8), SignatureScheme::Tagged).scenario);
/// assert!(matches!(on_block_stm(&other), Verdict::Violation(_)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Examiner {
    engine: TokioRuntimes,
}

impl Examiner {
    /// Starts the tokio runtimes, which are kept from one scenario to the next.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { engine: TokioRuntimes::new()? })
    }

    /// The runtimes, for other subjects.
    pub fn runtimes(&self) -> &TokioRuntimes {
        &self.engine
    }

    /// Runs V3 and judges. Hash seeds come from `seed`; `soak` adds a run on two real threads, and one whose blocks go
    /// different ways, in test mode too.
    pub fn examine(&self, scenario: &Scenario, expectation: &Expectation, seed: u64, soak: bool) -> Verdict {
        self.examine_on(ExecutionPath::Parallel, scenario, expectation, seed, soak)
    }

    /// The same with another path, or several, in the place of V3.
    pub fn examine_on(
        &self,
        paths: impl Into<Paths>,
        scenario: &Scenario,
        expectation: &Expectation,
        seed: u64,
        soak: bool,
    ) -> Verdict {
        let (engine, paths) = (&self.engine, paths.into());
        let parallel = |most, seed| ChainSubject { paths, ..ChainSubject::parallel(engine, most, seed) };
        let start = Start::expecting(scenario, expectation);
        let mut observations: Vec<Observation> = vec![
            ChainSubject::sequential(engine).run_from(scenario, &start),
            ChainSubject { suspends: false, ..parallel(1, seed) }.run_from(scenario, &start),
            parallel(2, seed.rotate_left(21)).run_from(scenario, &start),
            parallel(8, seed.rotate_left(42)).run_from(scenario, &start),
        ];
        if soak {
            let threaded = ChainSubject { threads: Threads::Two, ..parallel(8, !seed) };
            observations.push(threaded.run_from(scenario, &start));
            let mixed = ChainSubject { paths: Paths::Mixed, ..parallel(2, seed.rotate_left(11)) };
            observations.push(mixed.run_from(scenario, &start));
        }
        judge(scenario, expectation, &observations)
    }
}
