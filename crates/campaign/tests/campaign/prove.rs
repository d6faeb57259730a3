//! The small-scope proof, with its figures: a changed count is news.

use std::ops::ControlFlow;

use seriatim_campaign::prove::{Certificate, Engine, ProveConfig, prove};
use seriatim_tos::chain::ExecutionPath;

fn proved(config: ProveConfig) -> Certificate {
    prove(&config, |_, _| ControlFlow::Continue(())).unwrap_or_else(|refuted| panic!("{refuted:?}"))
}

/// A complete certificate with exactly these counts: sets, sets with a choice, interleavings, most interleavings of a set. The
/// exploration depends on nothing but the executor and the engines, so another count is a change of one of them.
fn assert_proved(config: ProveConfig, counts: [u64; 4]) {
    let certificate = proved(config);
    let Certificate { sets, sets_with_choice, interleavings, most_interleavings, .. } = certificate;
    assert_eq!([sets, sets_with_choice, interleavings, most_interleavings], counts, "{certificate:?}");
    assert!(certificate.is_complete(), "{certificate:?}");
}

fn v3(transactions: usize, shard: (usize, usize), bound: usize, engine: Engine) -> ProveConfig {
    ProveConfig { transactions, shard, bound, engine, paths: ExecutionPath::Parallel.into() }
}

const LOOM: Engine = Engine::Loom { preemptions: 1 };

#[test]
fn every_interleaving_of_every_set_of_one_transaction_agrees() {
    assert_proved(v3(1, (0, 1), 1_000, Engine::Dpor), [54, 0, 54, 1]);
}

#[test]
fn every_interleaving_of_a_tenth_of_the_sets_of_two_transactions_agrees() {
    assert_proved(v3(2, (0, 10), 100_000, Engine::Dpor), [301, 301, 2_128, 20]);
}

#[test]
fn every_execution_of_a_fiftieth_of_the_sets_of_two_transactions_agrees_under_loom() {
    assert_proved(v3(2, (0, 50), 100_000, LOOM), [61, 61, 1_692, 41]);
}

#[test]
fn a_certificate_counts_the_sets_that_loom_could_not_finish() {
    assert_proved(v3(1, (0, 1), 1_000, LOOM), [54, 54, 108, 2]);
    let cut = proved(v3(1, (0, 1), 1, LOOM));
    assert_eq!((cut.sets, cut.cut, cut.interleavings, cut.sets_with_choice), (54, 54, 54, 0));
    assert!(!cut.is_complete());
}

/// The workers of Block-STM share more of a scheduler than those of V3: a set takes some twenty times as many executions. DPOR cannot exhaust even one set.
#[test]
fn a_few_sets_of_two_transactions_agree_under_loom_on_the_optimistic_executor() {
    let config = ProveConfig { paths: ExecutionPath::BlockStm.into(), ..v3(2, (0, 1_000), 10_000, LOOM) };
    assert_proved(config, [4, 4, 2_016, 570]);
}

/// The other paths verify blocks of two transactions where the contract asks, since there is nothing to be ahead of.
#[test]
fn every_hand_over_of_a_verdict_on_a_tenth_of_the_sets_of_two_transactions_agrees() {
    let config = ProveConfig { paths: ExecutionPath::SequentialAhead.into(), ..v3(2, (0, 10), 100_000, Engine::Dpor) };
    assert_proved(config, [301, 244, 2_418, 12]);
}
