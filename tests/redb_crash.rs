//! Crashes and failing disks. The ledger lies on a simulated disk that keeps a journal of every write, change of length and
//! sync; each point of the journal is a crash, and each of the files that such a crash can leave is opened again.

#[path = "redb_crash/disk.rs"]
mod disk;

use std::future::Future;
use std::sync::Arc;

use disk::{Disk, Event, Image, images};
use seriatim::chain::{Blockchain, ExecutionPath};
use seriatim::execution::ParallelExecutor;
use seriatim::ledger::{Genesis, SignatureScheme, Topoheight};
use seriatim::runtime::Native;
use seriatim::storage::{
    Layered, LedgerState, MemoryStorage, Record, RedbStorage, Storage, StorageError, WriteBatch, WriteOp,
};
use seriatim::workload::{Plan, Step, build};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[derive(Clone, Debug)]
enum Action {
    Commit(WriteBatch),
    Rewind(Topoheight),
}

impl Action {
    fn run(&self, storage: &impl Storage) -> Result<(), StorageError> {
        match self {
            Self::Commit(batch) => wait(storage.commit(batch.clone())),
            Self::Rewind(to) => wait(storage.rewind(*to)),
        }
    }
}

/// What is done to a ledger, and the ledger before, between and after: one more than actions.
struct Story {
    genesis: Genesis,
    actions: Vec<Action>,
    ledgers: Vec<LedgerState>,
}

/// The blocks of a plan, a rewind of the last two, and a block again.
fn story() -> Story {
    let scenario = build(&Plan::sized(11, 12), SignatureScheme::Tagged).scenario;
    let memory = Arc::new(MemoryStorage::new(&scenario.genesis).unwrap());
    let recorded = Arc::new(Layered::new(memory, Record::default()));
    let executor = ParallelExecutor::new(Native::with_hash_seed(1), 1).unwrap();
    let mut chain = Blockchain::new(Arc::clone(&recorded), scenario.parameters.clone(), executor);
    for step in &scenario.steps {
        let Step::Run(blocks) = step else { continue };
        let mut run = chain.ordering_run();
        for block in blocks {
            if wait(run.apply(&Arc::new(block.clone()), ExecutionPath::Sequential)).is_err() {
                break;
            }
        }
    }
    let batches: Vec<_> = recorded.layer().take().into_iter().take(4).collect();
    assert!(batches.len() >= 3, "{} blocks", batches.len());
    let below = batches.len() as u64 - 2;
    let again = batches[below as usize].clone();
    let mut actions: Vec<_> = batches.into_iter().map(Action::Commit).collect();
    actions.extend([Action::Rewind(below), Action::Commit(again)]);
    let memory = MemoryStorage::new(&scenario.genesis).unwrap();
    let mut ledgers = vec![memory.inspect(Clone::clone)];
    for action in &actions {
        action.run(&memory).unwrap();
        ledgers.push(memory.inspect(Clone::clone));
    }
    Story { genesis: scenario.genesis, actions, ledgers }
}

/// Of a ledger by itself: links go down to versions that are there, pointers name the newest, nothing is above the top.
fn assert_invariants(ledger: &LedgerState) {
    for (key, history) in &ledger.versions {
        let mut before = None;
        for (&topoheight, version) in history.iter() {
            assert_eq!(version.previous, before, "{key} at {topoheight}");
            before = Some(topoheight);
        }
        assert_eq!(ledger.newest.get(key).copied(), before, "{key}");
        assert!(before <= Some(ledger.top), "{key}");
    }
    assert_eq!(ledger.newest.len(), ledger.versions.len());
    assert!((0..=ledger.top).eq(ledger.metadata.keys().copied()));
}

/// What stands on an empty disk after the ledger was made and closed.
fn created(story: &Story) -> Vec<u8> {
    let disk = Disk::new(Vec::new());
    RedbStorage::create_on(disk.clone(), &story.genesis).unwrap().close().unwrap();
    disk.content()
}

/// How long the journal was when each action returned; the first entry is for the opening.
fn play(disk: &Disk, story: &Story, actions: &[Action]) -> Vec<usize> {
    let storage = RedbStorage::open_on(disk.clone(), "ledger").unwrap();
    let mut ends = vec![disk.journal().len()];
    for action in actions {
        action.run(&storage).unwrap();
        ends.push(disk.journal().len());
    }
    assert!(story.ledgers.contains(&storage.inspect().unwrap()));
    storage.close().unwrap();
    ends
}

/// Opens what a crash left; `done` actions had returned, counted from the first ledger of the story. Err: what is wrong.
fn recovers(story: &Story, image: &Image, done: usize) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{}: {what}", image.name));
    let storage = match RedbStorage::open_on(Disk::new(image.bytes.clone()), "ledger") {
        Ok(storage) => storage,
        Err(error) => return wrong(&error.to_string()),
    };
    let ledger = match storage.inspect() {
        Ok(ledger) => ledger,
        Err(error) => return wrong(&error.to_string()),
    };
    if ledger == story.ledgers[done] {
        assert_invariants(&ledger);
        // As if the action had never begun: it can be done again.
        let Some(action) = story.actions.get(done) else { return Ok(()) };
        if let Err(error) = action.run(&storage) {
            return wrong(&format!("the action again: {error}"));
        }
        if storage.inspect().as_ref() != Ok(&story.ledgers[done + 1]) {
            return wrong("the action again leaves another ledger");
        }
    } else if Some(&ledger) == story.ledgers.get(done + 1) {
        assert_invariants(&ledger);
        if let Action::Commit(batch) = &story.actions[done] {
            let refused = wait(storage.commit(batch.clone()));
            if refused != Err(StorageError::NotOnTop { found: top_of(batch), top: ledger.top }) {
                return wrong(&format!("the block again: {refused:?}"));
            }
        }
    } else {
        return wrong("neither the ledger before nor the one after");
    }
    storage.close().map_err(|error| format!("{}: {error}", image.name))
}

fn top_of(batch: &WriteBatch) -> Topoheight {
    let top = batch.ops.iter().find_map(|op| if let WriteOp::Top(top) = op { Some(*top) } else { None });
    top.expect("a block has a top")
}

/// What a search came to.
#[derive(Default)]
struct Found {
    points: usize,
    images: usize,
    wrong: Vec<String>,
}

/// Every image of every point of the journal. `done_at`: how many actions had returned there.
fn crash_everywhere(story: &Story, base: &[u8], journal: &[Event], done_at: impl Fn(usize) -> usize) -> Found {
    let mut found = Found::default();
    for point in 0..=journal.len() {
        for image in images(base, &journal[..point], point as u64) {
            found.images += 1;
            let outcome = recovers(story, &image, done_at(point));
            found.wrong.extend(outcome.err().map(|error| format!("point {point}: {error}")));
        }
        found.points += 1;
    }
    found
}

/// How many actions had returned at a point; the opening is the first end and no action.
fn returned(ends: &[usize], point: usize) -> usize {
    ends.iter().filter(|end| **end <= point).count().saturating_sub(1)
}

#[test]
fn after_a_crash_at_any_point_the_ledger_is_before_or_after_the_block() {
    let story = story();
    let base = created(&story);
    let disk = Disk::new(base.clone());
    let ends = play(&disk, &story, &story.actions);
    let found = crash_everywhere(&story, &base, &disk.journal(), |point| returned(&ends, point));
    println!("{} actions, {} points, {} images", story.actions.len(), found.points, found.images);
    assert_eq!(found.wrong, Vec::<String>::new());
    assert!(found.points >= 120, "{} points", found.points);
    assert!(found.images >= 800, "{} images", found.images);
}

#[test]
fn a_disk_whose_syncs_do_nothing_is_found_out() {
    let story = story();
    let base = created(&story);
    let disk = Disk::new(base.clone());
    let ends = play(&disk, &story, &story.actions);
    let synced = |event: &&Event| **event == Event::Sync;
    let journal = disk.journal();
    // Without the syncs every point is earlier by as many as there were before it.
    let ends: Vec<_> = ends.iter().map(|end| end - journal[..*end].iter().filter(synced).count()).collect();
    let unsynced: Vec<_> = journal.into_iter().filter(|event| *event != Event::Sync).collect();
    let found = crash_everywhere(&story, &base, &unsynced, |point| returned(&ends, point));
    println!("{} of {} images are wrong without syncs", found.wrong.len(), found.images);
    assert!(found.wrong.len() >= 100, "{} of {} images are wrong", found.wrong.len(), found.images);
}

#[test]
fn a_crash_while_recovering_from_a_crash_changes_nothing() {
    let story = story();
    let base = created(&story);
    let disk = Disk::new(base.clone());
    let ends = play(&disk, &story, &story.actions[..2]);
    let journal = disk.journal();
    let (mut points, mut tried) = (0, 0);
    // Every second point of the second block.
    for point in (ends[1]..ends[2]).step_by(2) {
        for image in images(&base, &journal[..point], point as u64).into_iter().take(2) {
            let again = Disk::new(image.bytes.clone());
            let storage = RedbStorage::open_on(again.clone(), "ledger").unwrap();
            let done = story.ledgers.iter().position(|ledger| *ledger == storage.inspect().unwrap()).unwrap();
            assert!(done == 1 || done == 2, "point {point}, {}", image.name);
            // What came of the first crash stays, wherever the recovery ends.
            let found = crash_everywhere(&story, &image.bytes, &again.journal(), |_| done);
            assert_eq!(found.wrong, Vec::<String>::new(), "point {point}, {}", image.name);
            points += found.points;
            tried += found.images;
        }
    }
    println!("{points} points of recoveries, {tried} images");
    assert!(points >= 200, "{points} points");
}

/// The database would recover such a file as it opens it, so this is where it would write.
#[test]
fn a_damaged_file_that_a_crash_left_is_refused_without_a_write() {
    let story = story();
    let base = created(&story);
    let disk = Disk::new(base.clone());
    let ends = play(&disk, &story, &story.actions[..2]);
    let unclean = images(&base, &disk.journal()[..ends[2]], 0).remove(0).bytes;
    let mut refused = 0;
    for place in (0..320).chain((320..unclean.len()).step_by(509)) {
        let mut bytes = unclean.clone();
        bytes[place] ^= 0x55;
        let disk = Disk::new(bytes);
        if let Ok(storage) = RedbStorage::open_on(disk.clone(), "ledger") {
            let ledger = storage.inspect().unwrap();
            assert!(story.ledgers[..=2].contains(&ledger), "byte {place}: a ledger that never was");
        } else {
            assert_eq!(disk.journal(), [], "byte {place}");
            refused += 1;
        }
    }
    println!("{refused} files refused");
    assert!(refused >= 50, "{refused} refused");
}

#[test]
fn a_disk_that_fails_fails_the_commit_and_leaves_the_ledger() {
    let story = story();
    let base = created(&story);
    let (mut failures, mut kept) = (0, 0);
    for done in 0..story.actions.len() {
        for at in 0.. {
            let disk = Disk::new(base.clone());
            let storage = RedbStorage::open_on(disk.clone(), "ledger").unwrap();
            story.actions[..done].iter().for_each(|action| action.run(&storage).unwrap());
            disk.fail_after(at);
            let result = story.actions[done].run(&storage);
            if result.is_ok() {
                assert!(!disk.failed());
                break;
            }
            failures += 1;
            let error = result.unwrap_err();
            assert!(matches!(error, StorageError::Failed(_)), "{error}");
            // Whoever still reads sees the ledger before, or that nothing can be read.
            if let Ok(ledger) = storage.inspect() {
                assert_eq!(ledger, story.ledgers[done], "action {done}, failure {at}");
            }
            drop(storage);
            disk.repair();
            let image = Image { name: "after a failure".to_owned(), bytes: disk.content() };
            let storage = RedbStorage::open_on(Disk::new(image.bytes.clone()), "ledger").unwrap();
            kept += usize::from(storage.inspect().unwrap() == story.ledgers[done]);
            drop(storage);
            assert_eq!(recovers(&story, &image, done), Ok(()), "action {done}, failure {at}");
        }
    }
    println!("{failures} failures, {kept} of them left the ledger before the block");
    assert!(failures >= 100, "{failures} failures");
    // Only the report of the last sync of an action can fail after everything was written.
    assert!(failures - kept <= story.actions.len(), "{} of {failures} left the block", failures - kept);
}

#[test]
fn a_disk_that_fails_while_a_ledger_is_made_or_opened_is_an_error() {
    let story = story();
    let failing = |disk: &Disk, at| {
        disk.fail_after(at);
        disk.clone()
    };
    for at in 0.. {
        let disk = Disk::new(Vec::new());
        if RedbStorage::create_on(failing(&disk, at), &story.genesis).is_ok() {
            assert!(at >= 5, "only {at} events");
            break;
        }
        assert!(disk.failed());
    }
    let base = created(&story);
    for at in 0.. {
        let disk = Disk::new(base.clone());
        let opened = RedbStorage::open_on(failing(&disk, at), "ledger").map(drop);
        if !disk.failed() {
            opened.unwrap();
            break;
        }
        disk.repair();
        let storage = RedbStorage::open_on(Disk::new(disk.content()), "ledger").unwrap();
        assert_eq!(storage.inspect().unwrap(), story.ledgers[0], "failure {at}");
    }
}
