//! The result of a campaign. Its text is in `summary.rs`.

use std::fmt;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
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

impl Conclusion {
    /// The verdict in capitals, as it begins a line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agree => "AGREE",
            Self::Violation => "VIOLATION",
            Self::Inconclusive => "INCONCLUSIVE",
        }
    }

    /// Writes a line that begins with [`Conclusion::word`]. The word has a colour in the alternate form (`{:#}`).
    ///
    /// # Errors
    /// The writer's.
    pub fn write_line(self, f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
        let colour = match self {
            Self::Agree => AnsiColor::Green,
            Self::Violation => AnsiColor::Red,
            Self::Inconclusive => AnsiColor::Yellow,
        };
        let style = if f.alternate() { colour.on_default().bold() } else { Style::new() };
        writeln!(f, "{style}{}{style:#}: {text}", self.word())
    }
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

    /// The report of a campaign that a hang ended after so many executions, of which nothing else was counted.
    pub fn of_hang(config: &CampaignConfig, counterexample: Counterexample, executions: u64, time: Duration) -> Self {
        let statistics = Statistics { executions, ..Statistics::default() };
        Self { missed_floors: Vec::new(), ..Self::new(config, statistics, vec![counterexample], time) }
    }
}
