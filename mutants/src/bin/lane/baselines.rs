//! What an engineer would try first. Each is judged by the same oracles as the harness's own lanes; only what is searched
//! differs.

use std::ops::ControlFlow;

use arbitrary::{Arbitrary, Unstructured};
use mutants::{Found, Outcome};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use seriatim::campaign::{CampaignConfig, ChainExperiment, Examiner, Hang, Lanes, Recipe, Waivers};
use seriatim::compare::{Oracle, Verdict, Violation, judge};
use seriatim::drive::{ChainSubject, Threads, TokioRuntimes};
use seriatim::explore::{InterleaveConfig, Strategy};
use seriatim::ledger::SignatureScheme;
use seriatim::runtime::model::ModelSettings;
use seriatim::workload::{Expectation, Plan};

use super::{Budget, WATCHDOG};

mod fixed;
mod plain;

/// Most bytes that a plain scenario is made of.
const PLAIN_BYTES: usize = 2_048;

/// Blocks by `derive(Arbitrary)`, on all paths.
pub(super) fn arbitrary(seed: u64, budget: &Budget) -> std::io::Result<Outcome> {
    let examiner = Examiner::new()?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let paths = budget.subject.paths();
    Ok(repeat(budget, move |index| {
        let mut bytes = vec![0; PLAIN_BYTES];
        random.fill_bytes(&mut bytes);
        let block = plain::PlainBlock::arbitrary(&mut Unstructured::new(&bytes));
        let scenario = block.expect("every type takes what there is, also nothing").scenario();
        let soak = index.is_multiple_of(8);
        examiner.examine_on(paths, &scenario, &Expectation::of(&scenario), seed ^ index, soak)
    }))
}

/// Generated plans, once each on two real threads: no controlled interleaving, no second path.
pub(super) fn threads(seed: u64, budget: &Budget) -> std::io::Result<Outcome> {
    let engine = TokioRuntimes::new()?;
    let config = CampaignConfig {
        seed,
        budget: seriatim::campaign::Budget::Executions(budget.executions),
        lanes: Lanes::Plans,
        subject: budget.subject,
        keep_going: false,
        waivers: Waivers::default(),
        jobs: 1,
    };
    Ok(repeat(budget, move |index| {
        let Recipe::Plan { seed } = config.recipe(index, 0) else { unreachable!("only plans") };
        let built = seriatim::workload::build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        let paths = config.subject.paths();
        let subject = ChainSubject { paths, threads: Threads::Two, ..ChainSubject::parallel(&engine, 8, seed) };
        judge(&built.scenario, &built.expectation, &[subject.run(&built.scenario)])
    }))
}

/// Generated plans of one size, on all paths.
pub(super) fn sized(seed: u64, transactions: usize, budget: &Budget) -> std::io::Result<Outcome> {
    let examiner = Examiner::new()?;
    let paths = budget.subject.paths();
    Ok(repeat(budget, move |index| {
        // A seed's stream is its own: the next one begins where no search comes to.
        let built = seriatim::workload::build(&Plan::sized(seed << 32 | index, transactions), SignatureScheme::Tagged);
        examiner.examine_on(paths, &built.scenario, &built.expectation, index, false)
    }))
}

/// The block of [`fixed`], interleaved by the uniform walk.
pub(super) fn urw(seed: u64, budget: &Budget) -> Outcome {
    let scenario = fixed::scenario();
    let config = InterleaveConfig {
        strategy: Strategy::UniformWalk,
        seed,
        executions: budget.executions as usize,
        max_parallelism: 4,
        settings: ModelSettings { workers: None, shards: 4, placement_seed: seed },
    };
    let mut violation = None;
    let evidence =
        ChainExperiment::new(&scenario, budget.subject.paths()).ready().explore(
            &config,
            |interleaved| match interleaved.verdict {
                Verdict::Agree(_) if budget.out_of_time() => ControlFlow::Break(()),
                Verdict::Agree(_) => ControlFlow::Continue(()),
                Verdict::Violation(found) => {
                    violation = Some(found);
                    ControlFlow::Break(())
                }
            },
        );
    let seconds = budget.begun.elapsed().as_secs_f64();
    Outcome { executions: evidence.interleavings, seconds, found: violation.map(|violation| found(&violation)) }
}

/// Runs one execution after another, each on a thread that may hang.
fn repeat(budget: &Budget, mut execute: impl FnMut(u64) -> Verdict + Send + 'static) -> Outcome {
    let outcome = |executions, found| Outcome { executions, seconds: budget.begun.elapsed().as_secs_f64(), found };
    for index in 0..budget.executions {
        match WATCHDOG.run(move || (execute(index).into_violation(), execute)) {
            Ok((Some(violation), _)) => return outcome(index + 1, Some(found(&violation))),
            Ok((None, next)) => execute = next,
            Err(Hang { limit }) => {
                let violation = format!("no end within {} s", limit.as_secs());
                let found = Found { oracle: Oracle::Livelock.name().to_owned(), violation, smallest: None };
                return outcome(index + 1, Some(found));
            }
        }
        if budget.out_of_time() {
            return outcome(index + 1, None);
        }
    }
    outcome(budget.executions, None)
}

fn found(violation: &Violation) -> Found {
    Found { oracle: violation.oracle.name().to_owned(), violation: violation.to_string(), smallest: None }
}
