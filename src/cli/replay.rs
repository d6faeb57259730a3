//! `seriatim replay ARTIFACT`: does the violation still show?

use std::process::ExitCode;
use std::sync::mpsc;

use crate::campaign::{EXECUTORS, Examiner, ExploredSubject};
use crate::compare::{Signature, Verdict};
use crate::report::{Artifact, Divergence, Near, Replay};
use crate::runtime::model::Step;
use crate::workload::Expectation;

use super::CliError;
use super::args::ReplayArgs;
use super::campaign::HANG_LIMIT;
use super::run::read_artifact;

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let artifact = read_artifact(&args.artifact)?;
    println!("{}: {} on {}", args.artifact.display(), artifact.signature, artifact.subject);
    if artifact.subject == EXECUTORS {
        return on_tokio(artifact, args.times.into());
    }
    let subject: Result<ExploredSubject, _> = artifact.subject.parse();
    let subject = subject.map_err(|source| CliError::Subject { path: args.artifact.clone(), source })?;
    let explorer = subject.explorer(&artifact.scenario);
    let replay = artifact.replay(&*explorer, args.times.into());
    print_replay(&artifact, &replay);
    Ok(match &replay.divergence {
        _ if replay.same == replay.times => ExitCode::from(1),
        Some(divergence) => {
            let near = artifact.search_near(&*explorer, divergence);
            print_near(&near);
            ExitCode::from(if near.found.is_some() { 1 } else { 3 })
        }
        None if replay.same + replay.other > 0 => ExitCode::from(1),
        None => {
            println!("AGREE: the same steps, and no violation any more");
            ExitCode::SUCCESS
        }
    })
}

fn print_replay(artifact: &Artifact, replay: &Replay) {
    let Replay { times, same, other, violation, divergence } = replay;
    match (divergence, &artifact.schedule) {
        (Some(divergence), _) => print_divergence(divergence),
        (None, Some(schedule)) => println!("followed all {} choices of the schedule", schedule.choices.0.len()),
        (None, None) => println!("no schedule is needed: every task ran until it could not go on"),
    }
    if let Some(violation) = violation {
        println!("VIOLATION {violation}");
    }
    let others = if *other > 0 { format!("; another violation in {other}") } else { String::new() };
    println!("the same violation in {same} of {times} replays{others}");
}

fn print_divergence(divergence: &Divergence) {
    let Divergence { at_choice, choices, other_step } = divergence;
    if let Some(at) = at_choice {
        println!("DIVERGED at choice {at} of {choices}: the recorded task cannot run there any more");
    }
    if let Some(other) = other_step {
        let show = |step: &Option<Step>| step.as_ref().map_or_else(|| "nothing".to_owned(), Step::to_string);
        println!("DIVERGED at operation {}", other.position);
        println!("  expected {}", show(&other.expected));
        println!("  got      {}", show(&other.actual));
    }
}

fn print_near(near: &Near) {
    match &near.found {
        Some((schedule, violation)) => {
            println!("VIOLATION {violation}");
            println!("still there: found in execution {} of a search near the schedule", near.executions);
            println!("  schedule {}", schedule.choices);
        }
        None => println!(
            "INCONCLUSIVE: not seen in {} executions near the schedule; the code that showed it has changed",
            near.executions
        ),
    }
}

/// On a thread that may hang, since that may be the violation.
fn on_tokio(artifact: Artifact, times: u64) -> Result<ExitCode, CliError> {
    let expectation = Expectation::of(&artifact.scenario);
    for done in 0..times {
        let (told, outcome) = mpsc::channel();
        let (artifact, expectation) = (artifact.clone(), expectation.clone());
        #[expect(clippy::disallowed_methods, reason = "joined by the channel, or left behind by a process that ends")]
        std::thread::spawn(move || {
            let examined = Examiner::new()
                .map(|examiner| examiner.examine(&artifact.scenario, &expectation, artifact.origin.seed ^ done, true));
            // Nobody listens any more once the limit has passed.
            let _ = told.send(examined.map(|verdict| match verdict {
                Verdict::Agree(_) => None,
                Verdict::Violation(violation) => {
                    let same = Signature::of(&violation, &artifact.scenario) == artifact.signature;
                    Some((*violation, same))
                }
            }));
        });
        let Ok(examined) = outcome.recv_timeout(HANG_LIMIT) else {
            println!("VIOLATION an executor hangs on tokio: replay {} did not end in {HANG_LIMIT:?}", done + 1);
            return Ok(ExitCode::from(1));
        };
        if let Some((violation, same)) = examined.map_err(CliError::Start)? {
            let same = if same { "the same" } else { "another" };
            println!("VIOLATION {violation}\n{same} violation in replay {} on tokio", done + 1);
            return Ok(ExitCode::from(1));
        }
    }
    println!("AGREE: no violation in {times} replays on tokio, where nothing chose their interleavings");
    Ok(ExitCode::SUCCESS)
}
