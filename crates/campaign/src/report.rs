//! The result of a campaign. Its text is in `summary.rs`.

use std::fmt;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use seriatim_lab::Canary;
use seriatim_lab::compare::Signature;

use super::{CampaignConfig, Counterexample, First, Floor, Lanes, Statistics, Waivers};

/// The whole of a campaign.
#[derive(Debug, Serialize)]
pub struct CampaignReport {
    pub seed: u64,
    pub lanes: &'static str,
    /// The subject, by its name.
    pub judged: String,
    pub jobs: usize,
    pub seconds: f64,
    /// Said by the head of the JSON form.
    #[serde(skip)]
    pub conclusion: Conclusion,
    pub missed_floors: Vec<String>,
    pub statistics: Statistics,
    /// One for each signature, in the order in which they were met; the first only, unless the campaign was to go on.
    pub counterexamples: Vec<Counterexample>,
    /// The same of what is waived: the conclusion does not depend on it.
    pub waived: Vec<Waived>,
}

/// Violations of one waived kind.
#[derive(Debug, Serialize)]
pub struct Waived {
    pub signature: Signature,
    pub because: String,
    pub times: u64,
}

impl Waived {
    /// What was met of the kinds that `waivers` has.
    pub fn of<F>(met: &[First<F>], signature: impl Fn(&F) -> Signature, waivers: &Waivers) -> Vec<Self> {
        let of_one = |first: &First<F>| {
            let signature = signature(&first.found);
            let because = waivers.because(&signature).unwrap_or_default().to_owned();
            Self { signature, because, times: first.times }
        };
        met.iter().map(of_one).collect()
    }
}

/// `state: balance (transfer), 3 times: issue 7`.
impl fmt::Display for Waived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signature, because, times } = self;
        let plural = if *times == 1 { "" } else { "s" };
        write!(f, "{signature}, {times} time{plural}: {because}")
    }
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
        waived: Vec<Waived>,
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
            judged: config.subject.to_string(),
            jobs: config.jobs,
            seconds: time.as_secs_f64(),
            conclusion,
            missed_floors: missed_floors.iter().map(Floor::to_string).collect(),
            statistics,
            counterexamples,
            waived,
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
        Self { missed_floors: Vec::new(), ..Self::new(config, statistics, vec![counterexample], Vec::new(), time) }
    }
}
