//! Faults at every point of small blocks: the block is as the reference has it, or undone; never between. And what judges that
//! refuses everything else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use seriatim_campaign::{Budget, CampaignConfig, CampaignReport, Conclusion, Control, Lanes, minimise_artifact, run};
use seriatim_lab::compare::{Endured, Interleaved, Oracle, judge_fault, judge_without_fault};
use seriatim_lab::drive::{
    BlockPlace, Doing, Ended, FaultScenario, FaultTrial, TokioRuntimes, under_fault, under_fault_interleaved,
};
use seriatim_lab::workload::{Plan, build, real_shapes};
use seriatim_lab::{
    BuiltinSubject, FaultBudget, FaultCanary, FaultFigures, FaultReplay, FaultSubject, check_fault_canaries, inject,
    inject_at, inject_bytes, replay_fault, small_blocks,
};
use seriatim_runtime::{
    Fault, Faults, INJECTED, Injected, JoinSet, Native, Probed, Runtime, RwLock, Semaphore, Site, TaskError,
};
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::execution::NonceChecker;
use seriatim_tos::ledger::{BlockAbort, Hash, SignatureScheme};
use seriatim_tos::storage::{Failing, Layer, MemoryStorage, StorageError};

/// `examples/every_fault.rs` does it for 200.
#[test]
fn every_fault_at_every_point_of_small_blocks_leaves_the_ledger_before_or_after() {
    let engine = TokioRuntimes::new().unwrap();
    let mut figures = FaultFigures::default();
    for (scene, place) in small_blocks(12) {
        let subject = FaultSubject::every_path();
        if let Err(found) = inject_at(&engine, &scene, &place, &subject, FaultBudget::EVERY, &mut figures) {
            panic!("{}: {:?}", found.0.violation, found.0.point);
        }
    }
    println!("{figures:#?}");
    let FaultFigures { blocks, complete_blocks, points, faults, endured, .. } = &figures;
    assert_eq!((*blocks, *complete_blocks), (36, 36));
    // Of each kind one a point; only storage calls can fail.
    for kind in [Fault::Delay, Fault::Panic, Fault::Cancel] {
        assert_eq!(faults[kind.name()], *points);
    }
    assert_eq!(figures.interleaved, [].into());
    let places = figures.sites[Site::Read.name()] + figures.sites[Site::Write.name()];
    assert_eq!(faults[Fault::Error.name()] * 4, places);
    assert_eq!(
        endured.keys().copied().collect::<BTreeSet<_>>(),
        Endured::ALL.iter().map(|endured| endured.name()).collect()
    );
    assert!(*points > 1_500, "{points} points");
}

#[test]
fn a_real_block_endures_faults_that_are_drawn_and_the_same_seed_draws_the_same() {
    let engine = TokioRuntimes::new().unwrap();
    let shape =
        real_shapes().iter().min_by_key(|shape| shape.scenario(SignatureScheme::Tagged, 0).tx_count().abs_diff(100));
    let scenario = shape.unwrap().scenario(SignatureScheme::Tagged, 0);
    let drawn = |seed| {
        let budget = FaultBudget { drawn: 12, ..FaultBudget::bounded(seed) };
        inject(&engine, &scenario, &FaultSubject::every_path(), budget).unwrap()
    };
    let figures = drawn(1);
    assert!((30..=80).contains(&figures.injected()) && figures.points > 1_000, "{figures:?}");
    assert_eq!(figures, drawn(1));
    assert_ne!(figures, drawn(2));
}

#[test]
fn every_canary_is_caught() {
    check_fault_canaries(&TokioRuntimes::new().unwrap()).unwrap();
}

#[test]
fn bytes_strike_the_faults_that_they_name() {
    let engine = TokioRuntimes::new().unwrap();
    let scenario = build(&Plan::sized(3, 6), SignatureScheme::Tagged).scenario;
    let figures_of = |bytes: &[u8]| inject_bytes(&engine, &scenario, bytes).unwrap();
    // Block 0 on V3: a delay at point 5, a panic at point 9; half a fault is none.
    let figures = figures_of(&[0, 0b0000_0101, 5, 0, 0, 0b0000_1001, 9, 0, 1, 2]);
    assert_eq!(figures.faults, [("delay", 1), ("panic", 1)].into());
    assert_eq!(figures.paths, [("parallel", 2)].into());
    assert_eq!(figures_of(&[]).injected(), 0);
    assert_eq!(figures_of(&[0xff; 400]).injected(), 16);
}

/// One block with its run on V3 without a fault, into which faults are injected.
struct Bench {
    engine: TokioRuntimes,
    scene: Arc<FaultScenario>,
    place: BlockPlace,
}

impl Bench {
    /// The first block with transactions that others of its run follow.
    fn new() -> Self {
        let follows = |place: &BlockPlace| place.expected().outcome.is_ok() && !place.later(1).is_empty();
        let (scene, place) = small_blocks(200).find(|(_, place)| follows(place)).unwrap();
        Self { engine: TokioRuntimes::new().unwrap(), scene, place }
    }

    fn run(&self, doing: Doing, injected: Option<(usize, Fault)>) -> FaultTrial {
        let around = |failing: Failing<Native>, _: Arc<MemoryStorage>| -> Arc<dyn Layer> { Arc::new(failing) };
        let what = (doing, ExecutionPath::Parallel);
        under_fault(&self.engine, &self.scene.parameters, &self.place, what, injected, &around)
    }

    /// The fault at the first point of a kind.
    fn at(&self, doing: Doing, site: Site, fault: Fault) -> (FaultTrial, (usize, Fault), FaultTrial) {
        let calm = self.run(doing, None);
        judge_without_fault(&self.place, doing, &calm).unwrap();
        let at = calm.passed.sites.iter().position(|reached| *reached == site).unwrap();
        let trial = self.run(doing, Some((at, fault)));
        (calm, (at, fault), trial)
    }

    fn endured(&self, doing: Doing, site: Site, fault: Fault) -> Endured {
        let (calm, inject, trial) = self.at(doing, site, fault);
        judge_fault(&self.place, doing, inject, &calm, &trial, Interleaved::No).unwrap()
    }

    /// What the judge says of a run in which something was changed.
    fn refused(&self, site: Site, fault: Fault, change: impl FnOnce(&mut FaultTrial)) -> String {
        let (calm, inject, mut trial) = self.at(Doing::Apply, site, fault);
        change(&mut trial);
        judge_fault(&self.place, Doing::Apply, inject, &calm, &trial, Interleaved::No).unwrap_err().field.to_string()
    }
}

#[test]
fn a_fault_comes_to_what_its_place_makes_of_it() {
    let bench = Bench::new();
    for (site, fault, endured) in [
        (Site::Start, Fault::Cancel, Endured::CutOffBefore),
        (Site::Read, Fault::Error, Endured::Aborted),
        (Site::Read, Fault::Delay, Endured::Survived),
        (Site::Join, Fault::Panic, Endured::CutOffBefore),
        (Site::Write, Fault::Error, Endured::Aborted),
        (Site::Write, Fault::Cancel, Endured::CutOffBefore),
        (Site::Written, Fault::Cancel, Endured::CutOffAfter),
        (Site::Written, Fault::Panic, Endured::CutOffAfter),
    ] {
        assert_eq!(bench.endured(Doing::Apply, site, fault), endured, "{fault:?} at {site:?}");
    }
    for (site, fault, endured) in [
        (Site::Write, Fault::Error, Endured::Aborted),
        (Site::Write, Fault::Panic, Endured::CutOffBefore),
        (Site::Written, Fault::Cancel, Endured::CutOffAfter),
        (Site::Written, Fault::Delay, Endured::Survived),
    ] {
        assert_eq!(bench.endured(Doing::Rewind, site, fault), endured, "{fault:?} at {site:?} of a rewind");
    }
}

#[test]
fn whatever_else_comes_of_a_fault_is_refused() {
    let bench = Bench::new();
    let read = |change: &dyn Fn(&mut FaultTrial)| bench.refused(Site::Read, Fault::Error, change);
    let refused = [
        read(&|trial| trial.after.orphans.add(Hash([9; 32]))),
        read(&|trial| trial.after.top += 1),
        read(&|trial| trial.before.top += 1),
        read(&|trial| trial.nonces_after = bench.run(Doing::Apply, None).nonces_after),
        read(&|trial| trial.handles_left = 1),
        read(&|trial| trial.ended = Ended::Done(Err(BlockAbort::FeesOverflow.into()))),
        read(&|trial| trial.ended = Ended::Done(Err(StorageError::Failed("another".to_owned()).into()))),
        read(&|trial| trial.ended = Ended::Panicked(INJECTED.to_owned())),
        read(&|trial| trial.ended = Ended::Cancelled),
        read(&|trial| trial.ended = Ended::Done(Ok(Vec::new()))),
        read(&|trial| trial.again = Some(Ended::Done(Ok(Vec::new())))),
        read(&|trial| trial.ledger_again.top += 1),
        read(&|trial| trial.later[0] = Ended::Cancelled),
        read(&|trial| trial.ledger_later.top += 1),
        read(&|trial| trial.nonces_later = NonceChecker::default()),
        read(&|trial| trial.undone = None),
        read(&|trial| trial.undone.as_mut().unwrap().top += 1),
        read(&|trial| trial.passed.injected = None),
        read(&|trial| trial.passed.sites[0] = Site::Yield),
    ];
    let parts = [
        "the ledger: orphans",
        "the ledger: top",
        "the ledger before",
        "nonces of the run",
        "handles",
        "block",
        "block",
        "end",
        "end",
        "receipt",
        "applied again, receipt",
        "applied again, the ledger",
        "a later block, end",
        "later, the ledger",
        "nonces at the end",
        "undoing",
        "after undoing",
        "point of the fault",
        "points up to",
    ];
    for (refused, part) in refused.iter().zip(parts) {
        assert!(refused.starts_with("error at read: ") && refused.contains(part), "{refused}: {part}");
    }
    // A delay changes nothing at all, and a commit that was done stays.
    let injected = || Ended::Done(Err(StorageError::from(Injected).into()));
    assert!(bench.refused(Site::Read, Fault::Delay, |trial| trial.ended = injected()).contains("block"));
    let undo = |trial: &mut FaultTrial| trial.after = trial.before.clone();
    assert!(bench.refused(Site::Written, Fault::Cancel, undo).contains("the ledger"));
}

/// Other orders of tasks have other points. Wherever a fault is injected, the ledger is the one before or the one after.
#[test]
fn faults_under_random_schedules_leave_the_ledger_before_or_after_and_a_seed_means_one_schedule() {
    let engine = TokioRuntimes::new().unwrap();
    let budget = FaultBudget { every_up_to: 0, drawn: 40, seed: 5, schedules: 2 };
    let searched = || {
        let mut figures = FaultFigures::default();
        for (scene, place) in small_blocks(4) {
            let subject = FaultSubject::every_path();
            if let Err(found) = inject_at(&engine, &scene, &place, &subject, budget, &mut figures) {
                panic!("{}: {:?}", found.0.violation, found.0.point);
            }
        }
        figures.interleaved
    };
    let interleaved = searched();
    assert_eq!(interleaved.len(), Endured::ALL.len(), "{interleaved:?}");
    assert!(interleaved.values().sum::<u64>() > 250, "{interleaved:?}");
    assert_eq!(interleaved, searched());

    let bench = Bench::new();
    let what = (Doing::Apply, ExecutionPath::Parallel);
    let sites =
        |seed| under_fault_interleaved(&bench.scene.parameters, &bench.place, what, None, seed).unwrap().passed.sites;
    assert_eq!(sites(1), sites(1));
    assert!((2..30).any(|seed| sites(seed) != sites(1)), "every seed is the same schedule");
}

/// Its nonces would be missing from the run, if the run did not look for the block again.
#[test]
fn a_run_whose_commit_was_cut_off_has_the_blocks_nonces_once_the_next_block_looks() {
    let bench = Bench::new();
    let (calm, _, trial) = bench.at(Doing::Apply, Site::Written, Fault::Cancel);
    assert_eq!((&trial.ended, &trial.after), (&Ended::Cancelled, &calm.after));
    assert_eq!(trial.nonces_after, trial.nonces_before);
    assert_ne!(trial.nonces_after, calm.nonces_after);
    assert_eq!(trial.nonces_later, calm.nonces_later);
    // Of a commit that was not done nothing is kept.
    let (_, _, trial) = bench.at(Doing::Apply, Site::Write, Fault::Cancel);
    assert_eq!((trial.nonces_after, trial.after), (trial.nonces_before, trial.before));
    assert_eq!(trial.nonces_later, calm.nonces_later);
}

/// A task of a faulty runtime that passes every kind of point once.
#[test]
fn every_await_of_the_runtime_is_a_point() {
    let engine = seriatim_testkit::tokio();
    let run = |injected| {
        let faults = Faults::default();
        let runtime = Probed::new(Native::with_hash_seed(0)).with_faults(faults.clone());
        faults.arm(injected);
        let ended = engine.block_on(runtime.task(async {
            let mut tasks = runtime.join_set::<u64>("tasks");
            let own = runtime.clone();
            tasks.spawn(async move {
                let semaphore = own.semaphore("permits", 1);
                let _permit = semaphore.acquire().await;
                let lock = own.rw_lock("lock", 7);
                drop(lock.read().await);
                own.yield_now().await;
                *lock.write().await
            });
            tasks.join_next().await.unwrap().1
        }));
        (ended, faults.disarm())
    };
    let (ended, passed) = run(None);
    assert_eq!(ended, Some(Ok(7)));
    use Site::*;
    let spawned = [Start, Acquire, Acquired, Lock, Locked, Yield, Resume, Yielded, Lock, Locked];
    let expected: Vec<Site> = [Start, Join].into_iter().chain(spawned).chain([Resume, Joined]).collect();
    assert_eq!(passed.sites, expected);
    for at in 2..12 {
        let (ended, passed) = run(Some((at, Fault::Cancel)));
        assert_eq!(
            (ended, passed.injected),
            (Some(Err(TaskError::Cancelled)), Some((at, Fault::Cancel))),
            "point {at}"
        );
        let (ended, _) = run(Some((at, Fault::Panic)));
        assert_eq!(ended, Some(Err(TaskError::Panicked(INJECTED.to_owned()))), "point {at}");
        let (ended, passed) = run(Some((at, Fault::Delay)));
        assert_eq!(ended, Some(Ok(7)), "point {at}");
        // A task that waits to be polled passes no further point.
        let is_poll = matches!(expected[at], Start | Resume);
        assert!(is_poll || passed.sites.len() > expected.len(), "point {at} delays nobody");
        let (ended, passed) = run(Some((at, Fault::Error)));
        assert_eq!((ended, passed.injected), (Some(Ok(7)), None), "nothing can fail at point {at}");
    }
    for at in [0, 1, 12, 13] {
        assert_eq!(run(Some((at, Fault::Cancel))).0, None, "point {at}");
    }
    assert_eq!(run(Some((14, Fault::Cancel))).0, Some(Ok(7)), "there is no such point");
}

fn campaign(subject: BuiltinSubject, executions: u64) -> CampaignReport {
    let budget = Budget::Executions(executions);
    let config = CampaignConfig { seed: 1, subject, jobs: 2, ..CampaignConfig::of(Lanes::Faults, budget) };
    run(&config, real_shapes(), &Control::default()).unwrap()
}

#[test]
fn a_campaign_over_faults_agrees_and_reaches_its_floors() {
    for subject in [BuiltinSubject::Parallel, BuiltinSubject::BlockStm] {
        let report = campaign(subject, 6);
        assert_eq!(report.conclusion, Conclusion::Agree, "{report}");
        assert!(report.statistics.faults.injected() > 500, "{report}");
    }
    let empty = campaign(BuiltinSubject::Parallel, 0);
    assert_eq!(empty.conclusion, Conclusion::Inconclusive);
}

#[test]
fn a_violation_under_a_fault_is_kept_made_smaller_and_replayed() {
    let engine = TokioRuntimes::new().unwrap();
    for &canary in FaultCanary::ALL {
        let report = campaign(BuiltinSubject::FaultCanary(canary), 20);
        let [found] = report.counterexamples.as_slice() else { panic!("{canary:?}: {report}") };
        let artifact = &found.artifact;
        assert_eq!((found.violation.oracle, &artifact.subject), (Oracle::Faults, &format!("canary:{canary:?}")));
        let again = seriatim_triage::report::Artifact::from_json(&artifact.to_json()).unwrap();
        assert_eq!(again, *artifact);

        let stop = Control::default();
        let mut watch = |_: u64, _: usize| {
            if stop.stop.load(Relaxed) { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
        };
        let smaller = minimise_artifact(artifact, 4_000, &mut watch).unwrap();
        assert!(smaller.scenario.tx_count() <= 1, "{canary:?}: {} transactions", smaller.scenario.tx_count());
        let point = smaller.fault.unwrap();
        let canary = FaultSubject::canary(canary);
        let shown = replay_fault(&engine, &smaller.scenario, &canary, point);
        assert_eq!(shown, FaultReplay::Violation(Box::new(smaller.violation.clone())));
        // The right chain endures it.
        let right = replay_fault(&engine, &smaller.scenario, &FaultSubject::every_path(), point);
        assert!(matches!(right, FaultReplay::Endured(Some(_))), "{right:?}");
        let beyond = seriatim_lab::drive::FaultPoint { injected: Some((usize::MAX, Fault::Panic)), ..point };
        assert_eq!(replay_fault(&engine, &smaller.scenario, &canary, beyond), FaultReplay::NotReached);
    }
}
