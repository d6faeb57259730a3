//! What a scenario and an execution of it show, as a set.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::Judged;
use seriatim_explore::InterleavingEvidence;
use seriatim_explore::model::{Action, Lock, Mode, Object, Step};
use seriatim_lab::compare::{Verdict, payload_name};
use seriatim_lab::workload::{Built, ConflictClass, InterleavedPlan, Plan, PlanError, build};
use seriatim_lab::{BuiltinSubject, Examiner, bytes_config};
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::{Receipt, SignatureScheme};
use seriatim_triage::explain::access::{accesses, is_shard, lives};

/// Something that an input shows. Numbers count as their length in bits: 1, 2 to 3, 4 to 7, ...
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// What became of a transaction of a type: executed, skipped, or which error.
    Outcome(&'static str, &'static str),
    /// Why a block was aborted.
    Abort(&'static str),
    /// What became of a transaction made for a conflict class; None in an aborted block.
    Class(ConflictClass, Option<&'static str>),
    /// What became of two neighbours of a block.
    Neighbours(&'static str, &'static str),
    /// A block's number of batches, and the widest one's transactions.
    Batches(u32, u32),
    /// Blocks of the scenario.
    Blocks(u32),
    /// Rewinds of the scenario, as they are.
    Rewinds(usize),
    /// Two accesses to one object, one right after the other, at least one for writing, by two tasks that lived at one
    /// time: operation, object without its key, operation.
    Order(&'static str, String, &'static str),
    /// Tasks taken off that could have gone on.
    Preemptions(u32),
    /// Pairs of conflicting accesses side by side.
    Meetings(u32),
}

impl Feature {
    /// What the kind is called in reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Outcome(..) => "outcomes",
            Self::Abort(_) => "aborts",
            Self::Class(..) => "classes",
            Self::Neighbours(..) => "neighbours",
            Self::Batches(..) => "batches",
            Self::Blocks(_) => "blocks",
            Self::Rewinds(_) => "rewinds",
            Self::Order(..) => "orders",
            Self::Preemptions(_) => "preemptions",
            Self::Meetings(_) => "meetings",
        }
    }
}

/// Judges plans: on every path, as a campaign and the fuzz target `differential` do.
pub fn plans(examiner: &Examiner) -> impl FnMut(&[u8]) -> Result<Judged, PlanError> {
    |bytes| {
        let plan = Plan::from_bytes(bytes)?;
        let built = build(&plan, SignatureScheme::Tagged);
        let seed = u64::from(plan.header.schedule_seed);
        let verdict = examiner.examine(&built.scenario, &built.expectation, seed, false);
        Ok(Judged { features: of_scenario(&built), violates: matches!(verdict, Verdict::Violation(_)) })
    }
}

/// Judges plans with schedules: one execution under shuttle, as the fuzz target `interleave` does.
pub fn schedules(subject: BuiltinSubject) -> impl FnMut(&[u8]) -> Result<Judged, PlanError> {
    move |bytes| {
        let InterleavedPlan { plan, schedule } = InterleavedPlan::from_bytes(bytes)?;
        let built = build(&plan, SignatureScheme::Tagged);
        let explorer = subject.explorer(&built.scenario);
        let mut last = None;
        let evidence = explorer.explore(&bytes_config(&plan.header, schedule), |interleaved| {
            last = Some(interleaved);
            ControlFlow::Break(())
        });
        let interleaved = last.expect("bytes are good for an execution");
        let verdict = interleaved.verdict;
        let steps = explorer.with_steps(&interleaved.schedule).steps;
        let mut features = of_scenario(&built);
        features.extend(of_execution(&evidence, &steps));
        Ok(Judged { features, violates: matches!(verdict, Verdict::Violation(_)) })
    }
}

/// The reference's answer is enough: the executors either agree with it or the input is kept anyway.
fn of_scenario(built: &Built) -> BTreeSet<Feature> {
    let mut features = BTreeSet::new();
    for (class, receipt) in built.outcomes() {
        features.insert(Feature::Class(class, receipt.map(Receipt::outcome)));
    }
    for (_, block, outcome) in built.expectation.walk(&built.scenario) {
        let batches = batches(&block.transactions, &BTreeMap::new());
        let widest = batches.iter().map(Vec::len).max().unwrap_or(0);
        features.insert(Feature::Batches(bits(batches.len() as u64), bits(widest as u64)));
        match outcome {
            Ok(receipts) => {
                let names: Vec<_> = receipts.iter().map(Receipt::outcome).collect();
                let payloads = block.transactions.iter().map(|tx| payload_name(&tx.body.data));
                features.extend(payloads.zip(&names).map(|(payload, name)| Feature::Outcome(payload, name)));
                features.extend(names.windows(2).map(|pair| Feature::Neighbours(pair[0], pair[1])));
            }
            Err(abort) => {
                features.insert(Feature::Abort(abort.name()));
            }
        }
    }
    features.insert(Feature::Rewinds(built.expectation.rewinds()));
    features.insert(Feature::Blocks(bits(built.scenario.blocks().count() as u64)));
    features
}

fn of_execution(evidence: &InterleavingEvidence, steps: &[Step]) -> BTreeSet<Feature> {
    let mut features =
        BTreeSet::from([Feature::Preemptions(bits(evidence.preemptions)), Feature::Meetings(bits(evidence.meetings))]);
    let lives = lives(steps);
    let mut last: BTreeMap<Object<'_>, &Touch<'_>> = BTreeMap::new();
    let touches = touches(steps);
    for touch in &touches {
        // A task that ended before the other began comes before it under every schedule.
        let at_one_time = |before: &Touch<'_>| lives[&before.task].1 >= lives[&touch.task].0;
        if let Some(before) = last.insert(touch.object, touch)
            && before.task != touch.task
            && (before.writes || touch.writes)
            && at_one_time(before)
        {
            let operation = |touch: &Touch<'_>| steps[touch.step].action.kind();
            features.insert(Feature::Order(operation(before), without_key(touch.object), operation(touch)));
        }
    }
    features
}

/// A task's access to something that tasks share, or its hold on a lock or a permit.
struct Touch<'a> {
    step: usize,
    task: u64,
    object: Object<'a>,
    writes: bool,
}

/// Everything that tasks touch, in order. The right executor's tasks side by side share no account, but shards and permits, and where they end.
fn touches(steps: &[Step]) -> Vec<Touch<'_>> {
    let data = accesses(steps).into_iter().map(|access| {
        let writes = access.writes();
        (access.step, Touch { step: access.step, task: access.task, object: access.object, writes })
    });
    let holds = steps.iter().enumerate().filter_map(|(position, step)| {
        let object = step.action.object()?;
        let writes = match step.action {
            Action::Lock { mode, .. } if is_shard(object) => mode == Mode::Exclusive,
            Action::Acquire { .. } | Action::Release { .. } => true,
            _ => return None,
        };
        (step.task != 0).then_some((position, Touch { step: position, task: step.task, object, writes }))
    });
    let touches: BTreeMap<usize, Touch<'_>> = data.chain(holds).collect();
    touches.into_values().collect()
}

/// The label of an object: without the key in a map, or the number of a shard.
fn without_key(object: Object<'_>) -> String {
    match object {
        Object::Entry(entry) => entry.map.to_string(),
        Object::Lock(Lock::Shard { map, shard: _ }) => format!("shard of {map}"),
        Object::Lock(Lock::Named(_)) | Object::Atomic(_) | Object::Called(_) | Object::Permit(_) | Object::Ends(_) => {
            object.to_string()
        }
    }
}

/// How many bits the number has.
fn bits(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use seriatim_explore::model::{Entry, Key, Shown, TaskEnd};

    fn step(task: u64, action: Action) -> Step {
        Step::new(0, task, action)
    }

    fn spawn(task: u64) -> Step {
        step(0, Action::Spawn { set: "block".into(), index: task as usize - 1, task })
    }

    fn entry(key: u8) -> Entry {
        Entry { map: "accounts".into(), key: Key::of(&key) }
    }

    fn read(task: u64) -> Step {
        step(task, Action::Read { entry: entry(1), found: Some(Shown::of(&7)) })
    }

    fn insert(task: u64, key: u8) -> Step {
        step(task, Action::Insert { entry: entry(key), value: Shown::of(&8), found: None })
    }

    fn orders(steps: &[Step]) -> Vec<Feature> {
        let features = of_execution(&InterleavingEvidence::default(), steps);
        features.into_iter().filter(|feature| matches!(feature, Feature::Order(..))).collect()
    }

    #[test]
    fn a_write_after_a_read_by_another_task_is_an_order() {
        let steps = [spawn(1), spawn(2), read(1), insert(2, 1)];
        assert_eq!(orders(&steps), [Feature::Order("read", "accounts".to_owned(), "insert")]);
    }

    #[test]
    fn reads_other_keys_and_tasks_one_after_another_are_no_order() {
        assert_eq!(orders(&[spawn(1), spawn(2), read(1), read(2)]), []);
        assert_eq!(orders(&[spawn(1), spawn(2), read(1), insert(2, 2)]), []);
        let end = step(1, Action::End { set: "block".into(), index: 0, end: TaskEnd::Ok });
        assert_eq!(orders(&[spawn(1), read(1), end, spawn(2), insert(2, 1)]), []);
    }

    #[test]
    fn holds_of_a_shard_are_an_order_unless_both_only_read() {
        let shard = || Lock::Shard { map: "accounts".into(), shard: 3 };
        let lock = |task, mode| step(task, Action::Lock { lock: shard(), mode });
        let steps = [spawn(1), spawn(2), lock(1, Mode::Shared), lock(2, Mode::Shared), lock(1, Mode::Exclusive)];
        assert_eq!(orders(&steps), [Feature::Order("read-lock", "shard of accounts".to_owned(), "write-lock")]);
    }

    #[test]
    fn numbers_count_by_their_bits() {
        assert_eq!([0, 1, 2, 3, 4, 7, 8].map(bits), [0, 1, 2, 2, 3, 3, 4]);
    }
}
