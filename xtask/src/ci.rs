//! Runs the steps of CI one after another and says how long each took.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::shard::Shard;
use crate::steps::{Ended, STEPS, Step, Workplace};

/// No step has this name, so nothing was run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no step {0:?}; `cargo xtask ci --list` names them")]
struct NoStep(String);

/// Prints each step with what it does.
pub fn list() {
    for step in &STEPS {
        let when = if step.in_every_run { "" } else { " (only with --only)" };
        println!("{:<14} {}{when}", step.name, step.about);
    }
}

/// Runs the chosen steps, or those of every run if none is chosen. The last line counts the tests, if any ran.
pub fn run(root: &Path, only: &[String], shard: Option<Shard>) -> ExitCode {
    let steps = match chosen(only) {
        Ok(steps) => steps,
        Err(error) => {
            eprintln!("xtask: {error}");
            return ExitCode::from(2);
        }
    };
    let mut workplace = Workplace::new(root, shard);
    let mut ended = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for step in steps {
        println!("\n== {}", step.name);
        #[expect(clippy::disallowed_methods, reason = "a step's seconds are for the reader of the log")]
        let start = Instant::now();
        let result = (step.run)(&mut workplace);
        let seconds = start.elapsed().as_secs_f64();
        let what = match result {
            Ok(Ended::Passed) => "passed".to_owned(),
            Ok(Ended::Skipped(reason)) => format!("skipped: {reason}"),
            Err(error) => {
                eprintln!("{error}");
                code = ExitCode::from(error.code());
                "FAILED".to_owned()
            }
        };
        let line = format!("{:<14} {seconds:>7.1} s  {what}", step.name);
        println!("-- {line}");
        ended.push(line);
        if code != ExitCode::SUCCESS {
            break;
        }
    }
    println!("\n{}", ended.join("\n"));
    if let Some(tally) = workplace.tally {
        println!("\n{tally}");
    }
    code
}

/// The steps of these names, in the order of the list.
fn chosen(only: &[String]) -> Result<Vec<&'static Step>, NoStep> {
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        return Err(NoStep(unknown.clone()));
    }
    let is_chosen =
        |step: &&Step| if only.is_empty() { step.in_every_run } else { only.iter().any(|name| name == step.name) };
    Ok(STEPS.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Result<Vec<&'static str>, NoStep> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        chosen(&only).map(|steps| steps.iter().map(|step| step.name).collect())
    }

    #[test]
    fn chosen_steps_keep_the_order_of_the_list() {
        assert_eq!(names(&["docs", "formatting"]), Ok(vec!["formatting", "docs"]));
    }

    #[test]
    fn a_run_without_a_choice_leaves_out_what_is_only_for_the_workflows() {
        let names = names(&[]).unwrap();
        assert!(names.contains(&"tests") && !names.contains(&"advisories"), "{names:?}");
    }

    #[test]
    fn an_unknown_step_is_refused() {
        assert_eq!(names(&["docs", "dosc"]), Err(NoStep("dosc".to_owned())));
    }

    #[test]
    fn names_of_steps_are_different() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
