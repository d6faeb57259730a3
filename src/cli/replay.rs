//! `seriatim replay ARTIFACT`: does the violation still show?

use std::process::ExitCode;

use serde::Serialize;

use seriatim_campaign::{Conclusion, FaultSearch, Hang, Means, Rerun, RerunError, Watchdog, replay_artifact};
use seriatim_explore::Schedule;
use seriatim_explore::model::Step;
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::drive::FaultPoint;
use seriatim_subject::{SubjectSource, replay_external};
use seriatim_triage::replay::{Divergence, Near};
use seriatim_triage::report::{Artifact, Report};
use seriatim_triage::retrace::retrace;

use super::CliError;
use super::args::ReplayArgs;
use super::input::{built_in, read_artifact};
use super::output::{Findings, Output, Shown, judge, say};
use super::progress::Progress;

/// The version of the JSON form.
const VERSION: u32 = 2;

#[derive(Serialize)]
struct Replayed {
    artifact: String,
    subject: String,
    /// The signature of the recorded violation.
    signature: Signature,
    times: u64,
    same: u64,
    other: u64,
    violation: Option<Shown>,
    divergence: Option<Divergence>,
    near: Option<Searched>,
    /// Where the fault of a violation strikes now. None: it shows no more.
    fault: Option<FaultPoint>,
}

/// The search near a schedule.
#[derive(Serialize)]
struct Searched {
    executions: u64,
    schedule: Option<Schedule>,
}

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let process = args.process.source()?;
    run_on(args, process.as_ref().map(|process| process as &dyn SubjectSource))
}

/// Runs the subject that `source` brings; without one, that of the artifact.
pub(super) fn run_on(args: &ReplayArgs, source: Option<&dyn SubjectSource>) -> Result<ExitCode, CliError> {
    let path = &args.artifact;
    let files = [("ARTIFACT", Some(path))];
    let output = Output::new("replay", args.json.json.as_ref(), args.junit.junit.as_ref(), &files)?;
    let artifact = read_artifact(path)?;
    if source.is_none() {
        built_in(path, &artifact)?;
    }
    let file = path.display().to_string();
    say!(output, "{file}: {} on {}", artifact.signature, artifact.subject);
    let rerun = rerun(args, &artifact, source)?;
    print(&output, &artifact, &rerun);
    if args.steps {
        let retraced = retrace(&artifact, &|scenario| source?.explorer(scenario));
        output.print(Report::new(&artifact, file.clone(), &retraced).steps());
    }
    let replayed = Replayed::new(file, &artifact, &rerun);
    let conclusion = rerun.conclusion();
    let reason = (conclusion == Conclusion::Inconclusive)
        .then(|| "the schedule diverged, and nothing near it shows the violation".to_owned());
    let findings = Findings::judged(VERSION, conclusion, &replayed).because(reason);
    output.end(&findings.case(replayed.artifact.clone(), replayed.violation.as_ref()))
}

fn rerun(args: &ReplayArgs, artifact: &Artifact, source: Option<&dyn SubjectSource>) -> Result<Rerun, CliError> {
    let path = || args.artifact.clone();
    let progress = Progress::of(args.times.into(), "replays");
    let mut told = |done| progress.at(done);
    let Some(source) = source else {
        let rerun = replay_artifact(artifact, args.times.into(), Watchdog::default(), &mut told);
        return rerun.map_err(|error| match error {
            RerunError::Subject(source) => CliError::Subject { path: path(), source },
            RerunError::Start(source) => CliError::Start(source),
        });
    };
    replay_external(artifact, source, args.times, &mut told)
        .map_err(|source| CliError::ExternalSubject { path: path(), source })
}

impl Replayed {
    fn new(file: String, artifact: &Artifact, rerun: &Rerun) -> Self {
        let (divergence, near) = match &rerun.means {
            Means::Schedule { divergence, near } => (divergence.as_deref().cloned(), near.as_deref()),
            Means::Fault { .. } | Means::Tokio { .. } | Means::Questions { .. } => (None, None),
        };
        let fault = match &rerun.means {
            Means::Fault { point, .. } => *point,
            Means::Schedule { .. } | Means::Tokio { .. } | Means::Questions { .. } => None,
        };
        let near = near.map(|Near { executions, found }| Searched {
            executions: *executions,
            schedule: found.as_ref().map(|(schedule, _)| schedule.clone()),
        });
        Self {
            artifact: file,
            subject: artifact.subject.clone(),
            signature: artifact.signature.clone(),
            times: rerun.times,
            same: rerun.same,
            other: rerun.other,
            violation: rerun.shown().map(Shown::new),
            divergence,
            near,
            fault,
        }
    }
}

fn print(output: &Output, artifact: &Artifact, rerun: &Rerun) {
    match &rerun.means {
        Means::Schedule { divergence, near } => {
            print_schedule(output, artifact, rerun, divergence.as_deref());
            match near {
                Some(near) => print_near(output, near, rerun.violation.is_some()),
                None if rerun.violation.is_some() => {}
                None => judge!(output, Agree, "the same steps, and no violation any more"),
            }
        }
        Means::Fault { is_reached, search, .. } => print_fault(output, rerun, *is_reached, search.as_ref()),
        Means::Tokio { done, hang } => print_tokio(output, rerun, *done, *hang),
        Means::Questions { subject, by_workers, recorded } => {
            print_rate(output, artifact, rerun, subject);
            if let Some((shown, times)) = recorded {
                say!(output, "  with the workers and the seed that are recorded: {shown} of {times}");
            }
            for (workers, count) in by_workers.iter().filter(|_| rerun.same > 0) {
                let plural = if *workers == 1 { "" } else { "s" };
                say!(output, "  {count} times {workers} worker{plural} showed it first");
            }
        }
    }
}

fn print_schedule(output: &Output, artifact: &Artifact, rerun: &Rerun, divergence: Option<&Divergence>) {
    match (divergence, &artifact.schedule) {
        (Some(divergence), _) => print_divergence(output, divergence),
        (None, Some(schedule)) => say!(output, "followed all {} choices of the schedule", schedule.choices.0.len()),
        (None, None) => say!(output, "no schedule is needed: every task ran until it could not go on"),
    }
    print_violation(output, rerun.violation.as_ref());
    let others = others(rerun, "; another violation in");
    say!(output, "the same violation in {} of {} replays{others}", rerun.same, rerun.times);
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

/// `showed`: the reruns showed another violation, so the verdict is there.
fn print_near(output: &Output, near: &Near, showed: bool) {
    match &near.found {
        Some((schedule, violation)) => {
            judge!(output, Violation, "{violation}");
            say!(output, "still there: found in execution {} of a search near the schedule", near.executions);
            say!(output, "  schedule {}", schedule.choices);
        }
        None if showed => say!(output, "this one was not seen in {} executions near the schedule", near.executions),
        None => judge!(
            output,
            Inconclusive,
            "not seen in {} executions near the schedule; the code that showed it has changed",
            near.executions
        ),
    }
}

fn print_fault(output: &Output, rerun: &Rerun, is_reached: bool, search: Option<&FaultSearch>) {
    let Some(FaultSearch { runs, found }) = search else {
        print_violation(output, rerun.violation.as_ref());
        let others = others(rerun, "; another in");
        say!(output, "the same violation in {} of {} replays{others}", rerun.same, rerun.times);
        return;
    };
    if !is_reached {
        say!(output, "DIVERGED: no such fault can strike there any more");
    }
    match found {
        Some(found) => {
            print_violation(output, Some(&found.violation));
            say!(output, "still there: found in run {runs} of a search for the same kind of fault");
        }
        None => judge!(
            output,
            Agree,
            "no violation there, and none at any other point in {runs} runs with the same kind of fault"
        ),
    }
}

fn print_tokio(output: &Output, rerun: &Rerun, done: u64, hang: Option<Hang>) {
    match (hang, &rerun.violation) {
        (Some(Hang { limit }), _) => {
            judge!(output, Violation, "an executor hangs on tokio: replay {done} did not end in {limit:?}");
        }
        (None, Some(violation)) => {
            let same = if rerun.same > 0 { "the same" } else { "another" };
            judge!(output, Violation, "{violation}");
            say!(output, "{same} violation in replay {done} on tokio");
        }
        (None, None) => {
            judge!(output, Agree, "no violation in {done} replays on tokio, where nothing chose their interleavings");
        }
    }
}

fn print_rate(output: &Output, artifact: &Artifact, rerun: &Rerun, subject: &str) {
    if !artifact.subject.ends_with(&format!(": {subject}")) {
        say!(output, "the artifact is of {:?}, what is asked now is {subject:?}", artifact.subject);
    }
    print_violation(output, rerun.violation.as_ref());
    say!(output, "fails {} of {}{}", rerun.same, rerun.times, others(rerun, "; another violation in"));
}

fn print_violation(output: &Output, violation: Option<&Violation>) {
    if let Some(violation) = violation {
        judge!(output, Violation, "{violation}");
    }
}

fn others(rerun: &Rerun, words: &str) -> String {
    if rerun.other > 0 { format!("{words} {}", rerun.other) } else { String::new() }
}
