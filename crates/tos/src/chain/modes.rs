//! What decides how a chain's blocks run, and what is kept of testing them.

use std::fmt;

#[cfg(feature = "metrics")]
use super::ChainMetrics;
use super::observer::{Observer, RolloutSeen};
use super::{
    ChainConfig, ConfigError, ExecutionPath, Mismatch, MismatchSink, Mode, Rollout, ShadowThreads, TestModeFigures,
};

/// Why modes do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModesError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Blocks are to be tested, and there is nothing to test.
    #[error("test mode without a parallel side")]
    NoSide,
    /// A rollout says itself which blocks run in parallel and which are tested.
    #[error("a rollout beside parallel execution or test mode")]
    RolloutAndSwitch,
}

/// How blocks run. A chain without any runs all of them sequentially.
///
/// # Examples
/// A block in test mode: the sequential result is committed, and the parallel one is compared with it.
///
/// ```
/// use std::num::NonZeroUsize;
/// use seriatim_runtime::Native;
/// use seriatim_testkit::ledger::{block, genesis, parameters, pay};
/// use seriatim_tos::chain::{
///     Blockchain, ChainConfig, ExecutionPath, Modes, NativeShadow, RecentMismatches, ShadowThreads,
/// };
/// # use seriatim_tos::{execution::*, storage::*};
///
/// let budget = std::time::Duration::from_secs(5);
/// let config =
///     ChainConfig { parallel_execution_test_mode: true, test_mode_budget: budget, ..ChainConfig::default() };
/// let shadow = ShadowThreads::of(NativeShadow::new(ExecutionPath::Parallel, 2, 7)?)?;
/// let mismatches = RecentMismatches::new(NonZeroUsize::new(16).unwrap());
/// let modes = Modes::new(config, Some(shadow))?.with_sink(mismatches.clone());
/// #     let storage = std::sync::Arc::new(MemoryStorage::new(&genesis([1, 2]))?);
/// #     let executor = ParallelExecutor::new(Native::with_hash_seed(7), 2)?;
/// #     let chain = Blockchain::new(storage, parameters(), executor);
/// let mut chain = chain.with_modes(modes); // Every block runs on both paths from here on.
/// seriatim_testkit::wait(chain.ordering_run().add_block(&block(vec![pay(1, 2, 0, 5)])))?;
/// assert_eq!(chain.modes().figures().matched, 1);
/// assert!(mismatches.take().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Modes {
    config: ChainConfig,
    pub(super) path: ExecutionPath,
    pub(super) shadow: Option<ShadowThreads>,
    rollout: Option<Rollout>,
    sink: Box<dyn MismatchSink>,
    figures: TestModeFigures,
    pub(super) observer: Observer,
    /// The rollout as it was reported last.
    reported: RolloutSeen,
}

impl fmt::Debug for Modes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, path, shadow, rollout, sink: _, figures, observer: _, reported: _ } = self;
        let mut shown = f.debug_struct("Modes");
        shown.field("config", config).field("path", path).field("side", shadow).field("rollout", rollout);
        shown.field("figures", figures).finish_non_exhaustive()
    }
}

impl Modes {
    /// Every block runs sequentially.
    pub fn off() -> Self {
        Self::unchecked(ChainConfig::default(), None, None)
    }

    /// The modes that `config` says. V3 runs what is not tested; mismatches are only counted.
    ///
    /// # Errors
    /// A contradiction in `config`, or test mode without `shadow`.
    pub fn new(config: ChainConfig, shadow: Option<ShadowThreads>) -> Result<Self, ModesError> {
        config.validate()?;
        if config.parallel_execution_test_mode && shadow.is_none() {
            return Err(ModesError::NoSide);
        }
        Ok(Self::unchecked(config, shadow, None))
    }

    /// The modes that `rollout` says, from the stage it is in; `config` gives the minimum and the budget.
    ///
    /// # Errors
    /// A contradiction in `config`, or one of its switches is on.
    pub fn rolled_out(config: ChainConfig, shadow: ShadowThreads, rollout: Rollout) -> Result<Self, ModesError> {
        config.validate()?;
        if config.parallel_execution_enabled || config.parallel_execution_test_mode {
            return Err(ModesError::RolloutAndSwitch);
        }
        Ok(Self::unchecked(config, Some(shadow), Some(rollout)))
    }

    fn unchecked(config: ChainConfig, shadow: Option<ShadowThreads>, rollout: Option<Rollout>) -> Self {
        let path = ExecutionPath::Parallel;
        let (observer, reported) = (Observer::default(), RolloutSeen::of(rollout.as_ref()));
        Self {
            config,
            path,
            shadow,
            rollout,
            sink: Box::new(()),
            figures: TestModeFigures::default(),
            observer,
            reported,
        }
    }

    /// Mismatches go there.
    pub fn with_sink(mut self, sink: impl MismatchSink) -> Self {
        self.sink = Box::new(sink);
        self
    }

    /// What the chain does is counted there. The executors count only on a runtime that has them
    /// ([`ChainMetrics::native`], [`super::NativeShadow::with_metrics`]).
    #[cfg(feature = "metrics")]
    pub fn with_metrics(mut self, metrics: ChainMetrics) -> Self {
        self.observer.metrics = Some(metrics);
        self.tell_rollout();
        self
    }

    /// Another path for blocks in parallel mode. In a rollout it should be the one that the shadow tests.
    pub fn with_parallel_path(mut self, path: ExecutionPath) -> Self {
        self.path = path;
        self
    }

    /// The path of blocks in parallel mode.
    pub fn parallel_path(&self) -> ExecutionPath {
        self.path
    }

    /// How a block of `tx_count` transactions would run now.
    pub fn mode_of(&self, tx_count: usize) -> Mode {
        match &self.rollout {
            Some(rollout) => rollout.mode_of(tx_count, self.config.min_txs_for_parallel),
            None => self.config.mode_of(tx_count),
        }
    }

    /// The configuration.
    pub fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// What came of testing so far.
    pub fn figures(&self) -> &TestModeFigures {
        &self.figures
    }

    /// The shadow, if there is one.
    pub fn shadow(&self) -> Option<&ShadowThreads> {
        self.shadow.as_ref()
    }

    /// The rollout, to be kept over a restart.
    pub fn rollout(&self) -> Option<&Rollout> {
        self.rollout.as_ref()
    }

    /// The rollout, for an operator.
    pub fn rollout_mut(&mut self) -> Option<&mut Rollout> {
        self.rollout.as_mut()
    }

    /// Counts a block of test mode and tells whom it concerns. The sink comes last: whatever it does, all else is done.
    pub(super) fn record(&mut self, tx_count: usize, tested: Tested) {
        self.observer.tested(&tested);
        let Tested { verdict, times, waited } = tested;
        self.figures.blocks += 1;
        self.figures.waited += waited;
        if let Some((sequential, parallel)) = times {
            self.figures.sequential += sequential;
            self.figures.parallel += parallel;
        }
        match verdict {
            Verdict::Skipped => self.figures.skipped += 1,
            Verdict::Matched => {
                self.figures.matched += 1;
                if let Some(rollout) = &mut self.rollout {
                    rollout.matched(tx_count, self.config.min_txs_for_parallel);
                }
            }
            Verdict::Mismatched(mismatch) => {
                *self.figures.mismatched.entry(mismatch.kind.name()).or_default() += 1;
                self.report(*mismatch);
            }
        }
    }

    /// Counts a block that the sequential path ran because the parallel one failed.
    pub(super) fn record_fallback(&mut self, mismatch: Mismatch) {
        self.observer.fell_back(&mismatch);
        self.figures.fallbacks += 1;
        self.report(mismatch);
    }

    /// Tells where the rollout stands, if somebody wants to know. Blocks and operators change it.
    pub(super) fn tell_rollout(&mut self) {
        self.observer.rollout_is(self.reported, self.rollout.as_ref());
        self.reported = RolloutSeen::of(self.rollout.as_ref());
    }

    fn report(&mut self, mismatch: Mismatch) {
        if let Some(rollout) = &mut self.rollout {
            rollout.mismatched(mismatch.kind);
        }
        self.sink.report(mismatch);
    }
}

/// What test mode says of a block.
pub(super) enum Verdict {
    Matched,
    Mismatched(Box<Mismatch>),
    Skipped,
}

/// A verdict and what it took.
pub(super) struct Tested {
    pub(super) verdict: Verdict,
    /// The times of the sequential path and of the shadow, if it answered.
    pub(super) times: Option<(std::time::Duration, std::time::Duration)>,
    pub(super) waited: std::time::Duration,
}
