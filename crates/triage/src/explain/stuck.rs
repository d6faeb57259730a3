//! Executions that do not come to their end: who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_explore::model::{Action, Awaited, Effect, Label, Lock, Permit, Place, Step, TaskEnd, Waiting};
use seriatim_explore::{Ending, Schedule};
use seriatim_lab::compare::Oracle;

use super::access::lives;
use super::inquiry::{Inquiry, Outcome};
use super::words::{Words, sentence};
use super::{Anomaly, Explanation, at};

/// An execution that does not come to its end. None: it does.
pub(super) fn explain_ending(
    inquiry: &Inquiry<'_>,
    traced: &Schedule,
    ending: &Ending,
    words: &Words<'_>,
) -> Option<Explanation> {
    match ending {
        Ending::Stuck(waiting) => Some(explain(inquiry, traced, waiting, words)),
        Ending::Endless(_) => Some(livelock(inquiry, traced, words)),
        Ending::Complete => None,
    }
}

/// A circle of tasks that wait for each other, or a wait that nobody ends.
fn explain(inquiry: &Inquiry<'_>, traced: &Schedule, waiting: &[Waiting], words: &Words<'_>) -> Explanation {
    let circle = circle(&traced.steps, waiting);
    match circle {
        Some(circle) if inquiry.violation.oracle == Oracle::Deadlock => deadlock(inquiry, traced, &circle, words),
        _ => unended(inquiry, traced, waiting, words),
    }
}

/// One link: a task waits for what another, or it itself, holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    task: u64,
    on: Awaited,
    /// Where it asked for it.
    place: Place,
    holder: u64,
    /// Where the holder took it.
    taken: usize,
}

fn deadlock(inquiry: &Inquiry<'_>, traced: &Schedule, circle: &[Link], words: &Words<'_>) -> Explanation {
    let mut order: Vec<&Link> = circle.iter().collect();
    order.sort_by_key(|link| link.taken);
    let mut sentences: Vec<String> = order.iter().map(|link| taking(traced, link.taken, words)).collect();
    for Link { task, on, place, holder, .. } in circle {
        let holder =
            if task == holder { "it holds itself".to_owned() } else { format!("{} holds", words.who(*holder)) };
        sentences.push(sentence(format!("{} waits for {on}{}, which {holder}", words.who(*task), at(*place))));
    }
    sentences.push(match circle {
        [_] => "It waits for itself, so neither it nor anybody behind it can ever go on.".to_owned(),
        _ => "They wait for each other in a circle, so none of them can ever go on.".to_owned(),
    });
    sentences.push(one_after_another(inquiry, traced, &order, words));
    let story = order.iter().map(|link| link.taken).collect();
    Explanation { story, ..Explanation::told(Anomaly::DeadlockCycle, sentences) }
}

/// Who took what, and what for: a shard is locked for a key.
fn taking(traced: &Schedule, taken: usize, words: &Words<'_>) -> String {
    let step = &traced.steps[taken];
    let next = traced.steps.get(taken + 1).filter(|next| next.task == step.task && next.at == step.at);
    let later = || traced.steps[taken..].iter().filter(|later| later.task == step.task);
    let asked = |step: &Step| match &step.action {
        Action::Ask { key } => Some(format!("and keeps it while it asks storage for {key}")),
        _ => None,
    };
    let keeps = match later().rev().find_map(asked) {
        Some(keeps) => keeps,
        None if later().any(|later| later.action == Action::Suspend) => "and keeps it while it suspends".to_owned(),
        None => "and keeps it".to_owned(),
    };
    match (&step.action, next.and_then(|next| next.action.entry())) {
        (Action::Lock { lock: lock @ Lock::Shard { .. }, .. }, Some(entry)) => {
            let at = at(step.place);
            sentence(format!("{} takes the lock of {lock} for `{entry}`{at} {keeps}", words.who_at(taken)))
        }
        _ => sentence(format!("{} {}{} {keeps}", words.who_at(taken), words.did(taken), at(step.place))),
    }
}

/// What comes of it when the first to take something goes on before the last does.
fn one_after_another(inquiry: &Inquiry<'_>, traced: &Schedule, order: &[&Link], words: &Words<'_>) -> String {
    let (Some(first), Some(last)) = (order.first(), order.last()) else { return String::new() };
    if first.holder != last.holder {
        let before_last = traced.steps[last.taken].at;
        let mut choices = traced.choices.0[..before_last].to_vec();
        // Until it ends, or waits for something else.
        choices.extend(std::iter::repeat_n(first.holder as u32, traced.choices.0.len()));
        if inquiry.try_choices(traced, choices) == Some(Outcome::Agrees) {
            let (one, other) = (words.who(first.holder), words.who(last.holder));
            let taken = traced.steps[last.taken].action.target();
            return sentence(format!("If {one} runs on before {other} takes `{taken}`, every oracle agrees"));
        }
    }
    match inquiry.straight(traced) {
        Outcome::Agrees => "With tasks one after another, every oracle agrees.".to_owned(),
        Outcome::Same => "No interleaving is needed: with tasks one after another it ends the same way.".to_owned(),
        Outcome::Other(violation) => {
            sentence(format!("With tasks one after another, something else is wrong: {violation}"))
        }
    }
}

/// Tasks that wait, and what might have ended their wait.
fn unended(inquiry: &Inquiry<'_>, traced: &Schedule, waiting: &[Waiting], words: &Words<'_>) -> Explanation {
    let anomaly = if inquiry.violation.oracle == Oracle::Deadlock { Anomaly::Unnamed } else { Anomaly::LostWakeup };
    let mut sentences = vec!["Nothing can run any more.".to_owned()];
    // Who panicked cannot do any more what others wait for.
    for (position, step) in traced.steps.iter().enumerate() {
        if let Action::End { end: TaskEnd::Panicked(message), .. } = &step.action {
            sentences.push(sentence(format!("{} has ended by a panic: {message}", words.who_at(position))));
        }
    }
    let holders = holders(&traced.steps);
    for Waiting { task, on, place } in waiting.iter().take(8) {
        let owed = owed(&traced.steps, on, &holders, words);
        sentences.push(sentence(format!("{} waits for {on}{}{owed}", words.who(*task), at(*place))));
    }
    let mut objects: Vec<&Label> = waiting.iter().filter_map(|waiting| called(&waiting.on)).collect();
    objects.dedup();
    for object in objects {
        sentences.extend(last_calls(&traced.steps, object, words));
    }
    // Who neither ended nor waits for anything that the model knows of waits to be woken by something else.
    let known: BTreeSet<u64> = waiting.iter().map(|waiting| waiting.task).collect();
    let unended = lives(&traced.steps).into_iter().filter(|(_, (_, end))| *end == usize::MAX).map(|(task, _)| task);
    for task in unended.filter(|task| !known.contains(task)).take(8) {
        let last = traced.steps.iter().rposition(|step| step.task == task && step.action != Action::Suspend);
        let last = last.map_or("never began".to_owned(), |last| {
            let at = at(traced.steps[last].place);
            format!("{}{at}; after that it sleeps, and nobody wakes it", words.did(last))
        });
        sentences.push(sentence(format!("{} {last}", words.who(task))));
    }
    if matches!(inquiry.straight(traced), Outcome::Same) {
        sentences.push("No interleaving is needed: with tasks one after another it ends the same way.".to_owned());
    }
    Explanation::told(anomaly, sentences)
}

/// What is waited for that is known by its operations alone.
fn called(on: &Awaited) -> Option<&Label> {
    if let Awaited::Call { object, .. } = on { Some(object) } else { None }
}

/// How many of the last operations on something are told.
const LAST_CALLS: usize = 5;

/// What was done last to something that is waited for: who might have woken whom, and whom it did wake.
fn last_calls(steps: &[Step], object: &Label, words: &Words<'_>) -> Option<String> {
    let calls = steps.iter().enumerate().filter_map(|(position, step)| match &step.action {
        Action::Call { object: of, call, effect: Effect::Write, value } if of == object => {
            let came_to = value.as_ref().map_or_else(String::new, |value| format!(": {value}"));
            Some(format!("{} did `{call}`{}{came_to}", words.who_at(position), at(step.place)))
        }
        _ => None,
    });
    let calls: Vec<String> = calls.collect();
    let last = &calls[calls.len().saturating_sub(LAST_CALLS)..];
    (!last.is_empty()).then(|| sentence(format!("the last that was done to `{object}`: {}", last.join(", then "))))
}

/// Who should have ended a wait.
fn owed(steps: &[Step], on: &Awaited, holders: &Holders, words: &Words<'_>) -> String {
    let holding = |tasks: Vec<u64>, doing: &str| {
        let names: Vec<String> = tasks.into_iter().take(4).map(|task| words.who(task)).collect();
        if names.is_empty() { String::new() } else { format!(", {doing} {}", names.join(", ")) }
    };
    if let Awaited::Task { set } = on {
        let lives = lives(steps);
        let running = lives.into_iter().filter(|(task, (_, end))| *task != 0 && *end == usize::MAX);
        return holding(running.map(|(task, _)| task).collect(), &format!("and of `{set}` these never end:"));
    }
    let held = Held::of(on).and_then(|held| holders.get(&held)).into_iter().flatten();
    holding(held.map(|(task, _)| *task).collect(), "not given back by")
}

/// What a task can hold and others can wait for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Lock(Lock),
    Permit(Permit),
}

impl Held {
    /// The object that a wait is for; None: nobody holds the end of a task.
    fn of(awaited: &Awaited) -> Option<Self> {
        Some(match awaited {
            Awaited::Shard { map, shard, .. } => Self::Lock(Lock::Shard { map: map.clone(), shard: *shard }),
            Awaited::Lock { label, .. } => Self::Lock(Lock::Named(label.clone())),
            Awaited::Permit { semaphore } => Self::Permit(Permit::Of(semaphore.clone())),
            Awaited::Worker => Self::Permit(Permit::Worker),
            Awaited::Task { .. } | Awaited::Call { .. } => return None,
        })
    }
}

/// The tasks that hold something, each with the position at which it took it.
type Holders = BTreeMap<Held, Vec<(u64, usize)>>;

/// Who holds each lock and permit at the end, and where it was taken. A permit that its taker hands to a task counts as the
/// taker's until some task gives one back.
fn holders(steps: &[Step]) -> Holders {
    let mut holders = Holders::new();
    let give_back = |holders: &mut Holders, held: Held, task: u64| {
        let held = holders.entry(held).or_default();
        if let Some(own) = held.iter().position(|(holder, _)| *holder == task) {
            held.remove(own);
        } else if !held.is_empty() {
            held.remove(0);
        }
    };
    for (position, Step { task, action, .. }) in steps.iter().enumerate() {
        let mut take = |held| holders.entry(held).or_default().push((*task, position));
        match action {
            Action::Lock { lock, .. } => take(Held::Lock(lock.clone())),
            Action::Acquire { permit } => take(Held::Permit(permit.clone())),
            Action::Unlock { lock } => give_back(&mut holders, Held::Lock(lock.clone()), *task),
            Action::Release { permit } => give_back(&mut holders, Held::Permit(permit.clone()), *task),
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
        .filter(|waiting| waiting.held_by_another())
        .flat_map(|Waiting { task, on, place }| {
            let held = Held::of(on).and_then(|held| holders.get(&held)).into_iter().flatten();
            held.map(|(holder, taken)| Link {
                task: *task,
                on: on.clone(),
                place: *place,
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
fn livelock(inquiry: &Inquiry<'_>, traced: &Schedule, words: &Words<'_>) -> Explanation {
    let tail = &traced.steps[traced.steps.len().saturating_sub(TAIL)..];
    let mut done: BTreeMap<u64, (usize, BTreeSet<String>)> = BTreeMap::new();
    for step in tail {
        let (count, operations) = done.entry(step.task).or_default();
        *count += 1;
        operations.insert(format!("{} {}", step.action.name(), step.action.target()).trim_end().to_owned());
    }
    let mut sentences =
        vec![format!("After {} choices the execution has not come to its end.", traced.choices.0.len())];
    for (task, (count, operations)) in done.iter().take(4) {
        let operations: Vec<String> = operations.iter().take(6).map(|operation| format!("`{operation}`")).collect();
        let all = format!("{count} of the last {} operations are those of {}", tail.len(), words.who(*task));
        sentences.push(sentence(format!("{all}, and nothing but {}", operations.join(", "))));
    }
    let first = done.keys().next().copied().unwrap_or_default();
    let before = traced.steps.iter().rposition(|step| step.task == first && step.action != Action::Suspend);
    if let Some(before) = before {
        sentences.push(sentence(format!("the last other thing it did: {} {}", words.who(first), words.did(before))));
    }
    sentences.push(match inquiry.straight(traced) {
        Outcome::Agrees => "With tasks one after another, every oracle agrees.".to_owned(),
        Outcome::Same => "No interleaving is needed: with tasks one after another it is the same.".to_owned(),
        Outcome::Other(violation) => {
            sentence(format!("With tasks one after another, something else is wrong: {violation}"))
        }
    });
    Explanation::told(Anomaly::Livelock, sentences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seriatim_explore::model::{Key, Mode};

    fn left() -> Lock {
        Lock::Named("left".into())
    }

    fn taken(task: u64, lock: Lock) -> Step {
        Step::new(0, task, Action::Lock { lock, mode: Mode::Exclusive })
    }

    fn waits_for_left(task: u64, mode: Mode) -> Waiting {
        Waiting { task, on: Awaited::Lock { label: "left".into(), mode }, place: Place::default() }
    }

    #[test]
    fn two_that_wait_for_what_the_other_holds_are_a_circle() {
        let steps = [
            taken(2, Lock::Shard { map: "accounts".into(), shard: 3 }),
            Step::new(0, 3, Action::Acquire { permit: Permit::Worker }),
            taken(4, left()),
            Step::new(0, 4, Action::Unlock { lock: left() }),
        ];
        let (map, key) = ("accounts".into(), Key::of(&1));
        let waiting = [
            Waiting { task: 2, on: Awaited::Worker, place: Place::default() },
            Waiting {
                task: 3,
                on: Awaited::Shard { map, shard: 3, key, mode: Mode::Exclusive },
                place: Place::default(),
            },
            waits_for_left(4, Mode::Shared),
        ];
        let circle = circle(&steps, &waiting).unwrap();
        let links: Vec<(u64, u64)> = circle.iter().map(|link| (link.task, link.holder)).collect();
        assert_eq!(links, [(2, 3), (3, 2)]);
    }

    #[test]
    fn who_waits_for_somebody_outside_is_in_no_circle() {
        let steps = [taken(2, left())];
        assert_eq!(circle(&steps, &[waits_for_left(3, Mode::Exclusive)]), None);
        let own = circle(&steps, &[waits_for_left(2, Mode::Shared)]).unwrap();
        assert_eq!((own[0].task, own[0].holder), (2, 2));
    }
}
