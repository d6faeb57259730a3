//! Any plan on the reference, the sequential path and the parallel path with 1, 2 and 8 tasks at a time: a difference
//! is a crash. `fuzz/run differential` starts it with the flags it needs.
#![no_main]

use std::panic;

use libfuzzer_sys::{Corpus, fuzz_target};
use seriatim::campaign::Examiner;
use seriatim::ledger::SignatureScheme;
use seriatim::workload::{Plan, build};

thread_local! {
    static EXAMINER: Examiner = Examiner::new().expect("the system has threads to give");
}

fuzz_target!(
    // libFuzzer's own hook aborts at every panic, also at one that a task's runtime catches and that the oracle is to
    // see as a violation of its transaction. A panic that leaves the target still aborts.
    init: panic::set_hook(Box::new(|_| {})),
    |plan: Plan| -> Corpus {
        let built = build(&plan, SignatureScheme::Tagged);
        let seed = u64::from(plan.header.schedule_seed);
        let verdict = EXAMINER.with(|examiner| examiner.examine(&built.scenario, &built.expectation, seed, false));
        if let Some(violation) = verdict.into_violation() {
            eprintln!("VIOLATION {violation}\n{}", built.scenario.to_json());
            panic!("{violation}");
        }
        Corpus::Keep
    }
);
