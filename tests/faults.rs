//! Faults at every point of small blocks: the block is as the reference has it, or undone; never between.

use std::collections::BTreeSet;

use seriatim::campaign::{FaultBudget, FaultFigures, FaultSubject, check_fault_canaries, small_blocks, strike_place};
use seriatim::explore::Engine;

#[test]
fn every_fault_at_every_point_of_small_blocks_leaves_the_ledger_before_or_after() {
    let engine = Engine::new().unwrap();
    let mut figures = FaultFigures::default();
    for (scene, place) in small_blocks(8) {
        let struck =
            strike_place(&engine, &scene, &place, &FaultSubject::every_path(), FaultBudget::EVERY, &mut figures);
        if let Err(found) = struck {
            panic!("{}: {:?}", found.0.violation, found.0.point);
        }
    }
    println!("{figures:#?}");
    assert_eq!(figures.faults.keys().copied().collect::<BTreeSet<_>>(), ["error", "delay", "panic", "cancel"].into());
}

#[test]
fn every_canary_is_caught() {
    check_fault_canaries(&Engine::new().unwrap()).unwrap();
}
