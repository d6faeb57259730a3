//! Crashes and failing disks. The ledger lies on a simulated disk that keeps a journal of every write, change of length and
//! sync; each point of the journal is a crash, and each of the files that such a crash can leave is opened again.

use seriatim_lab::crashes::{Action, CrashDefect, CrashFigures, CrashStory, small_stories};
use seriatim_lab::drive::TokioRuntimes;
use seriatim_lab::workload::{Plan, build};
use seriatim_tos::ledger::{Hash, SignatureScheme};
use seriatim_tos::storage::simulated::{Disk, Event, Image, images};
use seriatim_tos::storage::{RedbStorage, StorageError, WriteOp};

fn engine() -> TokioRuntimes {
    TokioRuntimes::new().unwrap()
}

/// The blocks of a plan, a rewind of the last two, and a block again.
fn story() -> CrashStory {
    let engine = engine();
    let scenario = build(&Plan::sized(11, 12), SignatureScheme::Tagged).scenario;
    let is_commit = |action: &Action| matches!(action, Action::Commit { .. });
    let mut actions: Vec<_> = CrashStory::of(&engine, &scenario).actions.into_iter().take_while(is_commit).collect();
    actions.truncate(4);
    assert!(actions.len() >= 3, "{} blocks", actions.len());
    let below = actions.len() as u64 - 2;
    let again = actions[below as usize].clone();
    actions.extend([Action::Rewind(below), again]);
    CrashStory::of_actions(&engine, scenario.genesis, actions)
}

/// How long the journal was when each action returned; the first entry is for the opening.
fn play(disk: &Disk, story: &CrashStory, actions: &[Action]) -> Vec<usize> {
    let engine = engine();
    let storage = RedbStorage::open_on(disk.clone(), "ledger").unwrap();
    let mut ends = vec![disk.journal().len()];
    for action in actions {
        action.run(&engine, &storage).unwrap();
        ends.push(disk.journal().len());
    }
    assert!(story.ledgers.contains(&storage.inspect().unwrap()));
    storage.close().unwrap();
    ends
}

/// How many actions had returned at a point; the opening is the first end and no action.
fn returned(ends: &[usize], point: usize) -> usize {
    ends.iter().filter(|end| **end <= point).count().saturating_sub(1)
}

/// The result of a search.
struct Found {
    figures: CrashFigures,
    wrong: Vec<String>,
}

fn crash_everywhere(story: &CrashStory, base: &[u8], journal: &[Event], done_at: impl Fn(usize) -> usize) -> Found {
    let (figures, wrong) = story.crash_everywhere(&engine(), base, journal, done_at);
    Found { figures, wrong: wrong.iter().map(ToString::to_string).collect() }
}

#[test]
fn after_a_crash_at_any_point_the_ledger_is_before_or_after_the_block() {
    let story = story();
    let base = story.created().unwrap();
    let disk = Disk::new(base.clone());
    let ends = play(&disk, &story, &story.actions);
    let found = crash_everywhere(&story, &base, &disk.journal(), |point| returned(&ends, point));
    println!("{} actions, {} points, {} images", story.actions.len(), found.figures.points, found.figures.images);
    assert_eq!(found.wrong, Vec::<String>::new());
    assert!(found.figures.points >= 120, "{} points", found.figures.points);
    assert!(found.figures.images >= 800, "{} images", found.figures.images);
}

#[test]
fn a_disk_whose_syncs_do_nothing_is_found_out() {
    let story = story();
    let base = story.created().unwrap();
    let disk = Disk::new(base.clone());
    let ends = play(&disk, &story, &story.actions);
    let synced = |event: &&Event| **event == Event::Sync;
    let journal = disk.journal();
    // Without the syncs every point is earlier by as many as there were before it.
    let ends: Vec<_> = ends.iter().map(|end| end - journal[..*end].iter().filter(synced).count()).collect();
    let unsynced: Vec<_> = journal.into_iter().filter(|event| *event != Event::Sync).collect();
    let found = crash_everywhere(&story, &base, &unsynced, |point| returned(&ends, point));
    println!("{} of {} images are wrong without syncs", found.wrong.len(), found.figures.images);
    assert!(found.wrong.len() >= 100, "{} of {} images are wrong", found.wrong.len(), found.figures.images);
}

#[test]
fn a_crash_while_recovering_from_a_crash_changes_nothing() {
    let story = story();
    let base = story.created().unwrap();
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
            points += found.figures.points;
            tried += found.figures.images;
        }
    }
    println!("{points} points of recoveries, {tried} images");
    assert!(points >= 200, "{points} points");
}

/// The database would recover such a file as it opens it, so this is where it would write.
#[test]
fn a_damaged_file_that_a_crash_left_is_refused_without_a_write() {
    let story = story();
    let base = story.created().unwrap();
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
    let base = story.created().unwrap();
    let engine = engine();
    let (mut failures, mut kept) = (0, 0);
    for done in 0..story.actions.len() {
        for at in 0.. {
            let disk = Disk::new(base.clone());
            let storage = RedbStorage::open_on(disk.clone(), "ledger").unwrap();
            story.actions[..done].iter().for_each(|action| action.run(&engine, &storage).unwrap());
            disk.fail_after(at);
            let result = story.actions[done].run(&engine, &storage);
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
            if let Err(defect) = story.recover(&engine, &image, done) {
                panic!("action {done}, failure {at}: {defect}");
            }
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
    let base = story.created().unwrap();
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

/// `examples/every_fault.rs` does it for 200.
#[test]
fn every_crash_and_every_failure_of_the_commits_of_small_blocks_leaves_the_ledger_before_or_after() {
    let engine = engine();
    let mut figures = CrashFigures::default();
    for (story, small) in small_stories(&engine, 8) {
        match story.inject_all(&engine, &small) {
            Ok(found) => figures.merge(&found),
            Err(found) => panic!("{found}"),
        }
    }
    println!("{figures:#?}");
    let CrashFigures { actions, points, images, single_failures, full_disks, before, after } = figures;
    assert!(actions >= 8, "{actions} actions");
    assert!(points >= 20 * actions && images >= 4 * points, "{points} points, {images} images");
    assert!(single_failures >= 15 * actions && full_disks >= 15 * actions, "{single_failures}, {full_disks} failures");
    assert!(before > 0 && after > 0 && before + after == images + single_failures + full_disks);
}

#[test]
fn a_ledger_between_and_one_that_breaks_an_invariant_are_found() {
    let engine = engine();
    let story = story();
    let base = story.created().unwrap();
    let defect = |story: &CrashStory| *story.inject(&engine, 0, &base).unwrap_err().defect;

    let mut other_before = story.clone();
    other_before.ledgers[0].orphans.add(Hash([7; 32]));
    assert!(matches!(defect(&other_before), CrashDefect::Between));

    let mut other_after = story.clone();
    other_after.ledgers[1].top += 1;
    assert!(matches!(defect(&other_after), CrashDefect::AgainDiffers));

    // Both storages keep what they are told.
    let mut actions = story.actions[..1].to_vec();
    let Action::Commit { batch, .. } = &mut actions[0] else { panic!("a commit") };
    let put = batch.ops.iter_mut().find_map(|op| match op {
        WriteOp::Put { topoheight, version, .. } => Some((*topoheight, &mut version.previous)),
        _ => None,
    });
    let (topoheight, previous) = put.unwrap();
    *previous = Some(topoheight);
    let self_linked = CrashStory::of_actions(&engine, story.genesis.clone(), actions);
    assert!(matches!(defect(&self_linked), CrashDefect::Invariant(_)));
}
