//! Violations of executors that are wrong on purpose.

use std::ops::ControlFlow;

use seriatim_explore::model::ModelSettings;
use seriatim_explore::{InterleaveConfig, Interleaved, Schedule, Strategy};
use seriatim_lab::compare::{Signature, Violation};
use seriatim_lab::workload::{Built, Plan, Scenario, build};
use seriatim_lab::{BuiltinSubject, Canary};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_triage::minimise::Case;
use seriatim_triage::report::{Artifact, Origin};

/// The scenario of a seed, with the quick signature scheme.
pub fn built(seed: u64) -> Built {
    build(&Plan::from_seed(seed), SignatureScheme::Tagged)
}

/// The origin of an artifact that no campaign found.
pub fn origin() -> Origin {
    Origin { found_by: "a test".to_owned(), seed: 1, index: 2, plan: None }
}

/// The first violation of a subject on a scenario. The search goes through schedules by their switches, up to
/// `most_switches`; without a number it takes those of the strategy.
pub fn first_violation(
    subject: BuiltinSubject,
    scenario: &Scenario,
    config: &InterleaveConfig,
    most_switches: Option<usize>,
) -> Option<(Schedule, Violation)> {
    let mut found = None;
    let mut judge = |interleaved: Interleaved| match interleaved.verdict.into_violation() {
        Some(violation) => {
            found = Some((interleaved.schedule, *violation));
            ControlFlow::Break(())
        }
        None => ControlFlow::Continue(()),
    };
    let explorer = subject.explorer(scenario);
    match most_switches {
        Some(most) => explorer.explore_fewest(config, most, &mut judge),
        None => explorer.explore(config, &mut judge),
    };
    found
}

/// The first violation of a subject on the plan of a seed under random schedules, if there is one.
pub fn found(subject: BuiltinSubject, seed: u64, executions: usize) -> Option<(Case, Violation)> {
    let Built { scenario, .. } = built(seed);
    let settings = ModelSettings { workers: None, shards: 4, placement_seed: seed };
    let config = InterleaveConfig { strategy: Strategy::Random, seed, executions, max_parallelism: 4, settings };
    let (schedule, violation) = first_violation(subject, &scenario, &config, None)?;
    Some((Case { scenario, schedule: Some(schedule) }, violation))
}

/// The first case of a subject among a few plans, and its signature.
pub fn first_case(subject: BuiltinSubject) -> (Case, Signature) {
    let (case, violation) = (0..40).find_map(|seed| found(subject, seed, 8)).expect("some plan shows it");
    let signature = violation.signature();
    (case, signature)
}

/// The file of a canary's first case, with the steps of its schedule.
pub fn artifact(canary: Canary) -> Artifact {
    let subject = BuiltinSubject::Canary(canary);
    let (case, violation) = (0..40).find_map(|seed| found(subject, seed, 8)).expect("some plan shows it");
    let schedule = case.schedule.map(|schedule| subject.explorer(&case.scenario).with_steps(&schedule));
    Artifact::new(subject.to_string(), origin(), violation, case.scenario, schedule)
}

/// The text with `N` for every line's number and without what stands there: the executors may move.
fn without_lines(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines().filter(|line| !line.starts_with("         | ")) {
        for (index, part) in line.split(".rs:").enumerate() {
            let digits = if index == 0 { 0 } else { part.bytes().take_while(u8::is_ascii_digit).count() };
            plain += if digits > 0 {
                ".rs:N"
            } else if index > 0 {
                ".rs:"
            } else {
                ""
            };
            plain += &part[digits..];
        }
        plain.push('\n');
    }
    plain
}

/// Compares a text with the file of this name in `snapshots/`, but for the numbers of lines of the source.
pub fn assert_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, without_lines(text)));
}
