//! The small-scope proof, with its figures: a changed count is news.

use std::ops::ControlFlow;

use seriatim::prove::{ProveConfig, prove};

#[test]
fn every_interleaving_of_every_set_of_one_transaction_agrees() {
    let config = ProveConfig { transactions: 1, shard: (0, 1), bound: 1_000 };
    let certificate = prove(&config, |_, _| ControlFlow::Continue(())).unwrap_or_else(|refuted| panic!("{refuted:?}"));
    assert!(certificate.is_complete(), "{certificate:?}");
    println!("{certificate:?}");
}

#[test]
fn every_interleaving_of_a_tenth_of_the_sets_of_two_transactions_agrees() {
    let config = ProveConfig { transactions: 2, shard: (0, 10), bound: 100_000 };
    let certificate = prove(&config, |_, _| ControlFlow::Continue(())).unwrap_or_else(|refuted| panic!("{refuted:?}"));
    assert!(certificate.is_complete(), "{certificate:?}");
    println!("{certificate:?}");
}
