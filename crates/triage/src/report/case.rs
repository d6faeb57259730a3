//! What a report is about, gathered once for text and page: the block that goes wrong, its transactions and their outcomes,
//! the balances they start from, what conflicts with what, and the recorded operations.

use std::collections::{BTreeMap, BTreeSet};

use crate::explain::{Explanation, task_names};
use seriatim_explore::Ending;
use seriatim_explore::model::{Step, Waiting};
use seriatim_lab::compare::{FieldDifference, Fields, Oracle};
use seriatim_lab::drive::{Observation, ObservedBlock};
use seriatim_lab::workload::{Applied, Expectation, Scenario, Step as ScenarioStep};
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{AccountKey, AssetId, Block, FeeType, Payload, Receipt, Transaction};
use seriatim_tos::storage::{StateKey, StateValue};

use super::names::Names;
use super::points::FaultPoints;
use super::timeline::{Timeline, block_begins};
use super::{Artifact, Rate};

/// What running an artifact again showed, beside the artifact itself.
#[derive(Debug, Default)]
pub struct Retraced {
    /// Operations in the order in which they happened; empty: none are known.
    pub steps: Vec<Step>,
    pub ending: Option<Ending>,
    /// What the subject did, if it is one of the project's own and came to its end.
    pub observation: Option<Observation>,
    pub explanation: Option<Explanation>,
    /// The points of a violation under a fault, in place of operations.
    pub points: Option<FaultPoints>,
    /// What the reader must know of where the operations come from, or why there are none.
    pub note: Option<String>,
}

/// An artifact made ready to be shown.
#[derive(Debug)]
pub struct Report<'a> {
    pub(super) artifact: &'a Artifact,
    /// The artifact's file, for the command that replays it.
    pub(super) file: String,
    pub(super) retraced: &'a Retraced,
    pub(super) names: Names,
    /// Position of the block in the scenario; None: it has no blocks.
    pub(super) block: Option<usize>,
    pub(super) transactions: Vec<TransactionLine>,
    /// Values of the accounts that the block may touch.
    pub(super) balances: Vec<BalanceLine>,
    /// The levels of the conflict graph.
    pub(super) batches: Vec<Vec<usize>>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) differing: Vec<FieldDifference>,
    pub(super) equal: Vec<String>,
    pub(super) timeline: Option<Timeline<'a>>,
}

/// One transaction in words.
#[derive(Debug)]
pub(super) struct TransactionLine {
    pub source: String,
    pub does: String,
    pub fee: String,
    pub nonce: u64,
    pub expected: String,
    /// None: the subject's outcome is not known.
    pub actual: Option<String>,
}

/// One balance, at genesis and when the block begins.
#[derive(Debug)]
pub(super) struct BalanceLine {
    pub account: String,
    /// An asset, or, after an account's balances, the nonce.
    pub asset: String,
    pub genesis: Option<u64>,
    pub before: Option<u64>,
}

/// Two transactions that share accounts, none in between using the same one.
#[derive(Debug)]
pub(super) struct Conflict {
    pub earlier: usize,
    pub later: usize,
    pub shared: Vec<String>,
}

impl<'a> Report<'a> {
    /// Gathers what `artifact`, read from `file`, and running it again say.
    pub fn new(artifact: &'a Artifact, file: impl Into<String>, retraced: &'a Retraced) -> Self {
        let scenario = &artifact.scenario;
        let expectation = Expectation::of(scenario);
        let attempted: Vec<_> = expectation.walk(scenario).map(|(number, _, outcome)| (number, outcome)).collect();
        let begins = block_begins(&retraced.steps);
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
            let guilty = retraced.explanation.as_ref().and_then(|explanation| explanation.guilty);
            Timeline::new(&retraced.steps, begins[position]..end, guilty, &named, retraced.ending.as_ref())
        });
        let transactions = content.map_or_else(Vec::new, |block| transaction_lines(block, &names, expected, observed));
        let batches = content.map(|block| batches(&block.transactions, &scenario.genesis.burned)).unwrap_or_default();
        let balances = block.zip(content).map_or_else(Vec::new, |(at, block)| balances(scenario, at, block, &names));
        Self {
            artifact,
            file: file.into(),
            retraced,
            block,
            transactions,
            balances,
            batches,
            conflicts: content.map_or_else(Vec::new, |block| conflicts(block, &names)),
            differing,
            equal: equal.iter().map(|field| names.shorten(field)).collect(),
            timeline,
            names,
        }
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
            Oracle::Faults => "Not as before, nor as after, a fault",
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
        let waits =
            |(timeline, one): (&Timeline<'_>, &Waiting)| format!("{} waits for {}", timeline.name(one.task), one.on);
        let waits: Vec<String> = waiting.map(waits).collect();
        if waits.is_empty() { self.value(&difference.actual) } else { self.names.shorten(&waits.join("; ")) }
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
            facts.push(("schedule", "none recorded".to_owned()));
        }
        if let Some(smaller) = &self.artifact.smaller {
            let (before, after) = smaller.transactions;
            let minimal = if smaller.is_one_minimal { "; nothing more can be removed" } else { "" };
            facts.push(("made smaller", format!("{before} transactions to {after}, {} tries{minimal}", smaller.tries)));
        }
        if let Some(Rate { shown, times, .. }) = self.artifact.rate {
            facts.push((
                "shows",
                format!("in {shown} of {times} repetitions, with different seeds and numbers of workers"),
            ));
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

fn transaction_lines(
    block: &Block,
    names: &Names,
    expected: Option<&Applied>,
    observed: Option<&ObservedBlock>,
) -> Vec<TransactionLine> {
    let line = |(index, transaction): (usize, &Transaction)| {
        let outcome = |receipts: &Vec<Receipt>| receipts.get(index).map(|receipt| outcome(receipt, names));
        let expected = match expected {
            Some(Ok(receipts)) => outcome(receipts).unwrap_or_default(),
            Some(Err(abort)) => format!("block aborted: {abort}"),
            None => "not run".to_owned(),
        };
        let actual = observed.map(|block| match &block.outcome {
            Ok(receipts) => outcome(receipts).unwrap_or_else(|| "no receipt".to_owned()),
            Err(failure) => names.shorten(&failure.to_string()),
        });
        transaction_line(transaction, names, expected, actual)
    };
    block.transactions.iter().enumerate().map(line).collect()
}

fn transaction_line(
    transaction: &Transaction,
    names: &Names,
    expected: String,
    actual: Option<String>,
) -> TransactionLine {
    let body = &transaction.body;
    let does = match &body.data {
        Payload::Transfers(transfers) => {
            let shown = transfers.iter().take(4).map(|transfer| {
                let (to, asset) = (names.of_account(&transfer.destination), names.of_asset(&transfer.asset));
                format!("{} {asset} to {to}", transfer.amount)
            });
            let shown: Vec<String> = shown.collect();
            let more = transfers.len() - shown.len();
            let more = if more > 0 { format!(" and {more} more transfers") } else { String::new() };
            format!("pays {}{more}", if shown.is_empty() { "nobody".to_owned() } else { shown.join(", ") })
        }
        Payload::Burn { asset, amount } => format!("burns {amount} {}", names.of_asset(asset)),
        Payload::MultiSig { threshold, participants } => {
            format!("sets its multisig to {threshold} of {}", participants.len())
        }
        Payload::FreezeTos { amount, days } => format!("freezes {amount} TOS for {days} days"),
        Payload::UnfreezeTos { amount } => format!("unfreezes {amount} TOS"),
    };
    let fee = if body.fee_type == FeeType::Tos { body.fee.to_string() } else { "energy".to_owned() };
    let source = names.of_account(&body.source);
    TransactionLine { source, does, fee, nonce: body.nonce, expected, actual }
}

fn outcome(receipt: &Receipt, names: &Names) -> String {
    match receipt {
        Receipt::Executed { fee, energy: 0, .. } => format!("executed, fee {fee}"),
        Receipt::Executed { energy, .. } => format!("executed, energy {energy}"),
        Receipt::Orphaned { error, .. } => names.shorten(&format!("orphaned, {error}")),
        Receipt::Skipped { .. } => "skipped".to_owned(),
    }
}

/// What the block's accounts own in what it may touch, at genesis and, by the reference, when the block begins.
fn balances(scenario: &Scenario, at: usize, block: &Block, names: &Names) -> Vec<BalanceLine> {
    let mut keys: BTreeSet<(AccountKey, AssetId)> = BTreeSet::new();
    for transaction in &block.transactions {
        for (account, assets) in footprint(&transaction.body).accounts {
            keys.extend(assets.into_iter().map(|asset| (account, asset)));
        }
    }
    let before = Expectation::of(&scenario_before(scenario, at));
    let mut lines: Vec<BalanceLine> = keys
        .into_iter()
        .map(|(account, asset)| BalanceLine {
            account: names.of_account(&account),
            asset: names.of_asset(&asset),
            genesis: scenario.genesis.accounts.get(&account).and_then(|known| known.balances.get(&asset)).copied(),
            before: match before.final_ledger().newest_value(&StateKey::Balance(account, asset)) {
                Some(StateValue::Amount(amount)) => Some(*amount),
                _ => None,
            },
        })
        .collect();
    // Where a transaction does not take the next nonce, that one is needed to follow what became of it.
    let next = |account| match before.final_ledger().newest_value(&StateKey::Nonce(account)) {
        Some(StateValue::Nonce(nonce)) => *nonce,
        _ => 0,
    };
    let skipping = block.transactions.iter().map(|tx| &tx.body).filter(|body| body.nonce != next(body.source));
    let sources: BTreeSet<_> = skipping.map(|body| body.source).collect();
    lines.extend(sources.into_iter().map(|account| BalanceLine {
        account: names.of_account(&account),
        asset: "next nonce".to_owned(),
        genesis: scenario.genesis.accounts.get(&account).map(|known| known.nonce),
        before: Some(next(account)),
    }));
    lines.sort_by_key(|line| (line.account.len(), line.account.clone(), line.asset != "TOS", line.asset.clone()));
    lines
}

/// The scenario up to its block number `at`.
fn scenario_before(scenario: &Scenario, at: usize) -> Scenario {
    let mut left = at;
    let mut steps = Vec::new();
    for step in &scenario.steps {
        match step {
            ScenarioStep::Run(blocks) if blocks.len() > left => {
                steps.push(ScenarioStep::Run(blocks[..left].to_vec()));
                break;
            }
            ScenarioStep::Run(blocks) => left -= blocks.len(),
            ScenarioStep::Rewind(_) => {}
        }
        steps.push(step.clone());
    }
    let (parameters, genesis) = (scenario.parameters.clone(), scenario.genesis.clone());
    Scenario { version: scenario.version, parameters, genesis, steps }
}

/// Each transaction that uses an account and the next one that does, for each account: as many as footprints are large.
fn conflicts(block: &Block, names: &Names) -> Vec<Conflict> {
    let mut last_user: BTreeMap<AccountKey, usize> = BTreeMap::new();
    let mut shared: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (tx_index, transaction) in block.transactions.iter().enumerate() {
        for account in footprint(&transaction.body).accounts.into_keys() {
            if let Some(earlier) = last_user.insert(account, tx_index) {
                shared.entry((earlier, tx_index)).or_default().push(names.of_account(&account));
            }
        }
    }
    shared.into_iter().map(|((earlier, later), shared)| Conflict { earlier, later, shared }).collect()
}
