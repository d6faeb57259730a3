//! The committed fuzzing seeds, replayed on every executor without a fuzzer, on stable Rust.

use std::fs;

use seriatim::campaign::Examiner;
use seriatim::compare::Verdict;
use seriatim::ledger::SignatureScheme;
use seriatim::workload::{Plan, build};

#[test]
fn every_committed_seed_agrees() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/seeds");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "plan"));
    paths.sort();
    assert!(paths.len() >= 200, "only {} seeds: the corpus was gutted", paths.len());
    let examiner = Examiner::new().unwrap();
    let mut transactions = 0;
    for path in &paths {
        let plan = Plan::from_bytes(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let built = build(&plan, SignatureScheme::Tagged);
        match examiner.examine(&built.scenario, &built.expectation, 0, false) {
            Verdict::Agree(evidence) => transactions += evidence.transactions,
            Verdict::Violation(violation) => panic!("{path:?}: {violation}"),
        }
    }
    assert!(transactions >= 60 * paths.len() as u64, "{transactions} transactions");
}
