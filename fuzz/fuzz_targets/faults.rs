//! A plan, and bytes that say which faults strike its blocks at which points: a ledger between, a chain that cannot go on, or an
//! outcome that is neither the reference's nor an abort is a crash. `fuzz/run faults` starts it with the flags it needs.
#![no_main]

use std::panic;

use libfuzzer_sys::fuzz_target;
use seriatim::campaign::inject_bytes;
use seriatim::drive::TokioRuntimes;
use seriatim::ledger::SignatureScheme;
use seriatim::workload::{InterleavedPlan, build};

thread_local! {
    static ENGINE: TokioRuntimes = TokioRuntimes::new().expect("the system has threads to give");
}

fuzz_target!(
    // As in `differential`: a panic that is caught is the oracle's.
    init: panic::set_hook(Box::new(|_| {})),
    |input: InterleavedPlan| {
        let built = build(&input.plan, SignatureScheme::Tagged);
        if let Err(found) = ENGINE.with(|engine| inject_bytes(engine, &built.scenario, &input.schedule)) {
            let (found, _) = *found;
            eprintln!("VIOLATION {}\n{:?}\n{}", found.violation, found.point, built.scenario.to_json());
            panic!("{}", found.violation);
        }
    }
);
