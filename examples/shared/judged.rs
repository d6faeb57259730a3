//! What the harness makes of a faulty executor on the shims: shared by the tests of the examples.

use std::ops::ControlFlow;

use seriatim_campaign::{Budget, Control, Waivers};
use seriatim_explore::{InterleaveConfig, Strategy};
use seriatim_subject::{SubjectCampaign, SubjectSource, minimise_external, run};
use seriatim_triage::report::{Report, Style};
use seriatim_triage::retrace::retrace;

/// One fault, found from one seed.
#[derive(Debug)]
struct Judged {
    /// Executions under the scheduler up to the one that shows it.
    executions: u64,
    /// Those of the smallest case.
    transactions: usize,
    preemptions: u64,
    /// Replays of the smallest case that show the same violation, step for step.
    replayed: usize,
    /// The report of the smallest case.
    report: String,
}

/// The fault is found within ten executions, in a case of at most three transactions and two preemptions that replays each
/// time, and the report has these words. With `SEEDS=20 REPLAYS=1000` it is as the book says; else it takes seconds.
///
/// # Panics
/// If one of this is not so.
pub fn assert_found(source: &dyn SubjectSource, words: &[&str]) {
    let (seeds, replays) = (variable("SEEDS", 2), variable("REPLAYS", 20));
    let mut executions = Vec::new();
    for seed in 0..seeds as u64 {
        let judged = judge(source, seed, replays).expect("it is found");
        println!(
            "seed {seed}: found in execution {}, {} transactions, {} preemptions, {} of {replays} replays",
            judged.executions, judged.transactions, judged.preemptions, judged.replayed
        );
        let Judged { transactions, preemptions, replayed, report, .. } = judged;
        assert!(transactions <= 3 && preemptions <= 2 && replayed == replays, "{report}");
        // Lines are broken where they are full.
        let told = report.split_whitespace().collect::<Vec<_>>().join(" ");
        let missing: Vec<_> = words.iter().filter(|words| !told.contains(**words)).collect();
        assert!(missing.is_empty(), "{missing:?} in {report}");
        if seed == 0 {
            println!("{report}");
        }
        executions.push(judged.executions);
    }
    executions.sort_unstable();
    let median = executions[executions.len() / 2];
    println!("found in execution {median} (median of {seeds} seeds)");
    assert!(median <= 10);
}

fn variable(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// The lines of an executor that it would not have without the shims.
pub fn lines_of_shims(source: &str) -> usize {
    source.lines().filter(|line| line.contains("seriatim_shims") || line.contains("works_on(")).count()
}

/// Finds the fault, makes the case smaller, and replays it so many times. None: nothing was found.
fn judge(source: &dyn SubjectSource, seed: u64, replays: usize) -> Option<Judged> {
    let (budget, waivers) = (Budget::Executions(400), Waivers::default());
    let config = SubjectCampaign { seed, budget, jobs: 1, keep_going: false, waivers };
    let mut campaign = run(&config, source, &Control::default()).expect("the executor says what it can be asked");
    let executions = campaign.interleavings.interleavings;
    let found = campaign.counterexamples.pop()?;
    let smaller = minimise_external(&found.artifact, source, 40_000, &mut |_, _| ControlFlow::Continue(()));
    let artifact = smaller.expect("what was found under a scheduler shows again");
    let explorer = source.explorer(&artifact.scenario)?;
    let schedule = artifact.schedule.as_ref()?;
    let wanted = artifact.violation.signature();
    let same = |_: &usize| {
        let (replayed, diverged_at) = explorer.replay(schedule);
        diverged_at.is_none() && replayed.verdict.into_violation().is_some_and(|shown| shown.signature() == wanted)
    };
    let again = InterleaveConfig::like(schedule, Strategy::Replay(schedule.choices.clone()), 1);
    let evidence = explorer.explore(&again, |_| ControlFlow::Continue(()));
    let retraced = retrace(&artifact, &|scenario| source.explorer(scenario));
    Some(Judged {
        executions,
        transactions: artifact.scenario.tx_count(),
        preemptions: evidence.preemptions,
        replayed: (0..replays).filter(same).count(),
        report: Report::new(&artifact, "case.json", &retraced).text(Style::Plain),
    })
}
