//! A campaign that ends within seconds. `cargo mutants` runs it on each program of which it has changed one place. It is one
//! test, so that the first violation ends it, and it has a process of its own, because a watchdog ends the process of a
//! campaign that hangs.

use std::process::exit;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seriatim_campaign::{
    Budget, CampaignConfig, CampaignReport, Conclusion, Control, Lanes, Statistics, Watchdog, run,
};
use seriatim_lab::BuiltinSubject;
use seriatim_lab::drive::{ChainSubject, TokioRuntimes};
use seriatim_lab::workload::{Plan, build, real_shapes};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_tos::storage::{Layer, Read, StorageError};

/// An execution takes milliseconds; one that takes this long hangs.
const WATCHDOG: Watchdog = Watchdog { limit: Duration::from_secs(20) };

/// Nothing on tokio notices tasks that wait for each other for ever, so this watches them.
fn campaign(lanes: Lanes, executions: u64) -> CampaignReport {
    let (budget, subject) = (Budget::Executions(executions), BuiltinSubject::Parallel);
    let config = CampaignConfig { seed: 2026, subject, jobs: 2, ..CampaignConfig::of(lanes, budget) };
    let control = Control::default();
    let report_hang = |index, _| {
        eprintln!("execution {index} over {lanes:?} hangs");
        // Its thread cannot be ended, so a panic here would wait for it.
        exit(101);
    };
    let report = WATCHDOG.watch(&control, || {}, report_hang, || run(&config, real_shapes(), &control));
    report.expect("the system gives two threads")
}

fn agreed(lanes: Lanes, executions: u64) -> Statistics {
    let report = campaign(lanes, executions);
    // Agreement includes the floors: every error, every conflict class, overlap, preemptions.
    assert_eq!(report.conclusion, Conclusion::Agree, "{report}");
    assert_eq!(report.statistics.executions, executions);
    report.statistics
}

#[test]
fn two_thousand_plans_on_tokio_and_two_thousand_interleavings_agree_and_reach_every_floor() {
    let plans = agreed(Lanes::Plans, 2_000);
    assert!(plans.transactions() > 30_000, "{} transactions", plans.transactions());
    assert_eq!(plans.aborts.len(), 2, "blocks abort for both reasons: {:?}", plans.aborts);
    assert!(plans.rewinds > 500, "{} rewinds", plans.rewinds);

    let interleavings = agreed(Lanes::Interleavings, 300).interleavings;
    assert!(interleavings.distinct > 2_000, "{interleavings:?}");
}

/// The reads of a block, and those that it repeated.
#[derive(Clone, Default)]
struct Reads(Arc<Mutex<(Vec<Read>, Vec<Read>)>>);

impl Layer for Reads {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        let (once, again) = &mut *self.0.lock().unwrap();
        match read {
            // The first read of every block.
            Read::Top => once.clear(),
            Read::Account(_) | Read::Balance(..) | Read::Burned(_) if once.contains(&read) => again.push(read),
            _ => once.push(read),
        }
        Ok(())
    }
}

/// No oracle looks at this: a second read changes no result, it only costs.
#[test]
fn a_block_reads_each_account_balance_and_burned_amount_once_on_either_path() {
    let engine = TokioRuntimes::new().unwrap();
    for seed in 0..60 {
        let built = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        for subject in [ChainSubject::sequential(&engine), ChainSubject::parallel(&engine, 8, seed)] {
            let reads = Reads::default();
            subject.with_layer(reads.clone()).run(&built.scenario);
            let (once, again) = &*reads.0.lock().unwrap();
            assert!(!once.is_empty(), "seed {seed} reads nothing");
            assert_eq!(again, &[], "seed {seed}");
        }
    }
}
