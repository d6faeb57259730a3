//! `seriatim demo`: a race is found, made smaller and explained, on an executor of some 60 lines.

mod executor;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use seriatim_campaign::{Budget, Conclusion, Control, Counterexample, Waivers};
use seriatim_explore::Interleaver;
use seriatim_lab::workload::Scenario;
use seriatim_subject::{
    Answer, Capabilities, OverRuntime, Request, RuntimeSubject, Subject, SubjectCampaign, SubjectError, SubjectSource,
    answer_by_reference, right_answer, run as run_campaign,
};
use seriatim_triage::report::{Report, Style, write_whole};
use seriatim_triage::retrace::retrace;

use super::CliError;
use super::args::JsonArgs;
use super::minimise::shrink;
use super::output::{Findings, Output, Shown, judge, open, say};
use executor::Racy;

/// The version of the JSON form.
const VERSION: u32 = 1;
/// More than enough: the first ones show it.
const EXECUTIONS: u64 = 100;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where the page goes
    #[arg(long, value_name = "FILE", default_value = "seriatim-demo.html")]
    html: PathBuf,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Serialize)]
struct Demonstrated {
    violation: Shown,
    /// Transactions before and after the case was made smaller.
    transactions: (usize, usize),
    html: String,
}

pub(super) fn run(args: &DemoArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("demo", args.json.json.as_ref(), None, &[("--html", Some(&args.html))])?;
    let source = Explored(OverRuntime::new(Racy));
    say!(output, "The executor (src/cli/demo/executor.rs) has a task for each payment and a lock");
    say!(output, "for each account. To credit an account it takes the lock twice: to read the");
    say!(output, "balance, and to write the sum.\n");
    let Some(mut found) = search(&source)? else {
        let reason = "the race was not found: this is a defect of the harness".to_owned();
        judge!(output, Inconclusive, "{reason}");
        let findings = Findings::judged(VERSION, Conclusion::Inconclusive, &());
        return output.end(&findings.because(Some(reason)));
    };
    let transactions = found.artifact.scenario.tx_count();
    say!(output, "1. Search. Generated blocks run under schedules that the harness chooses.");
    judge!(output, Violation, "found in block set {}, among {transactions} transactions", found.index + 1);
    say!(output, "\n2. Make it smaller. Transactions, accounts and task switches are taken out");
    say!(output, "while the same violation still shows.");
    shrink(&mut found, Some(&source), &Arc::new(Control::default()));
    let left = found.artifact.scenario.tx_count();
    say!(output, "{left} of {transactions} transactions are left.");
    say!(output, "\n3. Explain. Pairs of accesses are turned round until the violation is gone.\n");
    let retraced = retrace(&found.artifact, &|scenario| source.explorer(scenario));
    let report = Report::new(&found.artifact, args.html.display().to_string(), &retraced).again("seriatim demo");
    output.print(report.essence(Style::Colour));
    write_whole(&args.html, &report.html()).map_err(|source| CliError::Write { path: args.html.clone(), source })?;
    say!(output, "\nThe same as a page: {}", args.html.display());
    say!(output, "Your own executor: docs/book/tutorials/adapter.md");
    if args.open {
        open(&args.html);
    }
    let violation = Shown::new(&found.artifact.violation);
    let html = args.html.display().to_string();
    output.end(&Findings::made(VERSION, None, &Demonstrated { violation, transactions: (transactions, left), html }))
}

/// The racy executor, asked under schedules alone: what real threads show is luck, and the demonstration is the same every
/// time.
struct Explored(OverRuntime<Racy>);

impl SubjectSource for Explored {
    fn start(&self) -> Result<Box<dyn Subject>, SubjectError> {
        Ok(Box::new(Right))
    }

    fn explorer(&self, scenario: &Scenario) -> Option<Interleaver> {
        self.0.explorer(scenario)
    }
}

/// Stands in for real threads, and answers what is right.
struct Right;

impl Subject for Right {
    fn capabilities(&self) -> Capabilities {
        RuntimeSubject::capabilities(&Racy)
    }

    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
        let answer = right_answer(&self.capabilities(), &answer_by_reference(request));
        Ok(Answer { id: request.id, ..answer })
    }
}

/// The first violation of seed 0.
fn search(source: &dyn SubjectSource) -> Result<Option<Counterexample>, CliError> {
    let budget = Budget::Executions(EXECUTIONS);
    let config = SubjectCampaign { seed: 0, budget, jobs: 1, keep_going: false, waivers: Waivers::default() };
    Ok(run_campaign(&config, source, &Control::default())?.counterexamples.into_iter().next())
}
