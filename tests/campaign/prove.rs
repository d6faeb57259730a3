//! The small-scope proof, with its figures: a changed count is news.

use std::ops::ControlFlow;

use seriatim::chain::ExecutionPath;
use seriatim::prove::{Certificate, Engine, ProveConfig, prove};

fn proved(config: ProveConfig) -> Certificate {
    let certificate = prove(&config, |_, _| ControlFlow::Continue(())).unwrap_or_else(|refuted| panic!("{refuted:?}"));
    println!("{certificate:?}");
    certificate
}

#[test]
fn every_interleaving_of_every_set_of_one_transaction_agrees() {
    let config = ProveConfig {
        transactions: 1,
        shard: (0, 1),
        bound: 1_000,
        engine: Engine::Dpor,
        paths: ExecutionPath::Parallel.into(),
    };
    assert!(proved(config).is_complete());
}

#[test]
fn every_interleaving_of_a_tenth_of_the_sets_of_two_transactions_agrees() {
    let config = ProveConfig {
        transactions: 2,
        shard: (0, 10),
        bound: 100_000,
        engine: Engine::Dpor,
        paths: ExecutionPath::Parallel.into(),
    };
    assert!(proved(config).is_complete());
}

#[test]
fn every_execution_of_a_fiftieth_of_the_sets_of_two_transactions_agrees_under_loom() {
    let engine = Engine::Loom { preemptions: 1 };
    let certificate = proved(ProveConfig {
        transactions: 2,
        shard: (0, 50),
        bound: 100_000,
        engine,
        paths: ExecutionPath::Parallel.into(),
    });
    assert!(certificate.is_complete(), "{certificate:?}");
    assert!(certificate.interleavings > 600 && certificate.most_interleavings > 30, "{certificate:?}");
}

#[test]
fn a_certificate_counts_the_sets_that_loom_could_not_finish() {
    let engine = Engine::Loom { preemptions: 1 };
    let whole = proved(ProveConfig {
        transactions: 1,
        shard: (0, 1),
        bound: 1_000,
        engine,
        paths: ExecutionPath::Parallel.into(),
    });
    assert!(whole.is_complete());
    let cut =
        proved(ProveConfig { transactions: 1, shard: (0, 1), bound: 1, engine, paths: ExecutionPath::Parallel.into() });
    assert_eq!((cut.sets, cut.cut, cut.interleavings), (whole.sets, whole.sets_with_choice, whole.sets));
}

/// Its workers share a scheduler, so every step of one can meet every step of the other: a thousand times as many executions
/// of a set as on V3. All orders of one set under DPOR are out of reach.
#[test]
fn a_few_sets_of_two_transactions_agree_under_loom_on_the_optimistic_executor() {
    let engine = Engine::Loom { preemptions: 1 };
    let certificate = proved(ProveConfig {
        transactions: 2,
        shard: (0, 1_000),
        bound: 10_000,
        engine,
        paths: ExecutionPath::BlockStm.into(),
    });
    assert!(certificate.is_complete(), "{certificate:?}");
    assert!(certificate.interleavings > 2_000 && certificate.most_interleavings > 800, "{certificate:?}");
}
