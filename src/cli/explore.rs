//! `seriatim explore SCENARIO`: one scenario under many schedules.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::process::ExitCode;

use crate::campaign::{Examiner, ExploredSubject, portfolio};
use crate::compare::{Verdict, Violation, judge_ending, judge_ending_of};
use crate::explore::{
    Exhaustion, InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, LoomBounds, LoomConfig, LoomSearch,
    Schedule, Strategy,
};
use crate::report::{Artifact, Origin, write_whole};
use crate::runtime::model::ModelSettings;
use crate::workload::{Expectation, Scenario};

use super::CliError;
use super::args::{EngineChoice, ExploreArgs, PREEMPTIONS, SchedulerChoice};
use super::run::read;

/// On tokio and under shuttle, unless told.
const EXECUTIONS: u32 = 1_000;
/// Of the schedules with the fewest switches: more could not be run in a lifetime.
const MOST_SWITCHES: usize = 8;

pub(super) fn run(args: &ExploreArgs) -> Result<ExitCode, CliError> {
    check_options(args)?;
    let (scenario, expectation) = read(&args.scenario)?;
    match args.engine {
        EngineChoice::Native => native(args, &scenario, &expectation),
        EngineChoice::Shuttle => shuttle(args, &scenario, &expectation),
        EngineChoice::Loom => loom(args, scenario, expectation),
    }
}

/// An option that the engine would not look at is refused.
fn check_options(args: &ExploreArgs) -> Result<(), CliError> {
    use EngineChoice::*;
    let given: [(&'static str, bool, &[EngineChoice]); 7] = [
        ("--subject", args.subject != ExploredSubject::Parallel, &[Shuttle]),
        ("--scheduler", args.scheduler.is_some(), &[Shuttle]),
        ("--save", args.save.is_some(), &[Shuttle]),
        ("--preemptions", args.preemptions.is_some(), &[Loom]),
        ("--parallelism", args.parallelism.is_some(), &[Shuttle, Loom]),
        ("--workers", args.workers.is_some(), &[Shuttle, Loom]),
        ("--shards", args.shards.is_some(), &[Shuttle, Loom]),
    ];
    let engine = match args.engine {
        Native => "native",
        Shuttle => "shuttle",
        Loom => "loom",
    };
    match given.into_iter().find(|(_, given, engines)| *given && !engines.contains(&args.engine)) {
        Some((option, ..)) => Err(CliError::Unfit { option, engine }),
        None => Ok(()),
    }
}

fn native(args: &ExploreArgs, scenario: &Scenario, expectation: &Expectation) -> Result<ExitCode, CliError> {
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let executions = args.executions.unwrap_or(EXECUTIONS);
    for execution in 0..u64::from(executions) {
        let verdict = examiner.examine(scenario, expectation, args.seed.wrapping_add(execution), true);
        if let Verdict::Violation(violation) = verdict {
            println!("execution {}", execution + 1);
            return Ok(violated(&violation));
        }
    }
    println!("AGREE: {executions} executions on tokio, of five runs each; nothing chose their interleavings");
    Ok(ExitCode::SUCCESS)
}

fn shuttle(args: &ExploreArgs, scenario: &Scenario, expectation: &Expectation) -> Result<ExitCode, CliError> {
    let explorer = args.subject.explorer(scenario);
    let mut evidence = InterleavingEvidence::default();
    let mut exhaustion = None;
    for config in configs(args) {
        let mut found: Option<(Violation, Schedule)> = None;
        let mut judge = |interleaved: Interleaved| match judge_ending(scenario, expectation, &interleaved.ending) {
            Verdict::Agree(_) => ControlFlow::Continue(()),
            Verdict::Violation(violation) => {
                found = Some((*violation, interleaved.schedule));
                ControlFlow::Break(())
            }
        };
        let explored = match args.scheduler {
            Some(SchedulerChoice::Dpor) => {
                let (explored, reached) = explorer.explore_all(&config, &mut judge);
                exhaustion = Some(reached);
                explored
            }
            Some(SchedulerChoice::Fewest) => explorer.explore_fewest(&config, MOST_SWITCHES, &mut judge),
            _ => explorer.explore(&config, &mut judge),
        };
        evidence.merge(&explored);
        if let Some((violation, schedule)) = found {
            let schedule = explorer.with_steps(&schedule);
            println!("interleaving {}, by {}", evidence.interleavings, schedule.strategy);
            println!("schedule {}", schedule.choices);
            violated(&violation);
            let by = format!("explore, by {}", schedule.strategy);
            let origin = Origin { found_by: by, seed: args.seed, index: evidence.interleavings - 1, plan: None };
            let artifact = Artifact::new(args.subject.to_string(), origin, violation, scenario.clone(), Some(schedule));
            if let Some(path) = &args.save {
                write_whole(path, &artifact.to_json())
                    .map_err(|source| CliError::Write { path: path.clone(), source })?;
            }
            return Ok(ExitCode::from(1));
        }
    }
    let InterleavingEvidence { interleavings, distinct, steps, context_switches, preemptions, meetings } = evidence;
    let figures = format!(
        "{interleavings} interleavings ({distinct} distinct), {steps} steps, {context_switches} context switches, \
         {preemptions} preemptions, {meetings} conflicting accesses side by side"
    );
    if let Some(Exhaustion { complete, executions, redundant }) = exhaustion {
        if !complete {
            println!("INCONCLUSIVE: cut at {executions} executions, {redundant} of them redundant; {figures}");
            return Ok(ExitCode::from(3));
        }
        println!(
            "AGREE: every interleaving that can matter; {executions} executions, {redundant} redundant; {figures}"
        );
        return Ok(ExitCode::SUCCESS);
    }
    if preemptions == 0 || meetings == 0 {
        println!("INCONCLUSIVE: nothing interleaved; {figures}");
        return Ok(ExitCode::from(3));
    }
    println!("AGREE: {figures}");
    Ok(ExitCode::SUCCESS)
}

fn loom(args: &ExploreArgs, scenario: Scenario, expectation: Expectation) -> Result<ExitCode, CliError> {
    let preemptions = args.preemptions.unwrap_or(PREEMPTIONS);
    let bounds = LoomBounds::preemptions(preemptions.into());
    let bounds = LoomBounds { executions: args.executions.map_or(bounds.executions, |limit| limit as usize), ..bounds };
    let (max_parallelism, settings) = model(args);
    let config = LoomConfig { bounds, max_parallelism, settings };
    let interleaver = Interleaver::new(&scenario);
    let search = interleaver.explore_loom(&config, move |ending| {
        match judge_ending_of("parallel under loom", &scenario, &expectation, &ending) {
            Verdict::Agree(_) => ControlFlow::Continue(()),
            Verdict::Violation(violation) => ControlFlow::Break(violation),
        }
    });
    let LoomSearch { executions, complete, found } =
        search.map_err(|source| CliError::TooManyTasks { path: args.scenario.clone(), source })?;
    if let Some(violation) = found {
        println!("execution {executions} under loom, preemption bound {preemptions}");
        return Ok(violated(&violation));
    }
    if !complete {
        println!("INCONCLUSIVE: cut at {executions} executions under loom, preemption bound {preemptions}");
        return Ok(ExitCode::from(3));
    }
    println!(
        "AGREE: all {executions} executions under loom that the preemption bound {preemptions} leaves: every one with fewer \
         preemptions, memory orderings included"
    );
    Ok(ExitCode::SUCCESS)
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

/// The explorations that are asked for, of so many executions in all.
fn configs(args: &ExploreArgs) -> Vec<InterleaveConfig> {
    let executions = args.executions.unwrap_or(EXECUTIONS) as usize;
    let (max_parallelism, settings) = model(args);
    let config =
        |strategy, executions| InterleaveConfig { strategy, seed: args.seed, executions, max_parallelism, settings };
    match args.scheduler.unwrap_or(SchedulerChoice::Portfolio) {
        SchedulerChoice::Urw => vec![config(Strategy::UniformWalk, executions)],
        // DPOR and the fewest switches choose by themselves.
        SchedulerChoice::Random | SchedulerChoice::Dpor | SchedulerChoice::Fewest => {
            vec![config(Strategy::Random, executions)]
        }
        SchedulerChoice::Pct => vec![config(Strategy::Pct { depth: 3 }, executions)],
        SchedulerChoice::Portfolio => {
            let strategies: Vec<Strategy> = portfolio(args.seed).map(|member| member.strategy).collect();
            // Half for the first, the rest for the others, none of them without any.
            let shares = [executions.div_ceil(2), executions.div_ceil(4), executions / 4];
            strategies.into_iter().zip(shares).map(|(strategy, share)| config(strategy, share)).collect()
        }
    }
}

fn violated(violation: &Violation) -> ExitCode {
    println!("VIOLATION {violation}");
    ExitCode::from(1)
}
