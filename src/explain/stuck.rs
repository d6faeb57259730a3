//! Executions that do not come to their end: who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::Oracle;
use crate::explore::Schedule;
use crate::runtime::model::{A_WORKER, Step, Waiting};

use super::access::{is_shard, lives};
use super::case::{Case, Outcome};
use super::words::{Words, sentence};
use super::{Anomaly, Explanation};

/// A circle of tasks that wait for each other, or a wait that nobody ends.
pub(super) fn explain(case: &Case<'_>, told: &Schedule, waiting: &[Waiting], words: &Words<'_>) -> Explanation {
    let circle = circle(&told.steps, waiting);
    match circle {
        Some(circle) if case.violation.oracle == Oracle::Deadlock => deadlock(case, told, &circle, words),
        _ => unended(case, told, waiting, words),
    }
}

/// One link: a task waits for what another, or it itself, holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    task: u64,
    waits_for: String,
    holder: u64,
    /// Where the holder took it.
    taken: usize,
}

fn deadlock(case: &Case<'_>, told: &Schedule, circle: &[Link], words: &Words<'_>) -> Explanation {
    let mut order: Vec<&Link> = circle.iter().collect();
    order.sort_by_key(|link| link.taken);
    let mut sentences: Vec<String> = order.iter().map(|link| taking(told, link.taken, words)).collect();
    for Link { task, waits_for, holder, .. } in circle {
        let holder =
            if task == holder { "it holds itself".to_owned() } else { format!("{} holds", words.who(*holder)) };
        sentences.push(sentence(format!("{} waits for {waits_for}, which {holder}", words.who(*task))));
    }
    sentences.push(match circle {
        [_] => "It waits for itself, so neither it nor anybody behind it can ever go on.".to_owned(),
        _ => "They wait for each other in a circle, so none of them can ever go on.".to_owned(),
    });
    sentences.push(one_after_another(case, told, &order, words));
    Explanation { anomaly: Anomaly::DeadlockCycle, guilty: None, sentences }
}

/// Who took what, and what for: a shard is locked for a key.
fn taking(told: &Schedule, taken: usize, words: &Words<'_>) -> String {
    let step = &told.steps[taken];
    let next = told.steps.get(taken + 1).filter(|next| next.task == step.task && next.at == step.at);
    let later = || told.steps[taken..].iter().filter(|later| later.task == step.task);
    let keeps = match later().rev().find(|later| later.operation == "load") {
        Some(load) => format!("and keeps it while it asks storage for {}", load.object),
        None if later().any(|later| later.operation == "suspend") => "and keeps it while it suspends".to_owned(),
        None => "and keeps it".to_owned(),
    };
    match next {
        Some(next) if is_shard(&step.object) => sentence(format!(
            "{} takes the lock of {} for `{}` {keeps}",
            words.who(step.task),
            step.object,
            next.object
        )),
        _ => sentence(format!("{} {} {keeps}", words.who(step.task), words.did(taken))),
    }
}

/// What comes of it when the first to take something goes on before the last does.
fn one_after_another(case: &Case<'_>, told: &Schedule, order: &[&Link], words: &Words<'_>) -> String {
    let (Some(first), Some(last)) = (order.first(), order.last()) else { return String::new() };
    if first.holder != last.holder {
        let before_last = told.steps[last.taken].at;
        let mut choices = told.choices.0[..before_last].to_vec();
        // Until it ends, or waits for something else.
        choices.extend(std::iter::repeat_n(first.holder as u32, told.choices.0.len()));
        if case.try_choices(told, choices) == Some(Outcome::Agrees) {
            let (one, other) = (words.who(first.holder), words.who(last.holder));
            return sentence(format!("If {one} runs on before {other} takes its part, every oracle agrees"));
        }
    }
    match case.straight(told) {
        Outcome::Agrees => "With tasks one after another, every oracle agrees.".to_owned(),
        Outcome::Same => "No interleaving is needed: with tasks one after another it ends the same way.".to_owned(),
        Outcome::Other(violation) => {
            sentence(format!("With tasks one after another, something else is wrong: {violation}"))
        }
    }
}

/// Tasks that wait, and what might have ended their wait.
fn unended(case: &Case<'_>, told: &Schedule, waiting: &[Waiting], words: &Words<'_>) -> Explanation {
    let anomaly = if case.violation.oracle == Oracle::Deadlock { Anomaly::Unnamed } else { Anomaly::LostWakeup };
    let mut sentences = vec!["Nothing can run any more.".to_owned()];
    let holders = holders(&told.steps);
    for Waiting { task, for_what, .. } in waiting.iter().take(8) {
        let owed = owed(&told.steps, for_what, &holders, words);
        sentences.push(sentence(format!("{} waits for {for_what}{owed}", words.who(*task))));
    }
    // Who neither ended nor waits for anything that the model knows of waits to be woken by something else.
    let known: BTreeSet<u64> = waiting.iter().map(|waiting| waiting.task).collect();
    let unended = lives(&told.steps).into_iter().filter(|(_, (_, end))| *end == usize::MAX).map(|(task, _)| task);
    for task in unended.filter(|task| !known.contains(task)).take(8) {
        let last = told.steps.iter().rposition(|step| step.task == task && step.operation != "suspend");
        let last = last.map_or("never began".to_owned(), |last| {
            format!("{}; after that it sleeps, and nobody wakes it", words.did(last))
        });
        sentences.push(sentence(format!("{} {last}", words.who(task))));
    }
    if matches!(case.straight(told), Outcome::Same) {
        sentences.push("No interleaving is needed: with tasks one after another it ends the same way.".to_owned());
    }
    Explanation { anomaly, guilty: None, sentences }
}

/// Who should have ended a wait.
fn owed(steps: &[Step], for_what: &str, holders: &BTreeMap<String, Vec<(u64, usize)>>, words: &Words<'_>) -> String {
    let holding = |tasks: Vec<u64>, doing: &str| {
        let names: Vec<String> = tasks.into_iter().take(4).map(|task| words.who(task)).collect();
        if names.is_empty() { String::new() } else { format!(", {doing} {}", names.join(", ")) }
    };
    if let Some(set) = for_what.strip_prefix("a task of ") {
        let lives = lives(steps);
        let running = lives.into_iter().filter(|(task, (_, end))| *task != 0 && *end == usize::MAX);
        return holding(running.map(|(task, _)| task).collect(), &format!("and of `{set}` these never end:"));
    }
    let object = awaited(for_what);
    let held = holders.get(&object).into_iter().flatten().map(|(task, _)| *task);
    holding(held.collect(), "not given back by")
}

/// The object that a wait is for, as steps name it.
fn awaited(for_what: &str) -> String {
    let text =
        for_what.strip_prefix("read access to ").or(for_what.strip_prefix("write access to ")).unwrap_or(for_what);
    if let Some(lock) = text.strip_prefix("the lock ") {
        return lock.to_owned();
    }
    if let Some((shard, rest)) = text.split_once(" of the map ") {
        let map = rest.rsplit_once(", for ").map_or(rest, |(map, _)| map);
        return format!("{shard} of {map}");
    }
    if text == A_WORKER {
        return "workers".to_owned();
    }
    text.strip_prefix("a permit of ").unwrap_or(text).to_owned()
}

/// Who holds each lock and permit at the end, and where it was taken. Permits of a semaphore that tasks bring along are
/// taken by whoever spawned them, so only those that a task takes and gives back itself are told.
fn holders(steps: &[Step]) -> BTreeMap<String, Vec<(u64, usize)>> {
    let mut holders: BTreeMap<String, Vec<(u64, usize)>> = BTreeMap::new();
    for (position, step) in steps.iter().enumerate() {
        match step.operation.as_str() {
            "read-lock" | "write-lock" | "acquire" => {
                holders.entry(step.object.clone()).or_default().push((step.task, position));
            }
            "unlock" | "release" => {
                let held = holders.entry(step.object.clone()).or_default();
                if let Some(own) = held.iter().position(|(task, _)| *task == step.task) {
                    held.remove(own);
                } else if !held.is_empty() {
                    held.remove(0);
                }
            }
            _ => {}
        }
    }
    holders
}

/// The first circle, from the lowest task on.
fn circle(steps: &[Step], waiting: &[Waiting]) -> Option<Vec<Link>> {
    let holders = holders(steps);
    let links: Vec<Link> = waiting
        .iter()
        .filter(|waiting| waiting.held_by_another)
        .flat_map(|waiting| {
            let held = holders.get(&awaited(&waiting.for_what)).into_iter().flatten();
            held.map(|(holder, taken)| Link {
                task: waiting.task,
                waits_for: waiting.for_what.clone(),
                holder: *holder,
                taken: *taken,
            })
        })
        .collect();
    links.iter().find_map(|start| close(&links, vec![start.clone()]))
}

/// Goes on from the last link's holder until it comes back to the first link's task.
fn close(links: &[Link], path: Vec<Link>) -> Option<Vec<Link>> {
    let (first, last) = (path.first()?, path.last()?);
    if last.holder == first.task {
        return Some(path);
    }
    if path.iter().any(|link| link.task == last.holder) {
        return None;
    }
    let next = links.iter().filter(|link| link.task == last.holder);
    next.cloned().find_map(|link| close(links, path.iter().cloned().chain([link]).collect()))
}

/// How many of the last steps are looked at.
const TAIL: usize = 1_000;

/// An execution that goes on and on: what is done in its last steps.
pub(super) fn livelock(case: &Case<'_>, told: &Schedule, words: &Words<'_>) -> Explanation {
    let tail = &told.steps[told.steps.len().saturating_sub(TAIL)..];
    let mut done: BTreeMap<u64, (usize, BTreeSet<String>)> = BTreeMap::new();
    for step in tail {
        let (count, operations) = done.entry(step.task).or_default();
        *count += 1;
        operations.insert(format!("{} {}", step.operation, step.object).trim_end().to_owned());
    }
    let mut sentences = vec![format!("After {} choices the execution has not come to its end.", told.choices.0.len())];
    for (task, (count, operations)) in done.iter().take(4) {
        let operations: Vec<String> = operations.iter().take(6).map(|operation| format!("`{operation}`")).collect();
        let all = format!("{count} of the last {} operations are those of {}", tail.len(), words.who(*task));
        sentences.push(sentence(format!("{all}, and nothing but {}", operations.join(", "))));
    }
    let first = done.keys().next().copied().unwrap_or_default();
    let before = told
        .steps
        .iter()
        .rposition(|step| step.task == first && !["suspend", "yield"].contains(&step.operation.as_str()));
    if let Some(before) = before {
        sentences.push(sentence(format!("the last other thing it did: {} {}", words.who(first), words.did(before))));
    }
    sentences.push(match case.straight(told) {
        Outcome::Agrees => "With tasks one after another, every oracle agrees.".to_owned(),
        Outcome::Same => "No interleaving is needed: with tasks one after another it is the same.".to_owned(),
        Outcome::Other(violation) => {
            sentence(format!("With tasks one after another, something else is wrong: {violation}"))
        }
    });
    Explanation { anomaly: Anomaly::Livelock, guilty: None, sentences }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(task: u64, operation: &str, object: &str) -> Step {
        let (operation, object) = (operation.to_owned(), object.to_owned());
        Step { at: 0, task, operation, object, result: String::new() }
    }

    fn waits(task: u64, for_what: &str) -> Waiting {
        Waiting { task, for_what: for_what.to_owned(), held_by_another: true }
    }

    #[test]
    fn two_that_wait_for_what_the_other_holds_are_a_circle() {
        let steps = [
            step(2, "write-lock", "shard 3 of accounts"),
            step(3, "acquire", "workers"),
            step(4, "write-lock", "left"),
            step(4, "unlock", "left"),
        ];
        let waiting = [
            waits(2, A_WORKER),
            waits(3, "write access to shard 3 of the map accounts, for 01010101"),
            waits(4, "read access to the lock left"),
        ];
        let circle = circle(&steps, &waiting).unwrap();
        let links: Vec<(u64, u64)> = circle.iter().map(|link| (link.task, link.holder)).collect();
        assert_eq!(links, [(2, 3), (3, 2)]);
    }

    #[test]
    fn who_waits_for_somebody_outside_is_in_no_circle() {
        let steps = [step(2, "write-lock", "left")];
        assert_eq!(circle(&steps, &[waits(3, "write access to the lock left")]), None);
        let own = circle(&steps, &[waits(2, "read access to the lock left")]).unwrap();
        assert_eq!((own[0].task, own[0].holder), (2, 2));
    }
}
