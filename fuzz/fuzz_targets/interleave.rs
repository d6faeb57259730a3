//! A plan and a schedule from one input, on the parallel path under shuttle: a difference, a deadlock, a lost wake-up or an
//! execution without end is a crash, at once. `fuzz/run interleave` starts it with the flags it needs.
#![no_main]

use std::panic;

use libfuzzer_sys::fuzz_target;
use seriatim::campaign::interleave_with;
use seriatim::ledger::SignatureScheme;
use seriatim::workload::{InterleavedPlan, build};

fuzz_target!(
    // As in `differential`: a panic that is caught is the oracle's.
    init: panic::set_hook(Box::new(|_| {})),
    |input: InterleavedPlan| {
        let built = build(&input.plan, SignatureScheme::Tagged);
        let interleavings = interleave_with(&built, &input.plan.header, input.schedule);
        if let Some(violation) = interleavings.verdict.into_violation() {
            let schedule = interleavings.schedule.map(|schedule| schedule.choices.to_string());
            eprintln!("VIOLATION {violation}\nschedule {schedule:?}\n{}", built.scenario.to_json());
            panic!("{violation}");
        }
    }
);
