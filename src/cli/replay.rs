//! `seriatim replay ARTIFACT`: does the violation still show?

use std::process::ExitCode;
use std::sync::mpsc;

use serde::Serialize;

use seriatim_campaign::Conclusion;
use seriatim_explore::model::Step;
use seriatim_explore::{Interleaver, Schedule};
use seriatim_lab::compare::{Difference, Oracle, Signature, Value, Verdict, Violation};
use seriatim_lab::drive::FaultPoint;
use seriatim_lab::workload::Expectation;
use seriatim_lab::{Examiner, ExploredSubject, FaultReplay, replay_fault, search_fault};
use seriatim_triage::report::{Artifact, Divergence, Near, Replay};

use super::CliError;
use super::args::ReplayArgs;
use super::campaign::HANG_LIMIT;
use super::output::{Findings, Output, Shown, say};
use super::outside::{self, built_in};
use super::run::read_artifact;

/// Of the JSON form.
const VERSION: u32 = 2;

#[derive(Serialize)]
pub(super) struct Replayed {
    artifact: String,
    subject: String,
    /// Of the recorded violation.
    signature: Signature,
    pub times: u64,
    pub same: u64,
    pub other: u64,
    pub violation: Option<Shown>,
    divergence: Option<Divergence>,
    near: Option<Searched>,
    /// Of a violation under a fault: where it strikes now. None: it shows no more.
    fault: Option<FaultPoint>,
}

/// The search near a schedule.
#[derive(Serialize)]
struct Searched {
    executions: u64,
    schedule: Option<Schedule>,
}

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode, CliError> {
    if let Some(process) = args.process.source()? {
        return outside::replay(args, &process);
    }
    let (output, artifact) = open(args)?;
    built_in(&args.artifact, &artifact)?;
    let mut replayed = begin(args, &artifact, &output);
    let conclusion = if let Some(point) = artifact.fault {
        under_fault(&artifact, subject(args, &artifact)?, point, &output, &mut replayed)?
    } else if let Some(subject) = ExploredSubject::named_on_tokio(&artifact.subject) {
        on_tokio(artifact, subject, &output, &mut replayed)?
    } else {
        let explorer = subject(args, &artifact)?.explorer(&artifact.scenario);
        under_shuttle(&artifact, &explorer, &output, &mut replayed)
    };
    end(conclusion, &replayed, &output)
}

/// Where it is told, and of what.
pub(super) fn open(args: &ReplayArgs) -> Result<(Output, Artifact), CliError> {
    let files = [("ARTIFACT", Some(&args.artifact))];
    let output = Output::new("replay", args.json.json.as_ref(), args.junit.junit.as_ref(), &files)?;
    Ok((output, read_artifact(&args.artifact)?))
}

/// A replay that has not begun.
pub(super) fn begin(args: &ReplayArgs, artifact: &Artifact, output: &Output) -> Replayed {
    let file = args.artifact.display().to_string();
    say!(output, "{file}: {} on {}", artifact.signature, artifact.subject);
    Replayed {
        artifact: file,
        subject: artifact.subject.clone(),
        signature: artifact.signature.clone(),
        times: args.times.into(),
        same: 0,
        other: 0,
        violation: None,
        divergence: None,
        near: None,
        fault: None,
    }
}

pub(super) fn end(conclusion: Conclusion, replayed: &Replayed, output: &Output) -> Result<ExitCode, CliError> {
    let reason = (conclusion == Conclusion::Inconclusive)
        .then(|| "the schedule diverged, and nothing near it shows the violation".to_owned());
    let findings = Findings::judged(VERSION, conclusion, replayed).because(reason);
    output.end(&findings.case(replayed.artifact.clone(), replayed.violation.as_ref()))
}

fn subject(args: &ReplayArgs, artifact: &Artifact) -> Result<ExploredSubject, CliError> {
    artifact.subject.parse().map_err(|source| CliError::Subject { path: args.artifact.clone(), source })
}

pub(super) fn under_shuttle(
    artifact: &Artifact,
    explorer: &Interleaver,
    output: &Output,
    replayed: &mut Replayed,
) -> Conclusion {
    let replay = artifact.replay(explorer, replayed.times);
    print_replay(output, artifact, &replay);
    replayed.same = replay.same;
    replayed.other = replay.other;
    replayed.violation = replay.violation.as_ref().map(Shown::new);
    replayed.divergence.clone_from(&replay.divergence);
    match &replay.divergence {
        _ if replay.same == replay.times => Conclusion::Violation,
        Some(divergence) => {
            let near = artifact.search_near(explorer, divergence);
            let showed = replay.same + replay.other > 0;
            print_near(output, &near, showed);
            let Near { executions, found } = near;
            if let Some((_, violation)) = &found {
                replayed.violation = Some(Shown::new(violation));
            }
            let is_violated = showed || found.is_some();
            replayed.near = Some(Searched { executions, schedule: found.map(|(schedule, _)| schedule) });
            if is_violated { Conclusion::Violation } else { Conclusion::Inconclusive }
        }
        None if replay.same + replay.other > 0 => Conclusion::Violation,
        None => {
            say!(output, "AGREE: the same steps, and no violation any more");
            Conclusion::Agree
        }
    }
}

/// Strikes where the artifact says; where that is no point any more, or comes to nothing, everywhere with the same kind of fault.
fn under_fault(
    artifact: &Artifact,
    subject: ExploredSubject,
    point: FaultPoint,
    output: &Output,
    replayed: &mut Replayed,
) -> Result<Conclusion, CliError> {
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let (engine, subject) = (examiner.engine(), subject.under_faults());
    let mut is_reached = true;
    for _ in 0..replayed.times {
        match replay_fault(engine, &artifact.scenario, &subject, point) {
            FaultReplay::NotReached => is_reached = false,
            FaultReplay::Endured(_) => {}
            FaultReplay::Violation(violation) => {
                let same = violation.signature() == artifact.signature;
                replayed.same += u64::from(same);
                replayed.other += u64::from(!same);
                replayed.violation = Some(Shown::new(&violation));
                replayed.fault = Some(point);
            }
        }
    }
    if let Some(Shown { violation, .. }) = &replayed.violation {
        let others = if replayed.other > 0 { format!("; another in {}", replayed.other) } else { String::new() };
        say!(output, "VIOLATION {violation}");
        say!(output, "the same violation in {} of {} replays{others}", replayed.same, replayed.times);
        return Ok(Conclusion::Violation);
    }
    if !is_reached {
        say!(output, "DIVERGED: no such fault can strike there any more");
    }
    let (found, runs) = search_fault(engine, &artifact.scenario, &subject, point, &artifact.signature);
    let Some(found) = found else {
        say!(
            output,
            "AGREE: no violation there, and none at any other point in {runs} runs with the same kind of fault"
        );
        return Ok(Conclusion::Agree);
    };
    say!(
        output,
        "VIOLATION {}\nstill there: found in run {runs} of a search for the same kind of fault",
        found.violation
    );
    replayed.violation = Some(Shown::new(&found.violation));
    replayed.fault = Some(found.point);
    Ok(Conclusion::Violation)
}

fn print_replay(output: &Output, artifact: &Artifact, replay: &Replay) {
    let Replay { times, same, other, violation, divergence } = replay;
    match (divergence, &artifact.schedule) {
        (Some(divergence), _) => print_divergence(output, divergence),
        (None, Some(schedule)) => say!(output, "followed all {} choices of the schedule", schedule.choices.0.len()),
        (None, None) => say!(output, "no schedule is needed: every task ran until it could not go on"),
    }
    if let Some(violation) = violation {
        say!(output, "VIOLATION {violation}");
    }
    let others = if *other > 0 { format!("; another violation in {other}") } else { String::new() };
    say!(output, "the same violation in {same} of {times} replays{others}");
}

fn print_divergence(output: &Output, divergence: &Divergence) {
    let Divergence { at_choice, choices, other_step } = divergence;
    if let Some(at) = at_choice {
        say!(output, "DIVERGED at choice {at} of {choices}: the recorded task cannot run there any more");
    }
    if let Some(other) = other_step {
        let show = |step: &Option<Step>| step.as_ref().map_or_else(|| "nothing".to_owned(), Step::to_string);
        say!(output, "DIVERGED at operation {}", other.position);
        say!(output, "  expected {}", show(&other.expected));
        say!(output, "  got      {}", show(&other.actual));
    }
}

fn print_near(output: &Output, near: &Near, showed: bool) {
    match &near.found {
        Some((schedule, violation)) => {
            say!(output, "VIOLATION {violation}");
            say!(output, "still there: found in execution {} of a search near the schedule", near.executions);
            say!(output, "  schedule {}", schedule.choices);
        }
        // Another violation was shown, so the verdict is there.
        None if showed => say!(output, "this one was not seen in {} executions near the schedule", near.executions),
        None => say!(
            output,
            "INCONCLUSIVE: not seen in {} executions near the schedule; the code that showed it has changed",
            near.executions
        ),
    }
}

/// On a thread that may hang, since that may be the violation.
fn on_tokio(
    artifact: Artifact,
    subject: ExploredSubject,
    output: &Output,
    replayed: &mut Replayed,
) -> Result<Conclusion, CliError> {
    let times = replayed.times;
    let expectation = Expectation::of(&artifact.scenario);
    for done in 0..times {
        let (told, outcome) = mpsc::channel();
        let (case, expectation) = (artifact.clone(), expectation.clone());
        #[expect(clippy::disallowed_methods, reason = "joined by the channel, or left behind by a process that ends")]
        std::thread::spawn(move || {
            let seed = case.origin.seed ^ done;
            let examine =
                |examiner: Examiner| examiner.examine_on(subject.paths(), &case.scenario, &expectation, seed, true);
            let examined = Examiner::new().map(examine);
            // Nobody listens any more once the limit has passed.
            let _ = told.send(examined.map(|verdict| match verdict {
                Verdict::Agree(_) => None,
                Verdict::Violation(violation) => {
                    let same = violation.signature() == case.signature;
                    Some((*violation, same))
                }
            }));
        });
        let Ok(examined) = outcome.recv_timeout(HANG_LIMIT) else {
            say!(output, "VIOLATION an executor hangs on tokio: replay {} did not end in {HANG_LIMIT:?}", done + 1);
            let (limit, more) = (Value::debug(HANG_LIMIT), Value::debug("more, and it still runs"));
            let difference = Difference::of_values("time of the replay", limit, more);
            let violation = Violation::new(Oracle::Livelock, "one of those on tokio", difference);
            replayed.violation = Some(Shown::new(&violation));
            return Ok(Conclusion::Violation);
        };
        if let Some((violation, same)) = examined.map_err(CliError::Start)? {
            replayed.same = same.into();
            replayed.other = (!same).into();
            replayed.violation = Some(Shown::new(&violation));
            let same = if same { "the same" } else { "another" };
            say!(output, "VIOLATION {violation}\n{same} violation in replay {} on tokio", done + 1);
            return Ok(Conclusion::Violation);
        }
    }
    say!(output, "AGREE: no violation in {times} replays on tokio, where nothing chose their interleavings");
    Ok(Conclusion::Agree)
}
