//! How blocks are to run, by options and by the environment.

use std::time::Duration;

use seriatim_node::NodeState;
use seriatim_tos::chain::{
    ChainConfig, ChainMetrics, ConfigError, ExecutionPath, MIN_TXS_FOR_PARALLEL, Modes, NativeShadow, Network,
    PARALLEL_EXECUTION_ENABLED, PARALLEL_TEST_BUDGET_MS, PARALLEL_TEST_MODE, Rollout, ShadowThreads,
};

use super::NodeCliError;
use super::args::{ExecutorChoice, ModeArgs, ModeChoice};

/// Long enough for any right side: here a late answer would tell nothing but that the machine is busy.
const BUDGET: Duration = Duration::from_secs(5);

/// What was decided.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub mode: ModeChoice,
    pub path: ExecutionPath,
    pub workers: usize,
    config: ChainConfig,
}

impl Decided {
    /// # Errors
    /// A variable that cannot be read, one that contradicts an option, or `--stage-blocks` without a rollout.
    pub(super) fn new(args: &ModeArgs, vars: impl Fn(&str) -> Option<String>) -> Result<Self, NodeCliError> {
        let default = ChainConfig { test_mode_budget: BUDGET, ..ChainConfig::for_network(Network::Devnet) };
        let mut config = default.with_vars(&vars)?;
        let by_environment = [PARALLEL_EXECUTION_ENABLED, PARALLEL_TEST_MODE].map(&vars);
        let mode = args.mode.unwrap_or(match (&config, &by_environment) {
            (ChainConfig { parallel_execution_test_mode: true, .. }, _) | (_, [None, None]) => ModeChoice::Test,
            (ChainConfig { parallel_execution_enabled: true, .. }, _) => ModeChoice::Parallel,
            _ => ModeChoice::Sequential,
        });
        let contradicts =
            |variable| NodeCliError::Contradiction { variable, value: vars(variable).unwrap_or_default() };
        let (enabled, tested) = (mode == ModeChoice::Parallel, mode == ModeChoice::Test);
        if by_environment[0].is_some() && config.parallel_execution_enabled != enabled {
            return Err(contradicts(PARALLEL_EXECUTION_ENABLED));
        }
        if by_environment[1].is_some() && config.parallel_execution_test_mode != tested {
            return Err(contradicts(PARALLEL_TEST_MODE));
        }
        (config.parallel_execution_enabled, config.parallel_execution_test_mode) = (enabled, tested);
        if let Some(least) = args.min_txs {
            if vars(MIN_TXS_FOR_PARALLEL).is_some() && config.min_txs_for_parallel != least.get() {
                return Err(contradicts(MIN_TXS_FOR_PARALLEL));
            }
            config.min_txs_for_parallel = least.get();
        }
        if let Some(budget) = args.budget_ms.map(Duration::from_millis) {
            if vars(PARALLEL_TEST_BUDGET_MS).is_some() && config.test_mode_budget != budget {
                return Err(contradicts(PARALLEL_TEST_BUDGET_MS));
            }
            config.test_mode_budget = budget;
        }
        if args.stage_blocks.is_some() && mode != ModeChoice::Rollout {
            return Err(NodeCliError::NoRollout);
        }
        let path = match args.executor {
            ExecutorChoice::Parallel => ExecutionPath::Parallel,
            ExecutorChoice::BlockStm => ExecutionPath::BlockStm,
        };
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { mode, path, workers: args.workers.map_or_else(available, usize::from), config })
    }

    /// The modes of a chain. `state` is what the ledger's file knows of a rollout.
    ///
    /// # Errors
    /// No threads, or another number of blocks a stage or another executor than the rollout has.
    pub(super) fn modes(
        &self,
        args: &ModeArgs,
        state: &NodeState,
        metrics: Option<&ChainMetrics>,
    ) -> Result<Modes, NodeCliError> {
        let side = || -> Result<_, NodeCliError> {
            let side = NativeShadow::new(self.path, self.workers, 0).expect("there is at least one worker");
            Ok(ShadowThreads::of(match metrics {
                Some(metrics) => side.with_metrics(metrics),
                None => side,
            })?)
        };
        let modes = match self.mode {
            ModeChoice::Sequential | ModeChoice::Parallel => Modes::new(self.config.clone(), None),
            ModeChoice::Test => Modes::new(self.config.clone(), Some(side()?)),
            ModeChoice::Rollout => {
                if let Some(kept) = state.executor.filter(|kept| *kept != self.path) {
                    return Err(NodeCliError::RolloutExecutor { given: self.path.name(), kept: kept.name() });
                }
                let rollout = match (&state.rollout, args.stage_blocks) {
                    (Some(rollout), Some(needed)) if rollout.needed_blocks() != needed => {
                        return Err(NodeCliError::StageBlocks { given: needed, kept: rollout.needed_blocks() });
                    }
                    (Some(rollout), _) => rollout.clone(),
                    (None, Some(needed)) => Rollout::new(needed),
                    (None, None) => Rollout::default(),
                };
                Modes::rolled_out(self.config.clone(), side()?, rollout)
            }
        };
        let modes = modes.expect("switches and side were chosen for the mode").with_parallel_path(self.path);
        Ok(match metrics {
            Some(metrics) => modes.with_metrics(metrics.clone()),
            None => modes,
        })
    }
}

impl From<ConfigError> for NodeCliError {
    fn from(error: ConfigError) -> Self {
        Self::Environment(error)
    }
}
