//! The committed fuzzing seeds, replayed on every executor without a fuzzer, on stable Rust.

use std::fs;
use std::path::{Path, PathBuf};

use seriatim_lab::compare::Verdict;
use seriatim_lab::workload::{InterleavedPlan, Plan, build};
use seriatim_lab::{Examiner, interleave_with};
use seriatim_tos::ledger::SignatureScheme;

fn plans(folder: &str, at_least: usize) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "plan"));
    paths.sort();
    assert!(paths.len() >= at_least, "only {} seeds: the corpus was gutted", paths.len());
    paths
}

#[test]
fn every_committed_seed_agrees() {
    let paths = plans("seeds", 200);
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

#[test]
fn every_committed_seed_with_a_schedule_agrees() {
    let paths = plans("seeds-interleave", 64);
    let mut steps = 0;
    for path in &paths {
        let input = InterleavedPlan::from_bytes(&fs::read(path).unwrap());
        let InterleavedPlan { plan, schedule } = input.unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(schedule.len(), 32);
        let built = build(&plan, SignatureScheme::Tagged);
        let interleavings = interleave_with(&built, &plan.header, schedule);
        assert!(matches!(interleavings.verdict, Verdict::Agree(_)), "{path:?}: {:?}", interleavings.verdict);
        steps += interleavings.evidence.steps;
    }
    assert!(steps >= 100 * paths.len() as u64, "{steps} steps");
}
