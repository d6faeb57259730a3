//! Violations that need no interleaving: the first point at which subject and reference part.

use seriatim_explore::{Ending, Schedule};
use seriatim_lab::compare::Violation;
use seriatim_lab::workload::{Scenario, Step};

use super::inquiry::{Inquiry, Outcome};
use super::words::{Words, sentence, wrong};
use super::{Anomaly, Explanation, stuck};

/// Placements of keys in maps beside the schedule's own.
const PLACEMENTS: u64 = 8;

/// The straight schedule shows it, under the inputs of `like`.
pub(super) fn explain(inquiry: &Inquiry<'_>, like: &Schedule) -> Explanation {
    let agreeing = (0..PLACEMENTS).find(|&placement_seed| {
        let other = Schedule { placement_seed, ..like.clone() };
        placement_seed != like.placement_seed && inquiry.straight(&other) == Outcome::Agrees
    });
    let alone = Schedule { max_parallelism: 1, ..like.clone() };
    let extent = if agreeing.is_none() && inquiry.straight(&alone) == Outcome::Same {
        "it shows always, also with one worker."
    } else {
        "with tasks one after another, each from its beginning to its end, it is wrong already."
    };
    let mut sentences = vec![format!("No interleaving is needed: {extent}")];
    sentences.extend(first_parting(inquiry, like));
    let Some(placement_seed) = agreeing else {
        return Explanation::told(Anomaly::EverySchedule, sentences);
    };
    sentences.push(format!(
        "It depends on how keys lie in maps: the same schedule with placement seed {placement_seed} instead of {} agrees, so \
         the order in which a map iterates shows in the result.",
        like.placement_seed
    ));
    Explanation::told(Anomaly::OrderLeak, sentences)
}

/// Nobody knows under which schedule it was seen.
pub(super) fn without_schedule(inquiry: &Inquiry<'_>) -> Explanation {
    let like = [2, 1, 8].map(|max_parallelism| Schedule { max_parallelism, ..Schedule::straight() });
    if let Some(like) = like.iter().find(|like| inquiry.straight(like) == Outcome::Same) {
        let straight = (inquiry.subject)(inquiry.scenario).straight(like);
        if straight.ending == Ending::Complete {
            return explain(inquiry, like);
        }
        let traced = inquiry.traced(&straight.schedule);
        let words = Words::new(inquiry.scenario, &traced.steps);
        if let Some(unended) = stuck::explain_ending(inquiry, &traced, &straight.ending, &words) {
            return unended;
        }
    }
    let sentences = vec![
        format!("It was seen on {}, without a schedule that could be followed again.", inquiry.violation.subject),
        "With tasks one after another it does not show: either it takes an interleaving, which can be looked for with \
         `seriatim explore`, or it belongs to that subject alone."
            .to_owned(),
        wrong(&inquiry.violation),
    ];
    Explanation::told(Anomaly::Unnamed, sentences)
}

/// The smallest beginning of the scenario that is wrong under the straight schedule.
fn first_parting(inquiry: &Inquiry<'_>, like: &Schedule) -> Vec<String> {
    let shown = |scenario: &Scenario| (inquiry.subject)(scenario).straight(like).verdict.into_violation();
    let block_count = inquiry.scenario.blocks().count();
    let blocks = boundary(block_count, |blocks| shown(&prefix(inquiry.scenario, blocks, None)).is_some());
    let Some(last) = blocks.checked_sub(1) else { return vec![wrong(&inquiry.violation)] };
    let tx_count = inquiry.scenario.blocks().nth(last).map_or(0, |block| block.transactions.len());
    let with = |transactions| shown(&prefix(inquiry.scenario, blocks, Some(transactions)));
    let transactions =
        if with(0).is_some() { 0 } else { boundary(tx_count, |transactions| with(transactions).is_some()) };
    let Some(violation) = with(transactions) else { return vec![wrong(&inquiry.violation)] };
    let names = |transaction: usize| {
        let block = inquiry.scenario.blocks().nth(last);
        let payload =
            block.and_then(|block| block.transactions.get(transaction)).map(|transaction| &transaction.body.data);
        payload.map_or_else(|| "?".to_owned(), |payload| seriatim_lab::compare::payload_name(payload).to_owned())
    };
    let mut sentences = Vec::new();
    match transactions.checked_sub(1) {
        None => sentences.push(format!("Block {last} is wrong even without its transactions.")),
        Some(0) => {
            sentences.push(format!("Block {last} with tx 0 ({}) alone is wrong; without it all agree.", names(0)));
        }
        Some(tx) => sentences.push(format!(
            "Up to tx {} of block {last} all agree; with tx {tx} ({}) they part.",
            tx - 1,
            names(tx)
        )),
    }
    sentences.push(wrong(&violation));
    sentences.extend(also(inquiry, &violation));
    sentences
}

/// The whole scenario's difference, if it is another.
fn also(inquiry: &Inquiry<'_>, smaller: &Violation) -> Option<String> {
    let same =
        smaller.oracle == inquiry.violation.oracle && smaller.difference.field == inquiry.violation.difference.field;
    (!same).then(|| sentence(format!("In the whole scenario it shows at another place. {}", wrong(&inquiry.violation))))
}

/// A number up to `most` at which something is wrong that is not wrong at one less; the last if none below is wrong.
fn boundary(most: usize, mut wrong: impl FnMut(usize) -> bool) -> usize {
    let (mut right, mut known_wrong) = (0, most);
    while right + 1 < known_wrong {
        let middle = right.midpoint(known_wrong);
        if wrong(middle) {
            known_wrong = middle;
        } else {
            right = middle;
        }
    }
    known_wrong
}

/// The steps up to so many blocks, the last of them with so many transactions.
fn prefix(scenario: &Scenario, blocks: usize, transactions: Option<usize>) -> Scenario {
    let mut left = blocks;
    let mut steps = Vec::new();
    for step in &scenario.steps {
        if left == 0 {
            break;
        }
        match step {
            Step::Run(run) => {
                let taken = run.len().min(left);
                left -= taken;
                let mut run = run[..taken].to_vec();
                if let (0, Some(count), Some(block)) = (left, transactions, run.last_mut()) {
                    block.transactions.truncate(count);
                }
                steps.push(Step::Run(run));
            }
            Step::Rewind(to) => steps.push(Step::Rewind(*to)),
        }
    }
    Scenario { steps, ..scenario.clone() }
}
