//! External subjects: they are asked only what they can be asked, and what they do wrong is found, made smaller and
//! shown again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use seriatim_campaign::{Budget, Conclusion, Control, Hang, Waivers};
use seriatim_explore::Schedule;
use seriatim_lab::compare::{Oracle, Signature};
use seriatim_lab::workload::{Scenario, mix};
use seriatim_runtime::Runtime;
use seriatim_subject::{
    Answer, Assumption, BuiltinPath, Capabilities, Outcome, OutcomeDetail, OverRuntime, Part, Plain, Request,
    RuntimeSubject, Subject, SubjectCampaign, SubjectError, SubjectReport, SubjectSource, TransactionType, fit,
    minimise_external, rerun, right_answer, run, scenario_for, vectors,
};
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::ledger::{AssetId, FeeType, Payload, Receipt};

fn campaign(source: &dyn SubjectSource, executions: u64) -> SubjectReport {
    let config = SubjectCampaign {
        seed: 5,
        budget: Budget::Executions(executions),
        jobs: 1,
        keep_going: false,
        waivers: Waivers::default(),
    };
    run(&config, source, &Control::default()).unwrap()
}

pub(crate) type Spoil = fn(&Request, &mut Answer);

/// Answers as the reference does, after `spoil` has changed the answer.
pub(crate) struct Parrot {
    pub(crate) capabilities: Capabilities,
    pub(crate) spoil: Spoil,
}

impl Parrot {
    pub(crate) fn new(capabilities: Capabilities) -> Self {
        Self { capabilities, spoil: |_, _| () }
    }

    pub(crate) fn source(self) -> Plain<impl Fn() -> Self + Sync> {
        let Self { capabilities, spoil } = self;
        Plain(move || Self { capabilities: capabilities.clone(), spoil })
    }
}

impl Subject for Parrot {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
        let vector = seriatim_subject::answer_by_reference(request);
        let mut answer = Answer { id: request.id, ..right_answer(&self.capabilities, &vector) };
        (self.spoil)(request, &mut answer);
        Ok(answer)
    }
}

pub(crate) fn payments(assumes: impl Into<BTreeSet<Assumption>>) -> Capabilities {
    Capabilities { assumes: assumes.into(), ..Capabilities::new("payments") }
}

#[test]
fn the_projects_own_paths_are_subjects_like_any_other() {
    for path in [ExecutionPath::Sequential, ExecutionPath::Parallel, ExecutionPath::BlockStm] {
        let report = campaign(&OverRuntime::new(BuiltinPath(path)), 60);
        assert_eq!(report.conclusion, Conclusion::Agree, "{report}");
        assert_eq!(report.asked.scenarios, 60);
        assert!(report.asked.executed() > 300 && report.asked.conflicts > 100, "{report}");
        // The sequential path has one task, which nothing preempts.
        let is_preempted = report.interleavings.preemptions > 0;
        assert!(report.asked.repeated > 50 && is_preempted == (path != ExecutionPath::Sequential), "{report}");
    }
}

#[test]
fn a_scenario_that_was_fitted_fits() {
    let mut narrow = payments([Assumption::AllValid, Assumption::NoReceiveThenSpend, Assumption::NoZeroAmounts]);
    narrow.supports.unknown_destinations = true;
    for capabilities in [Capabilities::everything("all"), Capabilities::new("payments"), narrow] {
        for seed in 0..100 {
            let (scenario, _) = scenario_for(&capabilities, seed);
            assert_eq!(fit(&scenario, &capabilities), scenario, "{} seed {seed}", capabilities.name);
        }
    }
}

#[test]
fn a_subject_is_asked_only_what_it_supports_and_assumes() {
    let mut assumes = payments([
        Assumption::ValidSignatures,
        Assumption::MinimumFee,
        Assumption::NoReceiveThenSpend,
        Assumption::NoZeroAmounts,
    ]);
    assumes.supports.workers = vec![3];
    let (mut failed, mut executed) = (0, 0);
    for seed in 0..200 {
        let (scenario, _) = scenario_for(&assumes, seed);
        for vector in vectors(&scenario) {
            let registered = &vector.request.state.accounts;
            let bystanders = [vector.request.block.miner, vector.request.parameters.dev_account];
            let mut received = BTreeSet::new();
            let receipts = vector.expected.as_ref().map_or(&[][..], Vec::as_slice);
            for (given, receipt) in vector.request.block.transactions.iter().zip(receipts) {
                let body = &given.transaction.body;
                let Payload::Transfers(transfers) = &body.data else { panic!("{:?}", body.data) };
                assert_eq!(body.fee_type, FeeType::Tos);
                assert!(!received.contains(&body.source) && !bystanders.contains(&body.source));
                for transfer in transfers {
                    assert!(transfer.asset == AssetId::TOS && transfer.amount > 0);
                    assert!(registered.contains_key(&transfer.destination));
                    assert!(!bystanders.contains(&transfer.destination));
                }
                match receipt {
                    Receipt::Executed { .. } => {
                        executed += 1;
                        received.extend(transfers.iter().map(|transfer| transfer.destination));
                    }
                    Receipt::Orphaned { error, .. } => {
                        assert!(!["InvalidSignature", "InvalidFee"].contains(&error.name()));
                        failed += 1;
                    }
                    Receipt::Skipped { .. } => failed += 1,
                }
            }
        }
    }
    assert!(executed > 300 && failed > 30, "{executed} executed, {failed} not");
}

#[test]
fn who_assumes_valid_transactions_gets_no_other() {
    let capabilities = payments([Assumption::AllValid]);
    for seed in 0..100 {
        for vector in vectors(&scenario_for(&capabilities, seed).0) {
            let receipts = vector.expected.expect("no aborted block");
            assert!(receipts.iter().all(|receipt| matches!(receipt, Receipt::Executed { .. })));
        }
    }
}

#[test]
fn the_reference_itself_agrees_whatever_it_reports() {
    let mut some = Capabilities::new("some");
    some.reports.outcomes = OutcomeDetail::Classes;
    some.supports.transactions = [TransactionType::Transfer, TransactionType::Burn].into();
    for capabilities in [Capabilities::everything("all"), some, payments([Assumption::AllValid])] {
        let report = campaign(&Parrot::new(capabilities).source(), 80);
        assert_eq!(report.conclusion, Conclusion::Agree, "{report}");
    }
}

#[test]
fn who_says_too_little_does_not_pass() {
    let mut blind = Capabilities::new("blind");
    blind.reports.state = [Part::Nonces].into();
    let report = campaign(&Parrot::new(blind).source(), 40);
    assert_eq!(report.conclusion, Conclusion::Inconclusive, "{report}");
    assert!(report.missed_floors.iter().any(|floor| floor.starts_with("balances are not reported")), "{report}");
    let mut idle = Capabilities::new("idle");
    idle.supports.transactions = [TransactionType::Unfreeze].into();
    let report = campaign(&Parrot::new(idle).source(), 40);
    assert_eq!(report.conclusion, Conclusion::Inconclusive, "{report}");
}

#[test]
fn what_it_cannot_be_asked_is_refused_before_anything_runs() {
    let mut nothing = Capabilities::new("nothing");
    nothing.supports.transactions.clear();
    let config = SubjectCampaign {
        seed: 0,
        budget: Budget::Executions(1),
        jobs: 1,
        keep_going: false,
        waivers: Waivers::default(),
    };
    let refused = run(&config, &Parrot::new(nothing).source(), &Control::default()).unwrap_err();
    assert!(refused.to_string().starts_with("capabilities: supports.transactions"), "{refused}");
}

/// The oracle of each kind of fault.
#[test]
fn every_fault_is_found_by_its_oracle() {
    let faults: [(Oracle, Spoil); 6] = [
        (Oracle::State, |request, answer| {
            if let Some(given) = request.block.transactions.first() {
                let account = answer.state.accounts.entry(given.transaction.body.source).or_default();
                account.nonce += 1;
            }
        }),
        (Oracle::Receipts, |_, answer| {
            answer.outcomes.pop();
        }),
        (Oracle::Figures, |_, answer| answer.figures.fees = answer.figures.fees.map(|fees| fees + 1)),
        (Oracle::Protocol, |_, answer| answer.id += 1),
        (Oracle::Panic, |request, _| assert!(request.workers < 8, "eight workers")),
        // Notes are for people; anything else that depends on the seed is no answer.
        (Oracle::Determinism, |request, answer| {
            let account = answer.state.accounts.values_mut().next().unwrap();
            account.energy.get_or_insert_default().used = request.seed;
        }),
    ];
    for (oracle, spoil) in faults {
        let mut capabilities = Capabilities::everything("spoiled");
        if oracle == Oracle::Determinism {
            capabilities.reports.state.remove(&Part::Energy);
        }
        let report = campaign(&Parrot { capabilities, spoil }.source(), 40);
        let found = report.counterexamples.first().unwrap_or_else(|| panic!("{oracle:?} not found: {report}"));
        assert_eq!(found.violation.oracle, oracle, "{report}");
    }
}

/// A fault that shows for some seeds only has a rate, and a smaller case is found all the same.
#[test]
fn a_fault_that_shows_now_and_then_is_made_smaller_with_a_rate() {
    let spoil: Spoil = |request, answer| {
        let transactions = &request.block.transactions;
        if transactions.len() > 1 && request.workers > 1 && request.seed.is_multiple_of(3) {
            let account = answer.state.accounts.get_mut(&transactions[1].transaction.body.source);
            account.expect("a source is registered").nonce += 1;
        }
    };
    let source = Parrot { capabilities: payments([]), spoil }.source();
    let report = campaign(&source, 200);
    let artifact = &report.counterexamples[0].artifact;
    let smaller = minimise_external(artifact, &source, 10_000, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(smaller.scenario.tx_count(), 2, "{}", smaller.to_json());
    let rate = smaller.rate.unwrap();
    // The recorded seed shows it each time, others now and then.
    assert!(rate.shown > 0 && rate.shown == rate.times && rate.repeats > 1, "{rate:?}");
    let mut subject = source.start().unwrap();
    let mut go_on = |_| ControlFlow::Continue(());
    let replayed = rerun(&mut *subject, &smaller.scenario, &smaller.signature, None, 100, &mut go_on);
    assert_eq!((replayed.times, replayed.other), (100, 0));
    assert!((20..=90).contains(&replayed.same), "{replayed:?}");
}

#[test]
fn a_campaign_depends_on_its_seed_alone() {
    let spoil: Spoil = |request, answer| {
        if request.block.transactions.len() > 4 {
            answer.outcomes[3] = Outcome::Failed;
        }
    };
    let found = |jobs| {
        let config = SubjectCampaign {
            seed: 9,
            budget: Budget::Executions(50),
            jobs,
            keep_going: false,
            waivers: Waivers::default(),
        };
        let source = Parrot { capabilities: payments([]), spoil }.source();
        let report = run(&config, &source, &Control::default()).unwrap();
        report.counterexamples[0].artifact.clone()
    };
    assert_eq!(found(1), found(2));
}

/// Counts its questions and answers each of them wrongly.
struct Wrong(Arc<AtomicUsize>);

impl RuntimeSubject for Wrong {
    fn capabilities(&self) -> Capabilities {
        payments([])
    }

    async fn execute<R: Runtime>(&self, _runtime: &R, request: &Request) -> Answer {
        self.0.fetch_add(1, SeqCst);
        Answer { id: request.id, ..Answer::default() }
    }
}

/// A schedule under an engine belongs to a scenario as a whole, so one that does not fit has no questions at all.
#[test]
fn an_engine_asks_nothing_about_a_scenario_that_does_not_fit() {
    let (unfit, _) = scenario_for(&Capabilities::everything("all"), 1);
    let fitted = fit(&unfit, &payments([]));
    assert_ne!(fitted, unfit);
    let asked = Arc::new(AtomicUsize::new(0));
    let source = OverRuntime::new(Wrong(Arc::clone(&asked)));
    let explored = |scenario: &Scenario| {
        let interleaved = source.explorer(scenario).unwrap().straight(&Schedule::straight());
        let verdict = interleaved.verdict;
        (asked.swap(0, SeqCst), verdict.into_violation())
    };
    assert_eq!(explored(&unfit), (0, None));
    let (questions, violation) = explored(&fitted);
    assert_eq!((questions, violation.is_some()), (vectors(&fitted).len(), true));
    assert!(questions > 0);
}

fn has_only_payments(request: &Request) -> bool {
    request.block.transactions.iter().all(|given| matches!(given.transaction.body.data, Payload::Transfers(_)))
}

/// It is asked, where there is no engine, about the part that fits.
#[test]
fn a_scenario_that_does_not_fit_is_asked_about_as_far_as_it_fits() {
    let (unfit, _) = scenario_for(&Capabilities::everything("all"), 1);
    assert!(!vectors(&unfit).iter().all(|vector| has_only_payments(&vector.request)));
    assert!(vectors(&fit(&unfit, &payments([]))).iter().any(|vector| !vector.request.block.transactions.is_empty()));
    let signature =
        Signature { oracle: Oracle::Panic, field: String::new(), receipts: None, transactions: BTreeSet::new() };
    let mut go_on = |_| ControlFlow::Continue(());
    // A panic would be a violation of the subject.
    let mut strict = Parrot { capabilities: payments([]), spoil: |request, _| assert!(has_only_payments(request)) };
    let asked = rerun(&mut strict, &unfit, &signature, None, 3, &mut go_on);
    assert_eq!((asked.times, asked.same, asked.other), (3, 0, 0), "{:?}", asked.violation);
    // It was asked at all: answers that are wrong everywhere are noticed.
    let mut wrong = Parrot { capabilities: payments([]), spoil: |_, answer| answer.outcomes.fill(Outcome::Failed) };
    let asked = rerun(&mut wrong, &unfit, &signature, None, 3, &mut go_on);
    assert_eq!((asked.times, asked.other), (3, 3));
}

#[test]
fn an_execution_that_hangs_is_a_counterexample_of_its_own() {
    let source = Parrot::new(payments([])).source();
    let config = SubjectCampaign {
        seed: 5,
        budget: Budget::Executions(9),
        jobs: 1,
        keep_going: false,
        waivers: Waivers::default(),
    };
    let hang = Hang { limit: Duration::from_secs(30) };
    let report = SubjectReport::of_hang(&config, &source, 3, hang, 3, Duration::from_secs(31)).unwrap();
    assert_eq!((report.conclusion, report.missed_floors.len(), report.asked.scenarios), (Conclusion::Violation, 0, 3));
    let [counterexample] = report.counterexamples.as_slice() else { panic!("{report}") };
    assert_eq!((counterexample.index, counterexample.violation.oracle), (3, Oracle::Hang));
    let (scenario, _) = scenario_for(&report.subject, mix(5, 3));
    assert_eq!(counterexample.artifact.scenario, scenario);
}
