//! The report as its readers meet it: text that fits a terminal, a page that stands alone and escapes whatever a file holds.
//! The texts themselves lie in `snapshots/`. After a change that is meant, `INSTA_UPDATE=always cargo test --test triage`
//! writes them anew, and a review sees the difference.

use std::ops::ControlFlow;

use proptest::prelude::*;
use seriatim_explore::model::{Action, Entry, Key, Label, ModelSettings, Object, Place, Shown, Step};
use seriatim_explore::{InterleaveConfig, Schedule, Strategy};
use seriatim_lab::LastObservation;
use seriatim_lab::compare::{Difference, Field, Oracle, Value, Violation};
use seriatim_lab::drive::{Doing, FaultPoint};
use seriatim_lab::workload::{Built, Plan, Scenario, build};
use seriatim_lab::{BuiltinSubject, Canary};
use seriatim_runtime::{Fault, Site};
use seriatim_testkit::page::{assert_balanced, texts};
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::ledger::SignatureScheme;
use seriatim_triage::explain::{Anomaly, Explanation};
use seriatim_triage::report::{Artifact, FaultPoints, Origin, Report, Retraced, Style};

use crate::fixtures::{assert_snapshot, first_violation, origin};

/// A canary's violation on the first small plan that shows it, and what running it again says.
fn counterexample(canary: Canary, transactions: usize) -> (Artifact, Retraced) {
    let subject = BuiltinSubject::Canary(canary);
    let found = (0..40).find_map(|seed| {
        let Built { scenario, .. } = build(&Plan::sized(seed, transactions), SignatureScheme::Tagged);
        let (schedule, violation) = first_violation(subject, &scenario, &config(200), Some(2))?;
        let last = LastObservation::default();
        let explorer = subject.explorer_keeping(&scenario, &last);
        let schedule = explorer.with_steps(&schedule);
        let ending = Some(explorer.replay(&schedule).0.ending);
        let retraced =
            Retraced { steps: schedule.steps.clone(), ending, observation: last.take(), ..Retraced::default() };
        let artifact = Artifact::new(subject.to_string(), origin(), violation, scenario, Some(schedule));
        // A report names the version of the build, which no text here should depend on.
        Some((Artifact { build: "a build".to_owned(), ..artifact }, retraced))
    });
    found.expect("a canary shows on some small plan")
}

/// Compares the text of a report, and the texts of its page, with their files.
fn assert_shown(name: &str, report: &Report) {
    assert_snapshot(&format!("{name}.text"), &report.text(Style::Plain));
    assert_snapshot(&format!("{name}.page"), &texts(&report.html()));
}

fn config(executions: usize) -> InterleaveConfig {
    let settings = ModelSettings { workers: None, shards: 4, placement_seed: 0 };
    InterleaveConfig { strategy: Strategy::Random, seed: 0, executions, max_parallelism: 4, settings }
}

/// The operations of a straight run of the parallel path, as if they showed a violation.
fn straight(scenario: &Scenario) -> Retraced {
    let last = LastObservation::default();
    let explorer = BuiltinSubject::Parallel.explorer_keeping(scenario, &last);
    let mut retraced = Retraced::default();
    explorer.explore_fewest(&config(1), 0, |interleaved| {
        retraced.steps = explorer_steps(scenario, &interleaved.schedule);
        retraced.ending = Some(interleaved.ending);
        retraced.observation = last.take();
        ControlFlow::Break(())
    });
    retraced
}

fn explorer_steps(scenario: &Scenario, schedule: &Schedule) -> Vec<Step> {
    BuiltinSubject::Parallel.explorer(scenario).with_steps(schedule).steps
}

fn explained(guilty: (usize, usize)) -> Explanation {
    let sentences = vec!["Both read the same value.".to_owned(), "x".repeat(200)];
    let story = vec![guilty.0, guilty.1];
    Explanation { guilty: Some(guilty), story, ..Explanation::told(Anomaly::LostUpdate, sentences) }
}

fn too_wide(text: &str) -> Option<&str> {
    text.lines().find(|line| line.chars().count() > 80)
}

#[test]
fn every_task_of_a_small_block_has_a_lane_in_text_and_page() {
    let (artifact, retraced) = counterexample(Canary::CountsByLoadAndStore, 2);
    assert_shown("lost-update", &Report::new(&artifact, "case.json", &retraced));
}

#[test]
fn the_guilty_pair_is_marked_and_nothing_is_without_one() {
    let (artifact, mut retraced) = counterexample(Canary::CountsByLoadAndStore, 2);
    let marks = |text: &str| text.lines().filter(|line| line.starts_with(">>")).count();
    let without = Report::new(&artifact, "case.json", &retraced);
    assert_eq!(marks(&without.text(Style::Plain)), 0);
    assert!(!without.html().contains("class=\"culprit\" d="));
    let counted = Label::from("reads counted");
    let task = |step: &Step| step.task > 0 && step.action.object() == Some(Object::Atomic(&counted));
    let left = retraced.steps.iter().position(task).unwrap();
    let right = (left + 1..retraced.steps.len())
        .find(|&at| task(&retraced.steps[at]) && retraced.steps[at].task != retraced.steps[left].task);
    retraced.explanation = Some(explained((left, right.unwrap())));
    let with = Report::new(&artifact, "case.json", &retraced);
    let text = with.text(Style::Plain);
    assert_eq!(marks(&text), 2, "{text}");
    assert!(with.html().contains("class=\"culprit\" d="));
    assert_snapshot("lost-update-explained.text", &text);
}

#[test]
fn only_the_field_that_differs_is_shown_with_how_far_it_is_off() {
    let (artifact, retraced) = counterexample(Canary::CountsByLoadAndStore, 2);
    let text = Report::new(&artifact, "case.json", &retraced).text(Style::Plain);
    // What is shown stands in the snapshot of the lost update.
    assert!(!text.contains("BlockMetadata"), "{text}");
}

#[test]
fn a_deadlock_shows_what_each_task_waits_for() {
    let (artifact, retraced) = counterexample(Canary::OppositeLocks, 2);
    assert_shown("deadlock", &Report::new(&artifact, "case.json", &retraced));
}

#[test]
fn shown_folded_and_untold_operations_add_up() {
    for (canary, transactions) in [(Canary::CountsByLoadAndStore, 2), (Canary::OppositeLocks, 3)] {
        let (artifact, retraced) = counterexample(canary, transactions);
        let text = Report::new(&artifact, "case.json", &retraced).text(Style::Plain);
        let (_, lanes) = text.split_once("What the tasks did").unwrap();
        let number = |text: &str| text.split_whitespace().find_map(|word| word.parse::<usize>().ok());
        let count = |line: &str| {
            let counted = line.contains("...") && line.contains(" operation") || line.contains("not shown:");
            let shown = line.len() > 9 && line[2..7].trim().parse::<usize>().is_ok();
            if counted { number(line).unwrap() } else { usize::from(shown) }
        };
        let lanes = lanes.lines().filter(|line| !line.contains("~~~~") && !line.contains("----"));
        assert_eq!(lanes.map(count).sum::<usize>(), retraced.steps.len(), "{text}");
    }
}

#[test]
fn a_violation_without_schedule_or_known_subject_still_has_its_tables() {
    let (artifact, _) = counterexample(Canary::CountsByLoadAndStore, 3);
    let artifact = Artifact { schedule: None, subject: "somebody else's".to_owned(), ..artifact };
    let retraced = Retraced::default();
    let report = Report::new(&artifact, "case.json", &retraced);
    assert_shown("without-schedule", &report);
}

const HOSTILE: &str = "</title><script>alert(1)</script><img src=x onerror=\"alert(2)\">' & \u{1b}[31m";

/// An artifact whose every free text is hostile.
fn hostile() -> (Artifact, Retraced) {
    let (artifact, mut retraced) = counterexample(Canary::CountsByLoadAndStore, 2);
    let place = artifact.violation.difference.place.clone();
    let difference = Difference::of_values(HOSTILE, Value::text(HOSTILE), Value::of(&1));
    let violation = Violation::new(Oracle::State, HOSTILE, Difference { place, ..difference });
    let origin = Origin { found_by: HOSTILE.to_owned(), ..origin() };
    let mut schedule = artifact.schedule.unwrap();
    HOSTILE.clone_into(&mut schedule.strategy);
    for step in retraced.steps.iter_mut().skip(60) {
        let entry = Entry { map: HOSTILE.into(), key: Key::of(&HOSTILE) };
        step.action = Action::Insert { entry, value: Shown::of(&HOSTILE), found: None };
    }
    retraced.note = Some(HOSTILE.to_owned());
    retraced.explanation = Some(explained((63, 64)));
    retraced.explanation.as_mut().unwrap().sentences.push(HOSTILE.to_owned());
    (Artifact::new(HOSTILE, origin, violation, artifact.scenario, Some(schedule)), retraced)
}

#[test]
fn hostile_texts_stay_texts() {
    let (artifact, retraced) = hostile();
    let report = Report::new(&artifact, HOSTILE, &retraced);
    let page = report.html();
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown");
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert!(!page.contains("<img") && !page.contains("onerror=\"alert"));
    assert!(!report.text(Style::Plain).contains('\u{1b}'), "a terminal obeys escape characters");
    assert_balanced(&page);
}

#[test]
fn a_page_stands_alone_and_comes_out_the_same_twice() {
    let (artifact, retraced) = counterexample(Canary::CountsByLoadAndStore, 3);
    let page = Report::new(&artifact, "case.json", &retraced).html();
    assert_eq!(page, Report::new(&artifact, "case.json", &retraced).html());
    for reference in ["http://", "https://", "src=", "href=", "url(", "@import", "fetch("] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert_balanced(&page);
}

#[test]
fn sixteen_blocks_of_many_transactions_give_a_page_of_bounded_size() {
    let built = build(&Plan::sized(5, 256), SignatureScheme::Tagged);
    let retraced = straight(&built.scenario);
    let blocks = built.scenario.blocks().count();
    for block in 0..blocks {
        let difference = Difference::new("receipt", 1, 2).in_block(block).at_transaction(0);
        let violation = Violation::new(Oracle::Receipts, "parallel", difference);
        let artifact = Artifact::new("parallel", origin(), violation, built.scenario.clone(), None);
        let report = Report::new(&artifact, "case.json", &retraced);
        let (text, page) = (report.text(Style::Plain), report.html());
        assert_eq!(too_wide(&text), None);
        assert!(text.lines().count() < 250, "{}", text.lines().count());
        assert!(page.len() < 1_000_000, "{}", page.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_wider_than_80_columns(
        seed in any::<u64>(), transactions in 1_usize..24, texts in prop::array::uniform3(".{0,120}"), first in 0_usize..400, second in 0_usize..400,
    ) {
        let built = build(&Plan::sized(seed, transactions), SignatureScheme::Tagged);
        let mut retraced = straight(&built.scenario);
        retraced.explanation = Some(explained((first, second)));
        let [field, expected, actual] = texts;
        let (expected, actual) = (Value::text(expected), Value::text(actual));
        let difference = Difference::of_values(Field::named(field), expected, actual).in_block(seed as usize % 4);
        let violation = Violation::new(Oracle::State, "parallel", difference);
        let artifact = Artifact::new("parallel", origin(), violation, built.scenario, None);
        let report = Report::new(&artifact, "a/rather/long/path/".repeat(6), &retraced);
        let text = report.text(Style::Plain);
        prop_assert_eq!(too_wide(&text), None);
        assert_balanced(&report.html());
    }
}

#[test]
fn the_struck_point_is_marked_and_all_points_are_shown_or_counted() {
    let (artifact, _) = counterexample(Canary::CountsByLoadAndStore, 2);
    let all = [Site::Start, Site::Read, Site::Read, Site::Lock, Site::Locked];
    let sites: Vec<Site> = all.into_iter().cycle().take(100).collect();
    for (strike, marked) in [(Some(0), 1), (Some(51), 1), (Some(99), 1), (None, 0)] {
        let strike = strike.map(|at| (at, Fault::Panic));
        let point = FaultPoint {
            block: 0,
            doing: Doing::Apply,
            path: ExecutionPath::BlockStm,
            injected: strike,
            schedule_seed: Some(7),
        };
        let points = Some(FaultPoints { point, sites: sites.clone(), places: vec![Place::here(); sites.len()] });
        let retraced = Retraced { points, ..Retraced::default() };
        let report = Report::new(&artifact, "case.json", &retraced);
        let text = report.text(Style::Plain);
        if strike == Some((51, Fault::Panic)) {
            assert_snapshot("fault.text", &text);
        }
        assert_eq!(text.lines().filter(|line| line.starts_with(">>")).count(), marked, "{text}");
        let (from, to) = (text.find("What the tasks did").unwrap(), text.find("Again\n").unwrap());
        let points = text[from..to].lines().map(|line| {
            let words: Vec<&str> = line.trim_start_matches('>').split_whitespace().collect();
            match words[..] {
                ["...", count, "more", "point" | "points"] => count.parse().unwrap(),
                [numbers, ..] => numbers.split_once('-').map_or_else(
                    || usize::from(numbers.parse::<usize>().is_ok()),
                    |(first, last)| last.parse::<usize>().unwrap() - first.parse::<usize>().unwrap() + 1,
                ),
                [] => 0,
            }
        });
        assert_eq!(points.sum::<usize>(), 100, "{text}");
        assert!(text.lines().count() < 80 && too_wide(&text).is_none(), "{text}");
        let page = report.html();
        assert_balanced(&page);
        assert_eq!(page.matches("a panic strikes").count(), marked);
    }
}
