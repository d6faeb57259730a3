//! The settings of a node that say how blocks run.

use std::time::Duration;

/// If this is `1` or `true`, blocks of enough transactions run on the parallel path alone.
pub const PARALLEL_EXECUTION_ENABLED: &str = "TOS_PARALLEL_EXECUTION_ENABLED";
/// If this is `1` or `true`, every block runs on both paths, and the sequential result counts.
pub const PARALLEL_TEST_MODE: &str = "TOS_PARALLEL_TEST_MODE";
/// Fewest transactions of a block that runs on the parallel path. A whole number, at least 1.
pub const MIN_TXS_FOR_PARALLEL: &str = "TOS_MIN_TXS_FOR_PARALLEL";
/// How long a block waits for the shadow of the test mode, in milliseconds.
pub const PARALLEL_TEST_BUDGET_MS: &str = "TOS_PARALLEL_TEST_BUDGET_MS";

/// How a node runs blocks. The default runs each of them sequentially.
///
/// # Examples
/// ```
/// use seriatim_tos::chain::{ChainConfig, ConfigError, Mode, Network, PARALLEL_EXECUTION_ENABLED, PARALLEL_TEST_MODE};
///
/// let config = ChainConfig::for_network(Network::Mainnet); // 20 transactions make a block worth sharing.
/// let parallel = config.clone().with_vars(|name| (name == PARALLEL_EXECUTION_ENABLED).then(|| "1".to_owned()))?;
/// assert_eq!([4, 40].map(|transactions| config.mode_of(transactions)), [Mode::Sequential, Mode::Sequential]);
/// assert_eq!([4, 40].map(|transactions| parallel.mode_of(transactions)), [Mode::Sequential, Mode::Parallel]);
///
/// let both = [PARALLEL_EXECUTION_ENABLED, PARALLEL_TEST_MODE];
/// let refused = config.with_vars(|name| both.contains(&name).then(|| "1".to_owned()));
/// assert_eq!(refused, Err(ConfigError::BothModes));
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    pub parallel_execution_enabled: bool,
    pub parallel_execution_test_mode: bool,
    /// A block of at least so many transactions may run in parallel. It is at least 1.
    pub min_txs_for_parallel: usize,
    /// How long a block may be held up by the shadow after its own path has ended.
    pub test_mode_budget: Duration,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            parallel_execution_enabled: false,
            parallel_execution_test_mode: false,
            min_txs_for_parallel: 20,
            test_mode_budget: Duration::from_millis(200),
        }
    }
}

/// Which network a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Mainnet,
    Testnet,
    Stagenet,
    Devnet,
}

/// How one block is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Sequential,
    /// The parallel result is committed.
    Parallel,
    /// Both paths run; the sequential result is committed.
    Test,
}

impl Mode {
    /// What it is called in figures and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Parallel => "parallel",
            Self::Test => "test",
        }
    }
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{variable} is {value:?}, but must be 0, 1, true or false")]
    NotASwitch { variable: &'static str, value: String },
    #[error("{variable} is {value:?}, but must be a whole number")]
    NotANumber { variable: &'static str, value: String },
    /// One commits the parallel result, the other never does.
    #[error("{PARALLEL_EXECUTION_ENABLED} and {PARALLEL_TEST_MODE} are both on, but exclude each other")]
    BothModes,
    /// An empty block would be worth running in parallel.
    #[error("{MIN_TXS_FOR_PARALLEL} is 0, but must be at least 1")]
    ZeroMinimum,
}

impl ChainConfig {
    /// All off, with the network's smallest parallel block.
    pub fn for_network(network: Network) -> Self {
        let min_txs_for_parallel = match network {
            Network::Mainnet => 20,
            Network::Testnet | Network::Stagenet => 10,
            Network::Devnet => 4,
        };
        Self { min_txs_for_parallel, ..Self::default() }
    }

    /// The default with what the process's environment says.
    ///
    /// # Errors
    /// As [`Self::with_vars`]. A value that is no Unicode is reported with its unreadable parts replaced.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(|variable| std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned()))
    }

    /// The default with what `vars` says. `None`: not set.
    ///
    /// # Errors
    /// As [`Self::with_vars`].
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::default().with_vars(vars)
    }

    /// `self` with what `vars` says; what it does not say stays.
    ///
    /// # Errors
    /// A value of the wrong form, by its variable, or a contradiction.
    pub fn with_vars(mut self, vars: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        if let Some(value) = vars(PARALLEL_EXECUTION_ENABLED) {
            self.parallel_execution_enabled = switch(PARALLEL_EXECUTION_ENABLED, value)?;
        }
        if let Some(value) = vars(PARALLEL_TEST_MODE) {
            self.parallel_execution_test_mode = switch(PARALLEL_TEST_MODE, value)?;
        }
        if let Some(value) = vars(MIN_TXS_FOR_PARALLEL) {
            self.min_txs_for_parallel = number(MIN_TXS_FOR_PARALLEL, value)?;
        }
        if let Some(value) = vars(PARALLEL_TEST_BUDGET_MS) {
            self.test_mode_budget = Duration::from_millis(number(PARALLEL_TEST_BUDGET_MS, value)?);
        }
        self.validate()?;
        Ok(self)
    }

    /// Whether its parts go together.
    ///
    /// # Errors
    /// `BothModes` or `ZeroMinimum`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.parallel_execution_enabled && self.parallel_execution_test_mode {
            return Err(ConfigError::BothModes);
        }
        if self.min_txs_for_parallel == 0 {
            return Err(ConfigError::ZeroMinimum);
        }
        Ok(())
    }

    /// How a block of `tx_count` transactions is run: all of them in test mode, if that is on.
    pub fn mode_of(&self, tx_count: usize) -> Mode {
        if self.parallel_execution_test_mode {
            Mode::Test
        } else if self.parallel_execution_enabled && tx_count >= self.min_txs_for_parallel {
            Mode::Parallel
        } else {
            Mode::Sequential
        }
    }
}

fn switch(variable: &'static str, value: String) -> Result<bool, ConfigError> {
    match value.as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(ConfigError::NotASwitch { variable, value }),
    }
}

fn number<T: std::str::FromStr>(variable: &'static str, value: String) -> Result<T, ConfigError> {
    value.parse().map_err(|_| ConfigError::NotANumber { variable, value })
}
