//! What a report is about, gathered once for text and page: the block that goes wrong, its transactions and their outcomes,
//! the balances they start from, what conflicts with what, and the recorded operations.

use crate::explain::{Anomaly, Explanation, task_names};
use seriatim_explore::Ending;
use seriatim_explore::model::{Step, Waiting};
use seriatim_lab::compare::{Difference, FieldDifference, Fields, Oracle};
use seriatim_lab::drive::{Observation, ObservedBlock};
use seriatim_lab::workload::Expectation;
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, Block};

use super::block::{BalanceLine, Conflict, TransactionLine, balances, conflicts, scenario_before, transaction_lines};
use super::names::Names;
use super::points::FaultPoints;
use super::state::{StateLine, state_lines};
use super::timeline::{Timeline, block_begins};
use super::{Artifact, AskedWith};

/// What running an artifact again showed, beside the artifact itself.
#[derive(Debug, Default)]
pub struct Retraced {
    /// Operations in the order in which they happened; empty: none are known.
    pub steps: Vec<Step>,
    pub ending: Option<Ending>,
    /// What the subject did, if it is one of the project's own and came to its end.
    pub observation: Option<Observation>,
    pub explanation: Option<Explanation>,
    /// Every key of the state that is wrong after the block.
    pub state: Vec<Difference>,
    /// The points of a violation under a fault, in place of operations.
    pub points: Option<FaultPoints>,
    /// What the reader must know of where the operations come from, or why there are none.
    pub note: Option<String>,
}

/// An artifact made ready to be shown.
///
/// # Examples
/// ```
/// use seriatim_lab::compare::{Difference, Oracle, Violation};
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_tos::ledger::SignatureScheme;
/// use seriatim_triage::report::{Artifact, Origin, Report, Retraced, Style};
///
/// let scenario = build(&Plan::sized(7, 2), SignatureScheme::Tagged).scenario;
/// let violation = Violation::new(Oracle::Figures, "mine", Difference::new("fees", 750, 700).in_block(0));
/// let origin = Origin { found_by: "by hand".to_owned(), seed: 7, index: 0, plan: None };
/// let artifact = Artifact::new("program: mine", origin, violation, scenario, None);
///
/// let retraced = Retraced::default(); // Nothing was run again; `retrace` gives operations and an explanation.
/// let report = Report::new(&artifact, "mine.json", &retraced);
/// assert!(report.text(Style::Plain).contains("Wrong figures of a block: fees, 700 instead of 750 (50 too few)"));
/// assert!(report.html().starts_with("<!DOCTYPE html>"));
/// ```
#[derive(Debug)]
pub struct Report<'a> {
    pub(super) artifact: &'a Artifact,
    /// The command that runs the case again.
    pub(super) again: String,
    pub(super) retraced: &'a Retraced,
    pub(super) names: Names,
    /// Position of the block in the scenario; None: it has no blocks.
    pub(super) block: Option<usize>,
    pub(super) transactions: Vec<TransactionLine>,
    /// Values of the accounts that the block may touch.
    pub(super) balances: Vec<BalanceLine>,
    pub(super) state: Vec<StateLine>,
    /// The levels of the conflict graph: transactions of one level share no account.
    pub(super) levels: Vec<Vec<usize>>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) differing: Vec<FieldDifference>,
    pub(super) equal: Vec<String>,
    pub(super) timeline: Option<Timeline<'a>>,
    /// The block with the guilty pair the other way round, where every oracle agrees.
    pub(super) turned: Option<Timeline<'a>>,
}

impl<'a> Report<'a> {
    /// Gathers what `artifact`, read from `file`, and running it again say.
    pub fn new(artifact: &'a Artifact, file: impl AsRef<str>, retraced: &'a Retraced) -> Self {
        let scenario = &artifact.scenario;
        let expectation = Expectation::of(scenario);
        let attempted: Vec<_> = expectation.walk(scenario).map(|(number, _, outcome)| (number, outcome)).collect();
        let begins = block_begins(&retraced.steps);
        let explanation = retraced.explanation.as_ref();
        let difference = &artifact.violation.difference;
        let last_begun = begins.len().checked_sub(1).and_then(|last| attempted.get(last)).map(|(block, _)| *block);
        let block = difference.place.block.or(last_begun).or_else(|| attempted.last().map(|(block, _)| *block));
        let content = block.and_then(|block| scenario.blocks().nth(block));
        let names = Names::of(scenario, content);
        let position = attempted.iter().position(|(attempt, _)| Some(*attempt) == block);
        let observed: Vec<&ObservedBlock> = retraced.observation.iter().flat_map(Observation::blocks).collect();
        let observed = position.and_then(|position| observed.get(position)).copied();
        let expected = position.map(|position| attempted[position].1);
        let Fields { differing, equal } = difference.fields();
        let timeline = position.filter(|position| *position < begins.len()).map(|position| {
            let end = begins.get(position + 1).copied().unwrap_or(retraced.steps.len());
            let named = task_names(scenario, &retraced.steps);
            let told = explanation.map(|explanation| (explanation.guilty, &explanation.story[..])).unwrap_or_default();
            Timeline::new(&retraced.steps, begins[position]..end, told, &named, retraced.ending.as_ref())
        });
        let turned = explanation.and_then(|explanation| explanation.turned.as_ref()).and_then(|turned| {
            let steps = &turned.schedule.steps;
            let begins = block_begins(steps);
            let (begin, end) = (*begins.get(position?)?, begins.get(position? + 1).copied().unwrap_or(steps.len()));
            Some(Timeline::new(steps, begin..end, (turned.pair, &[]), &task_names(scenario, steps), None))
        });
        let before = block.map(|block| Expectation::of(&scenario_before(scenario, block)));
        let before = before.as_ref().map(Expectation::final_ledger);
        let transactions = content.map_or_else(Vec::new, |block| transaction_lines(block, &names, expected, observed));
        let levels = content.map(|block| batches(&block.transactions, &scenario.genesis.burned)).unwrap_or_default();
        let balances =
            before.zip(content).map_or_else(Vec::new, |(before, block)| balances(scenario, before, block, &names));
        let state = before.map_or_else(Vec::new, |before| state_lines(&retraced.state, before, &names));
        Self {
            artifact,
            again: artifact.replay_command(file.as_ref()),
            retraced,
            block,
            transactions,
            balances,
            state,
            levels,
            conflicts: content.map_or_else(Vec::new, |block| conflicts(block, &names)),
            differing,
            equal: equal.iter().map(|field| names.shorten(field)).collect(),
            timeline,
            turned,
            names,
        }
    }

    /// Names another command that runs the case again, for who knows of one.
    pub fn again(self, command: impl Into<String>) -> Self {
        Self { again: command.into(), ..self }
    }

    /// What is wrong, in one line.
    pub(super) fn title(&self) -> String {
        let kind = match self.artifact.violation.oracle {
            Oracle::Deadlock => "Deadlock",
            Oracle::LostWakeup => "Lost wake-up",
            Oracle::Livelock => "Execution without end",
            Oracle::Panic => "Panic",
            Oracle::Receipts => "Wrong outcome",
            Oracle::State => "Wrong state",
            Oracle::Versions => "Wrong history",
            Oracle::Figures => "Wrong figures of a block",
            Oracle::Marks => "Wrong marks of transactions",
            Oracle::Invariants => "Broken invariant",
            Oracle::Writes => "Wrong writes",
            Oracle::Determinism => "Runs that differ",
            Oracle::Parallelism => "Not parallel as promised",
            Oracle::Hang => "No answer in time",
            Oracle::Crash => "The subject ended",
            Oracle::Protocol => "No answer that is one",
            Oracle::Faults => "Neither undone nor done after a fault",
        };
        let field = self.field();
        let difference = &self.artifact.violation.difference;
        let values = self.differing.first().map(|first| (self.value(&first.expected), self.actual(first), first));
        match values {
            Some((expected, actual, first)) if expected.len() + actual.len() < 70 => {
                let name = if first.field.is_empty() || difference.field.names_member(&first.field) {
                    String::new()
                } else {
                    format!(" {},", self.names.shorten(&first.field))
                };
                let distance = first.distance().map(|distance| format!(" ({distance})")).unwrap_or_default();
                format!("{kind}: {field},{name} {actual} instead of {expected}{distance}")
            }
            _ => format!("{kind}: {field}"),
        }
    }

    /// The name of one of the differing fields.
    pub(super) fn name_of(&self, difference: &FieldDifference) -> String {
        if difference.field.is_empty() { self.field() } else { self.names.shorten(&difference.field) }
    }

    /// The value of a differing field when the block began, if it is one of the state.
    pub(super) fn before(&self, difference: &FieldDifference) -> Option<&str> {
        let field = &self.artifact.violation.difference.field;
        let is_it = |line: &&StateLine| line.field == *field && line.member == difference.field;
        self.state.iter().find(is_it).map(|line| &*line.before)
    }

    /// What of the state differs beside the field that the violation names.
    pub(super) fn further_state(&self) -> Vec<&StateLine> {
        let named = &self.artifact.violation.difference.field;
        self.state.iter().filter(|line| line.field != *named).collect()
    }

    /// What a task waits for that can never go on.
    pub(super) fn waits(&self, timeline: &Timeline<'_>, waiting: &Waiting) -> String {
        format!("{} waits for {}", timeline.name(waiting.task), self.names.shorten(&waiting.on.to_string()))
    }

    /// What differs, with short names.
    pub(super) fn field(&self) -> String {
        self.names.shorten(&self.artifact.violation.difference.field.to_string())
    }

    /// A value with short names.
    pub(super) fn value(&self, text: &str) -> String {
        if text.is_empty() { "(none)".to_owned() } else { self.names.shorten(text) }
    }

    /// What was found. Tasks that can never go on have the names of their lanes.
    pub(super) fn actual(&self, difference: &FieldDifference) -> String {
        let waiting = self.timeline.iter().flat_map(|timeline| timeline.waiting.iter().map(move |one| (timeline, one)));
        let waits: Vec<String> = waiting.map(|(timeline, one)| self.waits(timeline, one)).collect();
        if waits.is_empty() { self.value(&difference.actual) } else { waits.join("; ") }
    }

    /// Block, topoheight and transactions, in words.
    pub(super) fn place(&self) -> String {
        let place = &self.artifact.violation.difference.place;
        let mut words = Vec::new();
        words.extend(place.block.map(|block| format!("block {block}")));
        words.extend(place.topoheight.map(|topoheight| format!("topoheight {topoheight}")));
        let all: Vec<String> = place.transactions.iter().take(12).map(|tx_index| format!("tx {tx_index}")).collect();
        if !all.is_empty() {
            let more = place.transactions.len() - all.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            words.push(all.join(", ") + &more);
        }
        if words.is_empty() { "the whole run".to_owned() } else { words.join(", ") }
    }

    /// Where it was found and how it was run, as name and value.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let origin = &self.artifact.origin;
        let plain = |text: &str| self.names.shorten(text);
        let mut facts = vec![
            ("subject", plain(&self.artifact.subject)),
            ("found by", format!("{}, seed {}, index {}", plain(&origin.found_by), origin.seed, origin.index)),
            ("build", plain(&self.artifact.build)),
        ];
        if let Some(schedule) = &self.artifact.schedule {
            let workers = match schedule.workers {
                0 => "a worker for each task".to_owned(),
                workers => format!("{workers} workers"),
            };
            let switches = schedule.choices.context_switches();
            facts.push((
                "schedule",
                format!(
                    "at most {} tasks at a time, {workers}, {} shards, placement {}; {} steps, {switches} switches, by {}",
                    schedule.max_parallelism,
                    schedule.shards,
                    schedule.placement_seed,
                    schedule.choices.0.len(),
                    plain(&schedule.strategy),
                ),
            ));
        } else {
            let explanation = self.retraced.explanation.as_ref();
            let is_needless = explanation.is_some_and(|explanation| explanation.anomaly == Anomaly::EverySchedule);
            let words = if is_needless { "none is needed" } else { "none recorded" };
            facts.push(("schedule", words.to_owned()));
        }
        if let Some(smaller) = &self.artifact.smaller {
            let (before, after) = smaller.transactions;
            let minimal = if smaller.is_one_minimal { "; nothing more can be removed" } else { "" };
            facts.push(("made smaller", format!("{before} transactions to {after}, {} tries{minimal}", smaller.tries)));
        }
        if let Some(rate) = self.artifact.rate {
            facts.push(("shows", format!("in {rate} repetitions")));
        }
        if let Some(AskedWith { workers, seed }) = self.artifact.asked {
            let plural = if workers == 1 { "" } else { "s" };
            facts.push(("asked with", format!("{workers} worker{plural}, seed {seed}")));
        }
        facts
    }

    /// Accounts of the block with their short names, and what part each has beside sending and receiving.
    pub(super) fn accounts(&self) -> Vec<(String, AccountKey, &'static str)> {
        let Some(block) = self.content() else { return Vec::new() };
        let dev = self.artifact.scenario.parameters.dev_account;
        let touched =
            block.transactions.iter().flat_map(|transaction| footprint(&transaction.body).accounts.into_keys());
        let role = |account: AccountKey| match (account == block.miner, account == dev) {
            (true, true) => " (miner and dev)",
            (true, false) => " (miner)",
            (false, true) => " (dev)",
            (false, false) => "",
        };
        let legend = self.names.legend(touched.chain([block.miner, dev]));
        legend.into_iter().map(|(name, account)| (name, account, role(account))).collect()
    }

    /// The block that goes wrong.
    pub(super) fn content(&self) -> Option<&'a Block> {
        self.artifact.scenario.blocks().nth(self.block?)
    }
}
