//! `seriatim campaign`: a progress bar while it runs, the report at its end, also after Ctrl-C.

use std::borrow::Cow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use seriatim_campaign::{
    CampaignConfig, CampaignReport, Conclusion, Control, Counterexample, Hang, Lanes, Watchdog,
    interleave_canary_plans, run as run_campaign,
};
use seriatim_lab::compare::Oracle;
use seriatim_lab::workload::{Shape, real_shapes};
use seriatim_lab::{BuiltinSubject, Canary, Examiner, check_canaries, check_fault_canaries};

use super::CliError;
use super::args::CampaignArgs;
use super::external;
use super::interrupt::stopped_by_interrupt;
use super::junit::{TestCase, oracle_cases};
use super::minimise::shrink;
use super::output::{Findings, Output, store};
use super::progress::watched;

/// The version of the JSON form; the head came with the third.
const VERSION: u32 = 3;

pub(super) fn run(args: &CampaignArgs) -> Result<ExitCode, CliError> {
    if let Some(process) = args.process.source()? {
        if let Some(option) = args.builtin_option() {
            return Err(CliError::NotExternal(option));
        }
        return external::campaign(&args.common, &process);
    }
    let lanes = lanes(args)?;
    let shapes = shapes(args)?;
    let config = CampaignConfig {
        seed: args.common.seed,
        budget: args.common.budget(),
        lanes,
        subject: args.subject,
        keep_going: args.common.keep_going,
        waivers: args.common.waivers()?,
        jobs: args.common.jobs(),
    };
    let output = Output::new("campaign", args.common.json.json.as_ref(), args.common.junit.junit.as_ref(), &[])?;
    let missed_canaries = match canaries(lanes) {
        Err(CliError::CanariesHang(_)) if let Some(mut found) = interleave_canary_plans(&config) => {
            if !args.common.no_minimise {
                shrink(&mut found, None, &Arc::new(Control::default()));
            }
            let report = CampaignReport::of_hang(&config, found, 0, output.elapsed());
            return end_early(report, args, &output);
        }
        checked => checked?,
    };

    let control = stopped_by_interrupt();
    let mut report = judge(&config, &shapes, &control, args, &output)?;
    report.add_missed_canaries(&missed_canaries);
    for counterexample in &mut report.counterexamples {
        if !args.common.no_minimise {
            shrink(counterexample, None, &control);
        }
        store(counterexample, &args.common.artifacts);
    }
    if args.verbose {
        output.print(report.distributions());
    }
    output.print(&report);
    end(&report, args, &output)
}

fn end(report: &CampaignReport, args: &CampaignArgs, output: &Output) -> Result<ExitCode, CliError> {
    let reason = (report.conclusion == Conclusion::Inconclusive).then(|| report.missed_floors.join("; "));
    let findings = Findings::judged(VERSION, report.conclusion, report).because(reason);
    output.end(&findings.cases(cases(report, lanes(args)?, args.common.keep_going)))
}

fn cases(report: &CampaignReport, lanes: Lanes, keep_going: bool) -> Vec<TestCase> {
    let skipped = (!keep_going).then_some("the campaign ended at its first violation");
    let CampaignReport { conclusion, missed_floors, counterexamples, .. } = report;
    let oracles = if lanes == Lanes::Faults { Oracle::UNDER_FAULTS.as_slice() } else { &Oracle::ALL };
    oracle_cases(oracles, counterexamples, skipped, *conclusion, missed_floors)
}

/// What was asked for. A subject that is wrong only under shuttle or only under faults is run there.
fn lanes(args: &CampaignArgs) -> Result<Lanes, CliError> {
    let asked = [
        (args.shapes, Lanes::Shapes),
        (args.plans, Lanes::Plans),
        (args.interleavings, Lanes::Interleavings),
        (args.faults, Lanes::Faults),
    ];
    let asked = asked.into_iter().find_map(|(is, lanes)| is.then_some(lanes));
    match (args.subject, asked) {
        (BuiltinSubject::Canary(_), None | Some(Lanes::Interleavings)) => Ok(Lanes::Interleavings),
        (BuiltinSubject::Canary(_), Some(_)) => Err(CliError::OnlyInterleaved(args.subject)),
        (BuiltinSubject::FaultCanary(_), None | Some(Lanes::Faults)) => Ok(Lanes::Faults),
        (BuiltinSubject::FaultCanary(_), Some(_)) => Err(CliError::OnlyUnderFaults(args.subject)),
        (
            BuiltinSubject::SequentialAhead
            | BuiltinSubject::Parallel
            | BuiltinSubject::BlockStm
            | BuiltinSubject::Mixed,
            asked,
        ) => Ok(asked.unwrap_or(Lanes::All)),
    }
}

/// Checks the canaries, on a thread that may hang.
fn canaries(lanes: Lanes) -> Result<Vec<Canary>, CliError> {
    let check = move || {
        let examiner = Examiner::new().map_err(CliError::Start)?;
        match lanes {
            Lanes::Faults => Ok(check_fault_canaries(examiner.runtimes()).map(|()| Vec::new())?),
            Lanes::All | Lanes::Shapes | Lanes::Plans | Lanes::Interleavings => Ok(check_canaries(&examiner)?),
        }
    };
    Watchdog::default().run(check).unwrap_or_else(|Hang { limit }| Err(CliError::CanariesHang(limit)))
}

/// Tells the counterexample alone: nothing else was counted.
fn end_early(mut report: CampaignReport, args: &CampaignArgs, output: &Output) -> Result<ExitCode, CliError> {
    for counterexample in &mut report.counterexamples {
        store(counterexample, &args.common.artifacts);
        output.print(&counterexample);
    }
    end(&report, args, output)
}

fn shapes(args: &CampaignArgs) -> Result<Cow<'static, [Shape]>, CliError> {
    let Some(path) = &args.shapes_file else { return Ok(Cow::Borrowed(real_shapes())) };
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    let shapes = Shape::parse_lines(&text).map_err(|source| CliError::Shapes { path: path.clone(), source })?;
    Ok(Cow::Owned(shapes))
}

/// Runs the campaign, and tells of an execution that hangs.
fn judge(
    config: &CampaignConfig,
    shapes: &[Shape],
    control: &Control,
    args: &CampaignArgs,
    output: &Output,
) -> Result<CampaignReport, CliError> {
    let report_hang = |index, hang| {
        let found = Counterexample::hang(config, shapes, index, hang);
        let executions = control.executions.load(Relaxed);
        // With a violation, nothing that fails here changes the exit code.
        let _ = end_early(CampaignReport::of_hang(config, found, executions, output.elapsed()), args, output);
    };
    let campaign = || run_campaign(config, shapes, control);
    watched(Watchdog::default(), config.budget, control, report_hang, campaign).map_err(CliError::Start)
}
