//! `seriatim explore SCENARIO`: one scenario under many schedules.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

use seriatim_campaign::{Conclusion, Repeated, Schedules, Search, repeat, search};
use seriatim_explore::model::ModelSettings;
use seriatim_explore::{
    DPOR_TASKS, Exhaustion, InterleaveConfig, InterleavingEvidence, LoomBounds, LoomConfig, LoomSearch, Schedule,
    Strategy, TooManyTasks, until_violation,
};
use seriatim_lab::compare::{Evidence, Violation};
use seriatim_lab::workload::{Expectation, Scenario};
use seriatim_lab::{BuiltinSubject, Examiner, portfolio};
use seriatim_triage::report::{Artifact, Origin, write_whole};

use super::CliError;
use super::args::{EngineChoice, ExploreArgs, PREEMPTIONS, SchedulerChoice};
use super::input::read;
use super::output::{Findings, Output, Shown, judge, say};
use super::progress::Progress;

/// The version of the JSON form.
const VERSION: u32 = 2;

/// Executions on tokio and under shuttle, unless told.
const EXECUTIONS: u32 = 1_000;
/// Switches of the schedules with the fewest: more could not be run in a lifetime.
const MOST_SWITCHES: usize = 8;

/// What was explored, within which bounds, and what it came to.
#[derive(Serialize)]
struct Explored {
    scenario: String,
    engine: String,
    scheduler: Option<String>,
    subject: String,
    seed: u64,
    bounds: Bounds,
    executions: u64,
    complete: Option<bool>,
    redundant: Option<u64>,
    /// What ran on tokio.
    evidence: Option<Evidence>,
    /// What ran under shuttle.
    interleavings: Option<InterleavingEvidence>,
    violation: Option<Shown>,
    schedule: Option<Schedule>,
    saved: Option<String>,
}

/// Whatever the engine does not have is none.
#[derive(Serialize)]
struct Bounds {
    executions: u64,
    preemptions: Option<u8>,
    switches: Option<usize>,
    parallelism: Option<usize>,
    workers: Option<usize>,
    shards: Option<u64>,
}

/// How an exploration ended, and why where it is inconclusive.
type Ended = (Conclusion, Option<String>);

pub(super) fn run(args: &ExploreArgs) -> Result<ExitCode, CliError> {
    check_options(args)?;
    let output = Output::new(
        "explore",
        args.json.json.as_ref(),
        args.junit.junit.as_ref(),
        &[("SCENARIO", Some(&args.scenario)), ("--save", args.save.as_ref())],
    )?;
    let (scenario, expectation) = read(&args.scenario)?;
    let found = scenario.tx_count();
    if args.scheduler == Some(SchedulerChoice::Dpor) && found > DPOR_TASKS {
        let source = TooManyTasks { engine: "dpor", found, most: DPOR_TASKS };
        return Err(CliError::TooManyTasks { path: args.scenario.clone(), source });
    }
    let mut explored = Explored::new(args);
    let (conclusion, reason) = match args.engine {
        EngineChoice::Native => native(args, &scenario, &expectation, &output, &mut explored),
        EngineChoice::Shuttle => shuttle(args, &scenario, &output, &mut explored),
        EngineChoice::Loom => loom(args, &scenario, &output, &mut explored),
    }?;
    let name = match &explored.scheduler {
        Some(scheduler) => format!("{} under {}, {scheduler}", explored.scenario, explored.engine),
        None => format!("{} under {}", explored.scenario, explored.engine),
    };
    let findings = Findings::judged(VERSION, conclusion, &explored).because(reason);
    output.end(&findings.case(name, explored.violation.as_ref()))
}

impl Explored {
    fn new(args: &ExploreArgs) -> Self {
        let loom = args.engine == EngineChoice::Loom;
        let scheduler =
            (args.engine == EngineChoice::Shuttle).then(|| args.scheduler.unwrap_or(SchedulerChoice::Portfolio));
        let (parallelism, settings) = model(args);
        let modelled = args.engine != EngineChoice::Native;
        let bounds = Bounds {
            executions: if loom {
                loom_bounds(args).executions as u64
            } else {
                args.executions.unwrap_or(EXECUTIONS).into()
            },
            preemptions: loom.then(|| preemptions(args)),
            switches: (scheduler == Some(SchedulerChoice::Fewest)).then_some(MOST_SWITCHES),
            parallelism: modelled.then_some(parallelism),
            workers: settings.workers,
            shards: modelled.then_some(settings.shards),
        };
        Self {
            scenario: args.scenario.display().to_string(),
            engine: name(args.engine),
            scheduler: scheduler.map(name),
            subject: args.subject.to_string(),
            seed: args.seed,
            bounds,
            executions: 0,
            complete: None,
            redundant: None,
            evidence: None,
            interleavings: None,
            violation: None,
            schedule: None,
            saved: None,
        }
    }
}

/// The name on the command line.
fn name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// An option that the engine would not look at is refused.
fn check_options(args: &ExploreArgs) -> Result<(), CliError> {
    use EngineChoice::*;
    // Faults that need a schedule are let loose under shuttle only.
    let is_canary = matches!(args.subject, BuiltinSubject::Canary(_));
    if matches!(args.subject, BuiltinSubject::FaultCanary(_)) {
        return Err(CliError::OnlyUnderFaults(args.subject));
    }
    let given: [(&'static str, bool, &[EngineChoice]); 7] = [
        ("--subject", is_canary, &[Shuttle]),
        ("--scheduler", args.scheduler.is_some(), &[Shuttle]),
        ("--save", args.save.is_some(), &[Shuttle]),
        ("--preemptions", args.preemptions.is_some(), &[Loom]),
        ("--parallelism", args.parallelism.is_some(), &[Shuttle, Loom]),
        ("--workers", args.workers.is_some(), &[Shuttle, Loom]),
        ("--shards", args.shards.is_some(), &[Shuttle, Loom]),
    ];
    match given.into_iter().find(|(_, given, engines)| *given && !engines.contains(&args.engine)) {
        Some((option, ..)) => Err(CliError::Unfit { option, engine: name(args.engine) }),
        None => Ok(()),
    }
}

fn native(
    args: &ExploreArgs,
    scenario: &Scenario,
    expectation: &Expectation,
    output: &Output,
    explored: &mut Explored,
) -> Result<Ended, CliError> {
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let times = args.executions.unwrap_or(EXECUTIONS).into();
    let progress = Progress::of(times, "executions");
    let Repeated { executions, evidence, found } =
        repeat(&examiner, args.subject, (scenario, expectation), args.seed, times, &mut |done| progress.at(done));
    drop(progress);
    explored.executions = executions;
    explored.evidence = Some(evidence);
    if let Some(violation) = found {
        say!(output, "execution {executions}");
        return Ok(violated(output, &violation, explored));
    }
    judge!(output, Agree, "{executions} executions on tokio, of five runs each; nothing chose their interleavings");
    Ok((Conclusion::Agree, None))
}

fn shuttle(
    args: &ExploreArgs,
    scenario: &Scenario,
    output: &Output,
    explored: &mut Explored,
) -> Result<Ended, CliError> {
    let progress = Progress::of(args.executions.unwrap_or(EXECUTIONS).into(), "executions");
    let mut told = |done| progress.at(done);
    let Search { evidence, exhaustion, found } = search(&args.subject.explorer(scenario), &schedules(args), &mut told);
    drop(progress);
    explored.executions = exhaustion.map_or(evidence.interleavings, |reached| reached.executions);
    explored.complete = exhaustion.map(|reached| reached.complete);
    explored.redundant = exhaustion.map(|reached| reached.redundant);
    explored.interleavings = Some(evidence);
    let Some((violation, schedule)) = found else { return Ok(unviolated(output, evidence, exhaustion)) };
    say!(output, "interleaving {}, by {}", evidence.interleavings, schedule.strategy);
    say!(output, "schedule {}", schedule.choices);
    let ended = violated(output, &violation, explored);
    explored.schedule = Some(schedule.clone());
    if let Some(path) = &args.save {
        let by = format!("explore, by {}", schedule.strategy);
        let origin = Origin { found_by: by, seed: args.seed, index: evidence.interleavings - 1, plan: None };
        let subject = args.subject.to_string();
        let artifact = Artifact::new(subject, origin, violation, scenario.clone(), Some(schedule));
        write_whole(path, &artifact.to_json()).map_err(|source| CliError::Write { path: path.clone(), source })?;
        explored.saved = Some(path.display().to_string());
    }
    Ok(ended)
}

/// What an exploration without a violation is worth.
fn unviolated(output: &Output, evidence: InterleavingEvidence, exhaustion: Option<Exhaustion>) -> Ended {
    let InterleavingEvidence { interleavings, distinct, steps, context_switches, preemptions, meetings } = evidence;
    let figures = format!(
        "{interleavings} interleavings ({distinct} distinct), {steps} steps, {context_switches} context switches, \
         {preemptions} preemptions, {meetings} conflicting accesses side by side"
    );
    if let Some(Exhaustion { complete, executions, redundant }) = exhaustion {
        if !complete {
            let cut = format!("cut at {executions} executions, {redundant} of them redundant");
            judge!(output, Inconclusive, "{cut}; {figures}");
            return (Conclusion::Inconclusive, Some(cut));
        }
        judge!(
            output,
            Agree,
            "every interleaving that can matter; {executions} executions, {redundant} redundant; {figures}"
        );
        return (Conclusion::Agree, None);
    }
    if preemptions == 0 || meetings == 0 {
        judge!(output, Inconclusive, "no two tasks touched one object side by side; {figures}");
        return (Conclusion::Inconclusive, Some("no two tasks touched one object side by side".to_owned()));
    }
    judge!(output, Agree, "{figures}");
    (Conclusion::Agree, None)
}

fn preemptions(args: &ExploreArgs) -> u8 {
    args.preemptions.unwrap_or(PREEMPTIONS)
}

fn loom_bounds(args: &ExploreArgs) -> LoomBounds {
    let bounds = LoomBounds::preemptions(preemptions(args).into());
    LoomBounds { executions: args.executions.map_or(bounds.executions, |limit| limit as usize), ..bounds }
}

fn loom(args: &ExploreArgs, scenario: &Scenario, output: &Output, explored: &mut Explored) -> Result<Ended, CliError> {
    let preemptions = preemptions(args);
    let (max_parallelism, settings) = model(args);
    let config = LoomConfig { bounds: loom_bounds(args), max_parallelism, settings };
    let search = args.subject.explorer(scenario).explore_loom(&config, until_violation);
    let LoomSearch { executions, complete, found } =
        search.map_err(|source| CliError::TooManyTasks { path: args.scenario.clone(), source })?;
    explored.executions = executions as u64;
    explored.complete = Some(complete);
    if let Some(violation) = found {
        say!(output, "execution {executions} under loom, preemption bound {preemptions}");
        return Ok(violated(output, &violation, explored));
    }
    if !complete {
        let cut = format!("cut at {executions} executions under loom, preemption bound {preemptions}");
        judge!(output, Inconclusive, "{cut}");
        return Ok((Conclusion::Inconclusive, Some(cut)));
    }
    judge!(
        output,
        Agree,
        "all {executions} executions under loom that the preemption bound {preemptions} leaves: every one with fewer \
         preemptions, memory orderings included"
    );
    Ok((Conclusion::Agree, None))
}

/// Most tasks at a time, and the model they run on.
fn model(args: &ExploreArgs) -> (usize, ModelSettings) {
    let settings = ModelSettings {
        workers: args.workers.map(usize::from),
        shards: args.shards.unwrap_or(4),
        placement_seed: args.seed,
    };
    (args.parallelism.map_or(4, NonZeroUsize::get), settings)
}

/// The schedules that are asked for: so many executions in all.
fn schedules(args: &ExploreArgs) -> Schedules {
    let executions = args.executions.unwrap_or(EXECUTIONS) as usize;
    let (max_parallelism, settings) = model(args);
    let config =
        |strategy, executions| InterleaveConfig { strategy, seed: args.seed, executions, max_parallelism, settings };
    match args.scheduler.unwrap_or(SchedulerChoice::Portfolio) {
        SchedulerChoice::Urw => Schedules::Chosen(vec![config(Strategy::UniformWalk, executions)]),
        SchedulerChoice::Random => Schedules::Chosen(vec![config(Strategy::Random, executions)]),
        SchedulerChoice::Pct => Schedules::Chosen(vec![config(Strategy::Pct { depth: 3 }, executions)]),
        // These two choose by themselves, whatever the strategy.
        SchedulerChoice::Dpor => Schedules::Every(config(Strategy::Random, executions)),
        SchedulerChoice::Fewest => Schedules::Fewest(config(Strategy::Random, executions), MOST_SWITCHES),
        SchedulerChoice::Portfolio => {
            // Half for the first, the rest for the others, none of them without any.
            let shares = [executions.div_ceil(2), executions.div_ceil(4), executions / 4];
            let members = portfolio(args.seed).zip(shares);
            Schedules::Chosen(members.map(|(member, share)| config(member.strategy, share)).collect())
        }
    }
}

fn violated(output: &Output, violation: &Violation, explored: &mut Explored) -> Ended {
    judge!(output, Violation, "{violation}");
    explored.violation = Some(Shown::new(violation));
    (Conclusion::Violation, None)
}
