//! The settings that a node accepts, and those that it refuses.

use std::time::Duration;

use seriatim_tos::chain::{ChainConfig, ConfigError, Mode, Network};

/// The configuration from these variables alone.
fn from(vars: &[(&str, &str)]) -> Result<ChainConfig, ConfigError> {
    let find = |name: &str| vars.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
    ChainConfig::from_vars(find)
}

#[test]
fn nothing_set_is_all_off() {
    let config = from(&[]).unwrap();
    assert_eq!(config, ChainConfig::default());
    assert!(!config.parallel_execution_enabled && !config.parallel_execution_test_mode);
    assert_eq!(config.min_txs_for_parallel, 20);
    assert_eq!(config.mode_of(0), Mode::Sequential);
    assert_eq!(config.mode_of(usize::MAX), Mode::Sequential);
}

#[test]
fn each_network_has_its_smallest_parallel_block() {
    let networks = [Network::Mainnet, Network::Testnet, Network::Stagenet, Network::Devnet];
    let least = networks.map(|network| ChainConfig::for_network(network).min_txs_for_parallel);
    assert_eq!(least, [20, 10, 10, 4]);
    assert!(networks.iter().all(|network| ChainConfig::for_network(*network).mode_of(1_000) == Mode::Sequential));
}

#[test]
fn every_variable_is_read_and_what_is_not_said_stays() {
    let vars = [
        ("TOS_PARALLEL_EXECUTION_ENABLED", "false"),
        ("TOS_PARALLEL_TEST_MODE", "1"),
        ("TOS_MIN_TXS_FOR_PARALLEL", "7"),
        ("TOS_PARALLEL_TEST_BUDGET_MS", "35"),
    ];
    let config = from(&vars).unwrap();
    assert!(config.parallel_execution_test_mode && !config.parallel_execution_enabled);
    assert_eq!((config.min_txs_for_parallel, config.test_mode_budget), (7, Duration::from_millis(35)));
    let devnet = ChainConfig::for_network(Network::Devnet);
    let enabled =
        devnet.with_vars(|name| (name == "TOS_PARALLEL_EXECUTION_ENABLED").then(|| "true".to_owned())).unwrap();
    assert_eq!((enabled.parallel_execution_enabled, enabled.min_txs_for_parallel), (true, 4));
}

#[test]
fn values_of_another_form_are_refused_by_variable_and_value() {
    for (variable, values) in [
        ("TOS_PARALLEL_EXECUTION_ENABLED", ["", "yes", "TRUE", "2", " 1"]),
        ("TOS_PARALLEL_TEST_MODE", ["", "on", "True", "-1", "0 "]),
    ] {
        for value in values {
            let error = from(&[(variable, value)]).unwrap_err();
            assert_eq!(error, ConfigError::NotASwitch { variable, value: value.to_owned() });
            assert!(error.to_string().contains(variable) && error.to_string().contains(&format!("{value:?}")));
        }
    }
    for variable in ["TOS_MIN_TXS_FOR_PARALLEL", "TOS_PARALLEL_TEST_BUDGET_MS"] {
        for value in ["", "-1", "1.5", "many", "18446744073709551616"] {
            let error = from(&[(variable, value)]).unwrap_err();
            assert_eq!(error, ConfigError::NotANumber { variable, value: value.to_owned() });
        }
    }
}

#[test]
fn contradictions_are_refused() {
    let both = [("TOS_PARALLEL_EXECUTION_ENABLED", "1"), ("TOS_PARALLEL_TEST_MODE", "true")];
    assert_eq!(from(&both), Err(ConfigError::BothModes));
    assert!(both.iter().all(|one| from(&[*one]).is_ok()));
    assert_eq!(from(&[("TOS_MIN_TXS_FOR_PARALLEL", "0")]), Err(ConfigError::ZeroMinimum));
    assert!(from(&[("TOS_MIN_TXS_FOR_PARALLEL", "1")]).is_ok());
}

#[test]
fn parallel_execution_begins_at_the_minimum_and_test_mode_at_nothing() {
    let enabled = ChainConfig { parallel_execution_enabled: true, ..ChainConfig::default() };
    assert_eq!([0, 19, 20].map(|count| enabled.mode_of(count)), [Mode::Sequential, Mode::Sequential, Mode::Parallel]);
    let tested = ChainConfig { parallel_execution_test_mode: true, ..ChainConfig::default() };
    assert_eq!([0, 19, 20].map(|count| tested.mode_of(count)), [Mode::Test; 3]);
}
