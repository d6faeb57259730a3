//! `seriatim report ARTIFACT`: a counterexample for people, as text and as a page.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::process::ExitCode;

use crate::campaign::ExploredSubject;
use crate::explore::{InterleaveConfig, Schedule, Strategy};
use crate::report::{Artifact, Report, Rerun, Style, write_whole};
use crate::runtime::model::ModelSettings;

use super::{CliError, ReportArgs};

pub(super) fn run(args: &ReportArgs) -> Result<ExitCode, CliError> {
    let at = || args.artifact.clone();
    let text = std::fs::read_to_string(&args.artifact).map_err(|source| CliError::Read { path: at(), source })?;
    let artifact = Artifact::from_json(&text).map_err(|source| CliError::Artifact { path: at(), source })?;
    let rerun = rerun(&artifact);
    let report = Report::new(&artifact, args.artifact.display().to_string(), &rerun);
    if let Some(path) = &args.html {
        write_whole(path, &report.html()).map_err(|source| CliError::Write { path: path.clone(), source })?;
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    print!("{}", report.text(if colour { Style::Colour } else { Style::Plain }));
    Ok(ExitCode::SUCCESS)
}

/// Runs the named subject under the recorded schedule, or straight where there is none.
fn rerun(artifact: &Artifact) -> Rerun {
    let recorded = artifact.schedule.as_ref().map(|schedule| schedule.steps.clone()).unwrap_or_default();
    let Ok(subject) = artifact.subject.parse::<ExploredSubject>() else {
        let note = if recorded.is_empty() {
            "This build does not know the subject by its name, so it was not run again."
        } else {
            "This build does not know the subject by its name; the operations are those that were recorded."
        };
        return Rerun { steps: recorded, note: Some(note.to_owned()), ..Rerun::default() };
    };
    let explorer = subject.explorer(&artifact.scenario);
    if let Some(schedule) = &artifact.schedule {
        let (interleaved, diverged) = explorer.replay(schedule);
        if let Some(step) = diverged {
            let note = format!(
                "This build's subject does not follow the schedule beyond step {step}; the operations are those that were \
                 recorded."
            );
            return Rerun { steps: recorded, note: Some(note), ..Rerun::default() };
        }
        let steps = if recorded.is_empty() { explorer.with_steps(schedule).steps } else { recorded };
        return Rerun { steps, ending: Some(interleaved.ending), ..Rerun::default() };
    }
    let settings = ModelSettings { workers: None, shards: 4, placement_seed: 0 };
    let config = InterleaveConfig { strategy: Strategy::Random, seed: 0, executions: 1, max_parallelism: 4, settings };
    let mut straight: Option<Schedule> = None;
    let mut ending = None;
    explorer.explore_fewest(&config, 0, &mut |interleaved| {
        straight = Some(interleaved.schedule);
        ending = Some(interleaved.ending);
        ControlFlow::Break(())
    });
    let steps = straight.map(|schedule| explorer.with_steps(&schedule).steps).unwrap_or_default();
    let note = "No schedule is recorded; these are the operations of a straight run, each task as far as it gets.";
    Rerun { steps, ending, note: Some(note.to_owned()), ..Rerun::default() }
}
