//! Races that show seldom, and not by the seed of a request: they are kept alive.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use seriatim_campaign::{Budget, Control, Waivers};
use seriatim_subject::{
    Answer, Capabilities, Plain, Request, Subject, SubjectCampaign, SubjectError, answer_by_reference,
    minimise_external, replay_external, right_answer, run,
};
use seriatim_triage::report::Artifact;

use super::questions::payments;

/// Answers one of so many requests about two transactions or more with a wrong nonce, by a chance of its own.
struct Seldom {
    chance: Arc<Mutex<SplitMix64>>,
    one_in: u64,
}

impl Subject for Seldom {
    fn capabilities(&self) -> Capabilities {
        payments([])
    }

    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
        let mut answer = Answer { id: request.id, ..right_answer(&self.capabilities(), &answer_by_reference(request)) };
        let strikes = self.chance.lock().unwrap().next_u64().is_multiple_of(self.one_in);
        if let Some(second) = request.block.transactions.get(1).filter(|_| strikes) {
            let account = answer.state.accounts.get_mut(&second.transaction.body.source);
            account.expect("a source is registered").nonce += 1;
        }
        Ok(answer)
    }
}

fn source(seed: u64, one_in: u64) -> Plain<impl Fn() -> Seldom + Sync> {
    let chance = Arc::new(Mutex::new(SplitMix64::seed_from_u64(seed)));
    Plain(move || Seldom { chance: Arc::clone(&chance), one_in })
}

fn found(seed: u64, source: &Plain<impl Fn() -> Seldom + Sync>) -> Artifact {
    let (budget, waivers) = (Budget::Executions(10_000), Waivers::default());
    let config = SubjectCampaign { seed, budget, jobs: 1, keep_going: false, waivers };
    let mut report = run(&config, source, &Control::default()).unwrap();
    report.counterexamples.pop().expect("some request is answered wrong").artifact
}

/// `SEEDS=20` is the figure of the book.
#[test]
fn what_shows_in_one_of_two_hundred_requests_is_made_smaller() {
    let seeds = std::env::var("SEEDS").map_or(1, |text| text.parse().expect("a number"));
    let mut smaller = 0;
    for seed in 0..seeds {
        let source = source(seed, 200);
        let artifact = found(seed, &source);
        let made = minimise_external(&artifact, &source, 2_000, &mut |_, _| ControlFlow::Continue(())).unwrap();
        let rate = made.rate.expect("it is asked by repetition");
        println!("seed {seed}: {} of {} transactions, {rate}", made.scenario.tx_count(), artifact.scenario.tx_count());
        smaller += u64::from(made.scenario.tx_count() == 2);
    }
    println!("{smaller} of {seeds} made as small as can be");
    assert!(smaller * 10 >= seeds * 9, "{smaller} of {seeds}");
}

#[test]
fn what_the_recorded_request_always_shows_is_asked_no_other_way() {
    let always = source(3, 1);
    let artifact = found(3, &always);
    let recorded = artifact.asked.expect("a request was answered wrong");
    let rerun = replay_external(&artifact, &always, 500, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((rerun.times, rerun.same), (20, 20), "{recorded:?}");
    let seldom = source(3, 200);
    let rerun = replay_external(&artifact, &seldom, 500, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(rerun.times, 500);
    assert!(rerun.same < 250, "{rerun:?}");
}
