//! `seriatim explore SCENARIO`: one scenario under many schedules, or one recorded schedule again.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use crate::campaign::{Examiner, portfolio};
use crate::compare::{Verdict, Violation, judge_ending};
use crate::explore::{
    Exhaustion, InterleaveConfig, Interleaved, Interleaver, InterleavingEvidence, OtherStep, Schedule, Strategy,
};
use crate::report::write_whole;
use crate::runtime::model::{ModelSettings, Step};
use crate::workload::{Expectation, Scenario};

use super::{CliError, EngineChoice, ExploreArgs, SchedulerChoice, run::read};

pub(super) fn run(args: &ExploreArgs) -> Result<ExitCode, CliError> {
    let (scenario, expectation) = read(&args.scenario)?;
    match (&args.replay, args.engine) {
        (Some(path), _) => replay(path, &scenario, &expectation),
        (None, EngineChoice::Native) => native(args, &scenario, &expectation),
        (None, EngineChoice::Shuttle) => shuttle(args, &scenario, &expectation),
    }
}

fn replay(path: &Path, scenario: &Scenario, expectation: &Expectation) -> Result<ExitCode, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let schedule = Schedule::from_json(&text).map_err(|source| CliError::Schedule { path: path.to_owned(), source })?;
    let interleaver = Interleaver::new(scenario);
    let (interleaved, diverged_at) = interleaver.replay(&schedule);
    let steps = schedule.choices.0.len();
    match diverged_at {
        None => println!("followed all {steps} steps of the schedule"),
        Some(step) => println!("DIVERGED at step {step} of {steps}: the recorded task cannot run there any more"),
    }
    if !schedule.steps.is_empty()
        && let Some(OtherStep { position, expected, actual }) = interleaver.first_other_step(&schedule)
    {
        let show = |step: Option<Step>| step.map_or_else(|| "nothing".to_owned(), |step| step.to_string());
        println!("operation {position} is another: expected {}, got {}", show(expected), show(actual));
    }
    let verdict = judge_ending(scenario, expectation, &interleaved.ending);
    Ok(match verdict {
        Verdict::Violation(violation) => violated(&violation),
        Verdict::Agree(_) if diverged_at.is_some() => {
            println!("INCONCLUSIVE: another interleaving than the recorded one, and it agrees");
            ExitCode::from(3)
        }
        Verdict::Agree(_) => {
            println!("AGREE");
            ExitCode::SUCCESS
        }
    })
}

fn native(args: &ExploreArgs, scenario: &Scenario, expectation: &Expectation) -> Result<ExitCode, CliError> {
    let examiner = Examiner::new().map_err(CliError::Start)?;
    for execution in 0..u64::from(args.executions) {
        let verdict = examiner.examine(scenario, expectation, args.seed.wrapping_add(execution), true);
        if let Verdict::Violation(violation) = verdict {
            println!("execution {}", execution + 1);
            return Ok(violated(&violation));
        }
    }
    println!("AGREE: {} executions on tokio, of five runs each; nothing chose their interleavings", args.executions);
    Ok(ExitCode::SUCCESS)
}

fn shuttle(args: &ExploreArgs, scenario: &Scenario, expectation: &Expectation) -> Result<ExitCode, CliError> {
    let interleaver = Interleaver::new(scenario);
    let mut evidence = InterleavingEvidence::default();
    let mut exhaustion = None;
    for config in configs(args) {
        let mut found: Option<(Violation, Schedule)> = None;
        let judge = |interleaved: Interleaved| match judge_ending(scenario, expectation, &interleaved.ending) {
            Verdict::Agree(_) => ControlFlow::Continue(()),
            Verdict::Violation(violation) => {
                found = Some((*violation, interleaved.schedule));
                ControlFlow::Break(())
            }
        };
        let explored = if args.scheduler == SchedulerChoice::Dpor {
            let (explored, reached) = interleaver.explore_all(&config, judge);
            exhaustion = Some(reached);
            explored
        } else {
            interleaver.explore(&config, judge)
        };
        evidence.merge(&explored);
        if let Some((violation, schedule)) = found {
            let schedule = interleaver.with_steps(&schedule);
            println!("interleaving {}, by {}", evidence.interleavings, schedule.strategy);
            println!("schedule {}", schedule.choices);
            if let Some(path) = &args.save {
                write_whole(path, &schedule.to_json())
                    .map_err(|source| CliError::Write { path: path.clone(), source })?;
            }
            return Ok(violated(&violation));
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

/// The explorations that are asked for, of so many executions in all.
fn configs(args: &ExploreArgs) -> Vec<InterleaveConfig> {
    let executions = args.executions as usize;
    let settings =
        ModelSettings { workers: args.workers.map(usize::from), shards: args.shards, placement_seed: args.seed };
    let config = |strategy, executions| {
        let max_parallelism = args.parallelism.get();
        InterleaveConfig { strategy, seed: args.seed, executions, max_parallelism, settings }
    };
    match args.scheduler {
        SchedulerChoice::Urw => vec![config(Strategy::UniformWalk, executions)],
        // Of DPOR the strategy is not asked: the search chooses.
        SchedulerChoice::Random | SchedulerChoice::Dpor => vec![config(Strategy::Random, executions)],
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
