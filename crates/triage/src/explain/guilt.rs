//! The guilty pair: two conflicting accesses such that the other way round the verdict is another.
//!
//! For each pair there are two ways to turn it round, both by moving choices of one task: the second task runs as far as
//! its access before the first one's, or the first task waits at its access until the second is through. The pair that
//! turns the verdict with the fewest choices moved is guilty, an agreement before another violation. To tell it from
//! chance, pair and control are also run straight on after the second access: in the recorded order that must still show
//! the violation, the other way round it must not.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_explore::Schedule;
use seriatim_explore::model::{Action, Object, Step};

use super::access::{Access, accesses, lives};
use super::inquiry::{Inquiry, Outcome, with_choices};
use super::pattern::recognise;
use super::words::{Words, sentence, wrong};
use super::{Anomaly, Explanation, Turned};

/// Pairs that are tried, the smallest reorderings first.
const MOST_MOVES: usize = 1_500;

/// One way to turn a pair round.
#[derive(Clone, Copy, Debug)]
struct Move {
    /// Positions among the accesses, in the order in which they happened.
    first: usize,
    second: usize,
    /// Whether the second task is brought forward, else the first is held back.
    forward: bool,
    /// Choices that change places, and how far the accesses are apart.
    cost: usize,
    apart: usize,
}

/// A pair that turns the verdict.
struct Guilty {
    first: usize,
    second: usize,
    turned: Outcome,
    /// The execution the other way round.
    other_way: Turned,
}

pub(super) fn explain(inquiry: &Inquiry<'_>, traced: &Schedule, words: &Words<'_>) -> Explanation {
    let accesses = accesses(&traced.steps);
    let Some(Guilty { first, second, turned, other_way }) = find(inquiry, traced, &accesses) else {
        let mut sentences = vec![
            "It takes an interleaving: with tasks one after another it does not show.".to_owned(),
            "No two accesses were found whose order alone makes the difference.".to_owned(),
        ];
        sentences.push(wrong(&inquiry.violation));
        return Explanation::told(Anomaly::Unnamed, sentences);
    };
    let pattern = recognise(&traced.steps, &accesses, first, second);
    let (first, second) = (&accesses[first], &accesses[second]);
    let mut sentences: Vec<String> = pattern.story.iter().map(|&step| words.access(step)).collect();
    sentences.push(words.what_happened(pattern.anomaly, first, second, &pattern.story));
    sentences.extend(words.side_by_side(first, second));
    sentences.push(wrong(&inquiry.violation));
    let agrees = turned == Outcome::Agrees;
    sentences.push(match turned {
        Outcome::Agrees => {
            format!("If operation {} comes before operation {}, every oracle agrees.", second.step, first.step)
        }
        Outcome::Other(violation) => sentence(format!(
            "If operation {} comes before operation {}, something else is wrong: {violation}",
            second.step, first.step
        )),
        Outcome::Same => unreachable!("a guilty pair turns the verdict"),
    });
    let guilty = Some((first.step, second.step));
    let turned = agrees.then_some(other_way);
    Explanation { anomaly: pattern.anomaly, guilty, story: pattern.story, turned, sentences }
}

fn find(inquiry: &Inquiry<'_>, traced: &Schedule, accesses: &[Access<'_>]) -> Option<Guilty> {
    let choices = &traced.choices.0;
    let mut best: Option<((bool, bool, usize), Guilty)> = None;
    for moved in moves(traced, accesses) {
        if best.as_ref().is_some_and(|((unsure, other, cost), _)| !unsure && !other || moved.cost > 4 * cost + 8) {
            break;
        }
        let (turned, length) = turn(choices, accesses, moved);
        let rest = choices[accesses[moved.second].at + 1..].iter();
        let whole = turned.iter().chain(rest).copied().collect();
        let Some(outcome) = inquiry.try_choices(traced, whole) else { break };
        if outcome == Outcome::Same {
            continue;
        }
        let Some(other_way) = other_way(inquiry, traced, accesses, moved, &turned) else { continue };
        let control = inquiry.try_choices(traced, choices[..=accesses[moved.second].at].to_vec());
        let cut = inquiry.try_choices(traced, turned[..length].to_vec());
        let sure = control == Some(Outcome::Same) && cut.is_some_and(|cut| cut != Outcome::Same);
        let rank = (!sure, outcome != Outcome::Agrees, moved.cost);
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, Guilty { first: moved.first, second: moved.second, turned: outcome, other_way }));
        }
    }
    best.map(|(_, guilty)| guilty)
}

/// All pairs of conflicting accesses by tasks that were there at the same time, and both ways to turn each round, the
/// smallest first.
fn moves(traced: &Schedule, accesses: &[Access<'_>]) -> Vec<Move> {
    let lives = lives(&traced.steps);
    let overlap = |a: u64, b: u64| {
        let (Some(a), Some(b)) = (lives.get(&a), lives.get(&b)) else { return false };
        a.0 < b.1 && b.0 < a.1
    };
    let count = |task: u64, from: usize, to: usize| {
        traced.choices.0[from..=to].iter().filter(|&&choice| u64::from(choice) == task).count()
    };
    let hands_out = handing_out(&traced.steps);
    let mut moves = Vec::new();
    for (second, access) in accesses.iter().enumerate() {
        // Nearest first; of a long schedule only what lies near.
        let before = accesses[..second].iter().enumerate().rev().filter(|(_, other)| other.conflicts(access));
        for (first, other) in before.filter(|(_, other)| overlap(other.task, access.task)).take(16) {
            let apart = access.at - other.at;
            for (forward, task) in [(true, access.task), (false, other.task)] {
                moves.push(Move { first, second, forward, cost: count(task, other.at, access.at), apart });
            }
        }
    }
    // Who gets which work is decided somewhere, and another order there changes a lot without being to blame.
    let is_about_work = |moved: &Move| hands_out.contains(&accesses[moved.first].object);
    moves.sort_by_key(|moved| {
        (is_about_work(moved), moved.cost, moved.apart, moved.first, moved.second, !moved.forward)
    });
    moves.truncate(MOST_MOVES);
    moves
}

/// How many steps a task takes at most from an access by which it gets work until it begins that work.
const UNTIL_WORK: usize = 3;

/// The objects that tasks touch only to get their next work: each access is followed at once by the work, or by the task's
/// end.
fn handing_out(steps: &[Step]) -> BTreeSet<Object<'_>> {
    let mut of_object: BTreeMap<Object<'_>, bool> = BTreeMap::new();
    for (position, step) in steps.iter().enumerate().filter(|(_, step)| step.task != 0) {
        let Some(object) = step.action.object().filter(|object| !matches!(object, Object::Ends(_))) else { continue };
        let mut later = steps[position + 1..].iter().filter(|later| later.task == step.task).take(UNTIL_WORK);
        let is_followed = later.any(|later| matches!(later.action, Action::WorkOn { .. } | Action::End { .. }));
        // Giving back is no access of its own.
        if !matches!(step.action, Action::Unlock { .. } | Action::Release { .. }) {
            *of_object.entry(object).or_insert(true) &= is_followed;
        }
    }
    of_object.into_iter().filter(|(_, hands_out)| *hands_out).map(|(object, _)| object).collect()
}

/// The choices up to the second access with the pair turned round, and how many of them it takes until both accesses are
/// done.
fn turn(choices: &[u32], accesses: &[Access<'_>], moved: Move) -> (Vec<u32>, usize) {
    let (first, second) = (&accesses[moved.first], &accesses[moved.second]);
    let (before, between) = (&choices[..first.at], &choices[first.at..=second.at]);
    let task = if moved.forward { second.task } else { first.task };
    let (own, others): (Vec<u32>, Vec<u32>) = between.iter().partition(|&&choice| u64::from(choice) == task);
    let (early, late) = if moved.forward { (own, others) } else { (others, own) };
    // The first choice after those brought forward is the first access again.
    let length = before.len() + early.len() + 1;
    (before.iter().copied().chain(early).chain(late).collect(), length)
}

/// The execution in which the two accesses have changed places. None: they have not, since a task had to wait or went
/// another way.
fn other_way(
    inquiry: &Inquiry<'_>,
    traced: &Schedule,
    all: &[Access<'_>],
    moved: Move,
    turned: &[u32],
) -> Option<Turned> {
    let (first, second) = (&all[moved.first], &all[moved.second]);
    let rest = &traced.choices.0[second.at + 1..];
    let schedule = inquiry.traced(&with_choices(traced, turned.iter().chain(rest).copied().collect()));
    let again = accesses(&schedule.steps);
    let of = |accesses: &[Access<'_>], wanted: &Access<'_>, before: usize| {
        let same = |access: &&Access<'_>| access.task == wanted.task && access.object == wanted.object;
        accesses.iter().take_while(|access| access.step < before).filter(same).count()
    };
    // The same of the task's accesses to the object, in order.
    let place = |wanted: &Access<'_>| {
        let same = |access: &&Access<'_>| access.task == wanted.task && access.object == wanted.object;
        again.iter().filter(same).nth(of(all, wanted, wanted.step)).map(|access| access.step)
    };
    let (second, first) = (place(second)?, place(first));
    if first.is_some_and(|first| first <= second) {
        return None;
    }
    Some(Turned { pair: first.map(|first| (second, first)), schedule })
}
