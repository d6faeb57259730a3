//! `seriatim minimise ARTIFACT`: the same violation in a smaller case, as another artifact.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::campaign::{Examiner, ExploredSubject};
use crate::compare::Signature;
use crate::explore::Schedule;
use crate::minimise::{ByVerdict, Case, Effort, Minimised, NotShown, Probe, Probed, UnderShuttle, minimise};
use crate::report::{Artifact, Smaller, write_whole};
use crate::workload::Scenario;

use super::{CliError, MinimiseArgs};

pub(super) fn run(args: &MinimiseArgs) -> Result<ExitCode, CliError> {
    let path = &args.artifact;
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    let artifact = Artifact::from_json(&text).map_err(|source| CliError::Artifact { path: path.clone(), source })?;
    let subject: ExploredSubject =
        artifact.subject.parse().map_err(|source| CliError::Subject { path: path.clone(), source })?;
    let case = Case { scenario: artifact.scenario.clone(), schedule: artifact.schedule.clone() };
    let minimised = match watched(&case, &artifact.signature, subject, args.tries) {
        Ok(minimised) => minimised,
        Err(error) => {
            let Some(minimised) = tokio(&case, &artifact.signature, subject, args.tries)? else {
                println!("INCONCLUSIVE: {error}");
                return Ok(ExitCode::from(3));
            };
            minimised
        }
    };
    print_result(&minimised);
    let out = args.out.clone().unwrap_or_else(|| beside(path));
    let smaller = with(artifact, minimised);
    write_whole(&out, &smaller.to_json()).map_err(|source| CliError::Write { path: out.clone(), source })?;
    println!("  written  {}", out.display());
    Ok(ExitCode::SUCCESS)
}

fn watched(case: &Case, signature: &Signature, subject: ExploredSubject, tries: u64) -> Result<Minimised, NotShown> {
    let explorer = |scenario: &Scenario| subject.explorer(scenario);
    let mut probe = UnderShuttle::new(&explorer);
    minimise_with_bar(case, signature, &mut probe, tries)
}

/// What no schedule of the parallel path shows may show on one of the paths on tokio. None: nor does it there.
fn tokio(
    case: &Case,
    signature: &Signature,
    subject: ExploredSubject,
    tries: u64,
) -> Result<Option<Minimised>, CliError> {
    if case.schedule.is_some() || subject != ExploredSubject::Parallel {
        return Ok(None);
    }
    let examiner = Examiner::new().map_err(CliError::Start)?;
    let mut probe = ByVerdict(|scenario: &_, expectation: &_| examiner.examine(scenario, expectation, 0, false));
    Ok(minimise_with_bar(case, signature, &mut probe, tries).ok())
}

fn minimise_with_bar(
    case: &Case,
    signature: &Signature,
    probe: &mut dyn Probe,
    tries: u64,
) -> Result<Minimised, NotShown> {
    let bar = ProgressBar::new(tries);
    bar.set_style(ProgressStyle::with_template("{pos} executions, {msg}").expect("the template is constant and right"));
    let minimised = minimise(case, signature, &mut Watched { probe, bar: &bar }, tries);
    bar.finish_and_clear();
    minimised
}

/// Draws a bar while another probe works.
struct Watched<'a> {
    probe: &'a mut dyn Probe,
    bar: &'a ProgressBar,
}

impl Probe for Watched<'_> {
    fn probe(&mut self, case: &Case, wanted: &Signature, effort: Effort) -> Probed {
        let probed = self.probe.probe(case, wanted, effort);
        self.bar.inc(probed.executions);
        if probed.shown.is_some() {
            self.bar.set_message(format!("{} transactions", case.scenario.tx_count()));
        }
        probed
    }

    fn with_steps(&mut self, scenario: &Scenario, schedule: &Schedule) -> Schedule {
        self.probe.with_steps(scenario, schedule)
    }
}

/// `NAME.json` becomes `NAME.min.json`.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("min.json")
}

/// The artifact with the smaller case in the place of its own.
fn with(artifact: Artifact, minimised: Minimised) -> Artifact {
    let Minimised {
        scenario,
        schedule,
        violation,
        signature,
        tries,
        transactions,
        accounts: _,
        preemptions,
        context_switches,
        is_one_minimal,
    } = minimised;
    let smaller = Some(Smaller { transactions, tries, is_one_minimal, preemptions, context_switches });
    Artifact { signature, violation, smaller, schedule, scenario, ..artifact }.sealed()
}

fn print_result(minimised: &Minimised) {
    let Minimised { violation, tries, transactions, accounts, preemptions, context_switches, schedule, .. } = minimised;
    println!("SMALLER {violation}");
    println!("  transactions {} of {}, accounts {} of {}", transactions.1, transactions.0, accounts.1, accounts.0);
    match schedule {
        Some(_) => println!("  schedule with {preemptions} preemptions and {context_switches} context switches"),
        None => println!("  no schedule needed"),
    }
    let minimal =
        if minimised.is_one_minimal { "no single removal keeps the violation" } else { "cut: raise --tries for less" };
    println!("  {tries} executions; {minimal}");
}
