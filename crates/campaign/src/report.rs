//! What a campaign came to, for people and as JSON.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use seriatim_lab::compare::Evidence;

use seriatim_lab::Canary;

use super::{CampaignConfig, Counterexample, Floor, Lanes, Statistics};

/// The whole of a campaign.
#[derive(Debug, Serialize)]
pub struct CampaignReport {
    pub seed: u64,
    pub lanes: &'static str,
    pub jobs: usize,
    pub seconds: f64,
    /// Said by the head of the JSON form.
    #[serde(skip)]
    pub conclusion: Conclusion,
    pub missed_floors: Vec<String>,
    pub statistics: Statistics,
    /// One for each signature, in the order in which they were met; the first only, unless the campaign was to go on.
    pub counterexamples: Vec<Counterexample>,
}

/// What it means; the exit code follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    Agree,
    Violation,
    Inconclusive,
}

impl CampaignReport {
    pub(super) fn new(
        config: &CampaignConfig,
        statistics: Statistics,
        counterexamples: Vec<Counterexample>,
        time: Duration,
    ) -> Self {
        let missed_floors: Vec<Floor> = statistics.missed_floors(config.lanes);
        let conclusion = match (counterexamples.is_empty(), missed_floors.is_empty()) {
            (false, _) => Conclusion::Violation,
            (true, true) => Conclusion::Agree,
            (true, false) => Conclusion::Inconclusive,
        };
        let lanes = match config.lanes {
            Lanes::All => "real shapes and generated plans, on tokio and under shuttle",
            Lanes::Shapes => "real shapes",
            Lanes::Plans => "generated plans on tokio",
            Lanes::Interleavings => "generated plans under shuttle",
            Lanes::Faults => "generated plans with faults struck into their blocks",
        };
        Self {
            seed: config.seed,
            lanes,
            jobs: config.jobs,
            seconds: time.as_secs_f64(),
            conclusion,
            missed_floors: missed_floors.iter().map(Floor::to_string).collect(),
            statistics,
            counterexamples,
        }
    }

    /// Canaries about which nothing could be told make agreement inconclusive.
    pub fn add_missed_canaries(&mut self, canaries: &[Canary]) {
        let floors = canaries.iter().map(|canary| Floor::CanaryNotCaught(format!("{canary:?}")).to_string());
        self.missed_floors.extend(floors);
        if self.conclusion == Conclusion::Agree && !canaries.is_empty() {
            self.conclusion = Conclusion::Inconclusive;
        }
    }

    /// Of a campaign that a hang ended after so many executions, of which nothing else was counted.
    pub fn of_hang(config: &CampaignConfig, counterexample: Counterexample, executions: u64, time: Duration) -> Self {
        let statistics = Statistics { executions, ..Statistics::default() };
        Self { missed_floors: Vec::new(), ..Self::new(config, statistics, vec![counterexample], time) }
    }
}

impl fmt::Display for CampaignReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = &self.statistics;
        let rate = statistics.executions as f64 / self.seconds.max(0.001);
        writeln!(f, "campaign over {}, seed {}", self.lanes, self.seed)?;
        writeln!(
            f,
            "  {} executions in {:.1} s, {rate:.0} a second, {} jobs ({})",
            grouped(statistics.executions),
            self.seconds,
            self.jobs,
            statistics
                .lanes
                .iter()
                .map(|(lane, count)| format!("{lane} {}", grouped(*count)))
                .collect::<Vec<_>>()
                .join(", "),
        )?;
        writeln!(
            f,
            "  {} transactions in {} blocks ({} empty), {} rewinds; largest block {}",
            grouped(statistics.transactions()),
            grouped(statistics.blocks),
            grouped(statistics.empty_blocks),
            grouped(statistics.rewinds),
            grouped(statistics.largest_block),
        )?;
        writeln!(
            f,
            "  {} transactions conflict with an earlier one of their block; {} batches",
            grouped(statistics.conflicts),
            grouped(statistics.batches),
        )?;
        writeln!(
            f,
            "  {} runs of subjects agreed with the reference; {}",
            grouped(statistics.evidence.observations),
            if statistics.faults.points > 0 {
                "under faults nobody counts their tasks".to_owned()
            } else {
                let Evidence { tasks, blocks_with_overlap, .. } = &statistics.evidence;
                format!(
                    "{} tasks, several in flight in {} runs of blocks",
                    grouped(*tasks),
                    grouped(*blocks_with_overlap)
                )
            },
        )?;
        let interleavings = &statistics.interleavings;
        if interleavings.interleavings > 0 {
            writeln!(
                f,
                "  {} interleavings under shuttle ({} distinct), {} steps, {} context switches, {} preemptions, {} pairs of conflicting accesses",
                grouped(interleavings.interleavings),
                grouped(interleavings.distinct),
                grouped(interleavings.steps),
                grouped(interleavings.context_switches),
                grouped(interleavings.preemptions),
                grouped(interleavings.meetings),
            )?;
        }
        let faults = &statistics.faults;
        if faults.calm_runs > 0 {
            writeln!(
                f,
                "  {} faults at {} points of {} blocks, each on each path; {} of these were struck by every fault; {} times done again",
                grouped(faults.injected()),
                grouped(faults.points),
                grouped(faults.blocks),
                grouped(faults.complete_blocks),
                grouped(faults.done_again),
            )?;
        }
        histogram(f, "faults, by kind", &faults.faults)?;
        histogram(f, "faults, by where they struck", &faults.sites)?;
        histogram(f, "faults, by path", &faults.paths)?;
        histogram(f, "what they came to", &faults.endured)?;
        histogram(f, "what faults under shuttle came to", &faults.interleaved)?;
        histogram(f, "outcomes, by the reference", &statistics.outcomes)?;
        histogram(f, "aborted blocks", &statistics.aborts)?;
        histogram(f, "conflict classes of generated transactions", &statistics.classes)?;
        if self.counterexamples.is_empty() {
            for floor in &self.missed_floors {
                writeln!(f, "floor missed: {floor}")?;
            }
        }
        for counterexample in &self.counterexamples {
            counterexample.fmt(f)?;
        }
        match self.conclusion {
            Conclusion::Violation => Ok(()),
            Conclusion::Inconclusive => writeln!(f, "INCONCLUSIVE: no violation, but a floor was missed"),
            Conclusion::Agree => writeln!(f, "AGREE: no violation in {} executions", grouped(statistics.executions)),
        }
    }
}

fn histogram(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    counts: &std::collections::BTreeMap<&'static str, u64>,
) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}")?;
    let total: u64 = counts.values().sum();
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
    let most = *rows[0].1;
    for (name, &count) in rows {
        let percent = 100.0 * count as f64 / total as f64;
        let bar = "#".repeat((24 * count).div_ceil(most) as usize);
        writeln!(f, "  {name:<26} {:>12} {percent:>6.2} %  {bar}", grouped(count))?;
    }
    Ok(())
}

/// 1234567 as "1 234 567".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.write_char(digit).expect("writing to a string");
    }
    text
}
