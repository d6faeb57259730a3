//! Crashes and failing disks under the ledger on disk: what is in the ledger when it is opened again?
//!
//! The ledger lies on a simulated disk that keeps a journal of every write, change of length and sync. Each point of the journal
//! is a crash, and each file that such a crash can leave (torn writes among them) is opened again; each event can also fail,
//! alone or with all that follow it, as on a disk that is full.

use std::sync::Arc;

use crate::compare::{Difference, broken_invariant};
use crate::drive::{Threads, TokioRuntimes};
use crate::workload::{Plan, Scenario, Step, build};
use seriatim_runtime::{Native, Probed};
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::{Genesis, SignatureScheme, Topoheight};
use seriatim_tos::storage::simulated::{Disk, Event, Image, images};
use seriatim_tos::storage::{
    Layered, LedgerState, MemoryStorage, OpenError, Record, RedbStorage, Storage, StorageError, WriteBatch, WriteOp,
};

use super::faults::{SMALL_BLOCK, SMALL_PLAN};

/// One thing that is done to a ledger as a whole.
#[derive(Clone, Debug)]
pub enum Action {
    /// The batch of a block with so many transactions.
    Commit {
        batch: WriteBatch,
        transactions: usize,
    },
    Rewind(Topoheight),
}

/// What is done to a ledger, and what it holds before, between and after.
#[derive(Clone, Debug)]
pub struct CrashStory {
    pub genesis: Genesis,
    pub actions: Vec<Action>,
    /// One more than actions.
    pub ledgers: Vec<LedgerState>,
}

/// What is wrong after a crash or a failure.
#[derive(Debug, thiserror::Error)]
pub enum CrashDefect {
    #[error(transparent)]
    NotOpened(#[from] OpenError),
    #[error("the ledger cannot be read or closed: {0}")]
    Storage(#[from] StorageError),
    #[error("neither the ledger before nor the one after")]
    Between,
    #[error("the ledger before, though the action was reported done")]
    Lost,
    #[error("an invariant does not hold: {0}")]
    Invariant(Box<Difference>),
    #[error("the action again: {0}")]
    Again(StorageError),
    #[error("the action again leaves another ledger")]
    AgainDiffers,
    #[error("the block, which is in the ledger, again: {0:?}")]
    NotRefused(Result<(), StorageError>),
    #[error("the disk refused an event in vain: {0}")]
    Unexpected(StorageError),
    #[error("whoever still reads after the failure reads another ledger")]
    ReadsAnother,
}

/// A defect, and where it shows.
#[derive(Debug, thiserror::Error)]
#[error("action {action}, {point}: {defect}")]
pub struct CrashFound {
    pub action: usize,
    /// The point of the journal and the file, in words.
    pub point: String,
    pub defect: Box<CrashDefect>,
}

/// What a search rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrashFigures {
    pub actions: u64,
    /// Points of journals at which a crash came.
    pub points: u64,
    /// Files that were opened after them.
    pub images: u64,
    /// Events that failed alone, and with all that came behind them.
    pub single_failures: u64,
    pub full_disks: u64,
    /// Images and failures after which the ledger was that before the action.
    pub before: u64,
    /// Images and failures after which the ledger was that after the action.
    pub after: u64,
}

impl CrashFigures {
    /// Adds up two searches.
    pub fn merge(&mut self, other: &Self) {
        let Self { actions, points, images, single_failures, full_disks, before, after } = other;
        self.actions += actions;
        self.points += points;
        self.images += images;
        self.single_failures += single_failures;
        self.full_disks += full_disks;
        self.before += before;
        self.after += after;
    }
}

/// What was found after one crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    Before,
    After,
}

impl Action {
    /// Does it.
    ///
    /// # Errors
    /// Whatever the storage reports.
    pub fn run(&self, engine: &TokioRuntimes, storage: &impl Storage) -> Result<(), StorageError> {
        match self {
            Self::Commit { batch, .. } => engine.block_on(Threads::One, storage.commit(batch.clone())),
            Self::Rewind(to) => engine.block_on(Threads::One, storage.rewind(*to)),
        }
    }
}

impl CrashStory {
    /// What the sequential path does to the ledger in a scenario, whose genesis must be valid.
    pub fn of(engine: &TokioRuntimes, scenario: &Scenario) -> Self {
        let memory = Arc::new(MemoryStorage::from_state(LedgerState::from_genesis(&scenario.genesis)));
        let recorded = Arc::new(Record::default());
        let storage = Arc::new(Layered::new(memory, Arc::clone(&recorded)));
        let executor = ParallelExecutor::new(Probed::new(Native::with_hash_seed(0)), 1).expect("not 0");
        let mut chain = Blockchain::new(storage, scenario.parameters.clone(), executor);
        let mut actions = Vec::new();
        for step in &scenario.steps {
            match step {
                Step::Run(blocks) => {
                    let mut run = chain.ordering_run();
                    for block in blocks {
                        let block = block.clone().seal();
                        if engine.block_on(Threads::One, run.apply(&block, ExecutionPath::Sequential)).is_err() {
                            break;
                        }
                        let transactions = block.transactions.len();
                        let batches = recorded.take().into_iter();
                        actions.extend(batches.map(|batch| Action::Commit { batch, transactions }));
                    }
                }
                Step::Rewind(to) => {
                    // Above the top it is nothing.
                    if engine.block_on(Threads::One, chain.rewind(*to)).is_ok() {
                        actions.push(Action::Rewind(*to));
                    }
                }
            }
        }
        Self::of_actions(engine, scenario.genesis.clone(), actions)
    }

    /// These actions, each of which must be possible.
    pub fn of_actions(engine: &TokioRuntimes, genesis: Genesis, actions: Vec<Action>) -> Self {
        let memory = MemoryStorage::from_state(LedgerState::from_genesis(&genesis));
        let mut ledgers = vec![memory.inspect(Clone::clone)];
        for action in &actions {
            action.run(engine, &memory).expect("an action that a chain has done");
            ledgers.push(memory.inspect(Clone::clone));
        }
        Self { genesis, actions, ledgers }
    }

    /// The file of the ledger at topoheight 0.
    ///
    /// # Errors
    /// The storage's.
    pub fn created(&self) -> Result<Vec<u8>, StorageError> {
        let disk = Disk::new(Vec::new());
        RedbStorage::create_on(disk.clone(), &self.genesis)?.close()?;
        Ok(disk.content())
    }

    /// Opens what a crash or a failure left of action `done`, or of whatever comes after it, and goes on from there.
    ///
    /// # Errors
    /// What is wrong.
    pub fn recover(&self, engine: &TokioRuntimes, image: &Image, done: usize) -> Result<Recovered, CrashDefect> {
        let storage = RedbStorage::open_on(Disk::new(image.bytes.clone()), "ledger")?;
        let ledger = storage.inspect()?;
        let recovered = if ledger == self.ledgers[done] {
            Recovered::Before
        } else if Some(&ledger) == self.ledgers.get(done + 1) {
            Recovered::After
        } else {
            return Err(CrashDefect::Between);
        };
        if let Some(broken) = broken_invariant(&self.ledgers[0], &ledger) {
            return Err(CrashDefect::Invariant(Box::new(broken)));
        }
        match (recovered, self.actions.get(done)) {
            (Recovered::Before, Some(action)) => {
                action.run(engine, &storage).map_err(CrashDefect::Again)?;
                if storage.inspect()? != self.ledgers[done + 1] {
                    return Err(CrashDefect::AgainDiffers);
                }
            }
            (Recovered::After, Some(action @ Action::Commit { batch, .. })) => {
                let refused = action.run(engine, &storage);
                if refused != Err(StorageError::NotOnTop { found: top_of(batch), top: ledger.top }) {
                    return Err(CrashDefect::NotRefused(refused));
                }
            }
            (Recovered::After, Some(Action::Rewind(_)) | None) | (Recovered::Before, None) => {}
        }
        storage.close()?;
        Ok(recovered)
    }

    /// Every image of every point of a journal on a file that held `base`. `done_at`: how many actions had returned there.
    pub fn crash_everywhere(
        &self,
        engine: &TokioRuntimes,
        base: &[u8],
        journal: &[Event],
        done_at: impl Fn(usize) -> usize,
    ) -> (CrashFigures, Vec<CrashFound>) {
        let mut figures = CrashFigures::default();
        let mut wrong = Vec::new();
        for point in 0..=journal.len() {
            let done = done_at(point);
            for image in images(base, &journal[..point], point as u64) {
                figures.images += 1;
                match self.recover(engine, &image, done) {
                    Ok(Recovered::Before) if done == done_at(0) => figures.before += 1,
                    Ok(Recovered::Before | Recovered::After) => figures.after += 1,
                    Err(defect) => {
                        let point = format!("crash at point {point}, {}", image.name);
                        wrong.push(CrashFound { action: done, point, defect: Box::new(defect) });
                    }
                }
            }
            figures.points += 1;
        }
        (figures, wrong)
    }

    /// Strikes action `number`, on a closed file that holds the ledger before it: a crash at every point, a failure of every
    /// event, a disk that is full from every event on. Returns the file after it, too.
    ///
    /// # Errors
    /// The first defect.
    pub fn inject(
        &self,
        engine: &TokioRuntimes,
        number: usize,
        base: &[u8],
    ) -> Result<(CrashFigures, Vec<u8>), CrashFound> {
        let here =
            |point: &str, defect| CrashFound { action: number, point: point.to_owned(), defect: Box::new(defect) };
        let whole = |error: StorageError| here("without a fault", error.into());
        let disk = Disk::new(base.to_vec());
        let storage = RedbStorage::open_on(disk.clone(), "ledger").map_err(|error| here("opened", error.into()))?;
        self.actions[number].run(engine, &storage).map_err(whole)?;
        let end = disk.journal().len();
        storage.close().map_err(whole)?;
        let done_at = |point| number + usize::from(point >= end);
        let (mut figures, wrong) = self.crash_everywhere(engine, base, &disk.journal(), done_at);
        if let Some(found) = wrong.into_iter().next() {
            return Err(found);
        }
        figures.actions += 1;
        for (fail, what) in [
            (Disk::fail_once_after as fn(&Disk, usize), "failure of event"),
            (Disk::fail_after, "disk full from event"),
        ] {
            for at in 0.. {
                let failed = self
                    .fail(engine, number, base, at, fail)
                    .map_err(|defect| here(&format!("{what} {at}"), defect))?;
                let Some(recovered) = failed else { break };
                let (single, full) = if what.starts_with("disk") { (0, 1) } else { (1, 0) };
                figures.single_failures += single;
                figures.full_disks += full;
                match recovered {
                    Recovered::Before => figures.before += 1,
                    Recovered::After => figures.after += 1,
                }
            }
        }
        Ok((figures, disk.content()))
    }

    /// Strikes these actions, in ascending order; what comes before them is done on a sound disk.
    ///
    /// # Errors
    /// The first defect.
    pub fn inject_all(&self, engine: &TokioRuntimes, actions: &[usize]) -> Result<CrashFigures, CrashFound> {
        let whole =
            |action, defect| CrashFound { action, point: "without a fault".to_owned(), defect: Box::new(defect) };
        let mut figures = CrashFigures::default();
        let mut file = self.created().map_err(|error| whole(0, error.into()))?;
        for (number, action) in self.actions.iter().enumerate().take(actions.last().map_or(0, |last| last + 1)) {
            if actions.contains(&number) {
                let (injected, next) = self.inject(engine, number, &file)?;
                figures.merge(&injected);
                file = next;
            } else {
                let disk = Disk::new(file);
                let storage =
                    RedbStorage::open_on(disk.clone(), "ledger").map_err(|error| whole(number, error.into()))?;
                let done = action.run(engine, &storage).and_then(|()| storage.close());
                done.map_err(|error| whole(number, error.into()))?;
                file = disk.content();
            }
        }
        Ok(figures)
    }

    /// The disk fails at that event. None: the action has no such event.
    fn fail(
        &self,
        engine: &TokioRuntimes,
        number: usize,
        base: &[u8],
        at: usize,
        fail: fn(&Disk, usize),
    ) -> Result<Option<Recovered>, CrashDefect> {
        let disk = Disk::new(base.to_vec());
        let storage = RedbStorage::open_on(disk.clone(), "ledger")?;
        fail(&disk, at);
        let result = self.actions[number].run(engine, &storage);
        match &result {
            Ok(()) if !disk.failed() => return Ok(None),
            Ok(()) | Err(StorageError::Failed(_)) => {}
            Err(error) => return Err(CrashDefect::Unexpected(error.clone())),
        }
        // Whoever still reads sees the ledger before, or that nothing can be read; after, if it was reported done.
        let seen = number + usize::from(result.is_ok());
        if storage.inspect().is_ok_and(|ledger| ledger != self.ledgers[seen]) {
            return Err(CrashDefect::ReadsAnother);
        }
        drop(storage);
        disk.repair();
        let image = Image { name: "after a failure".to_owned(), bytes: disk.content() };
        let recovered = self.recover(engine, &image, number)?;
        if result.is_ok() && recovered == Recovered::Before {
            return Err(CrashDefect::Lost);
        }
        Ok(Some(recovered))
    }
}

fn top_of(batch: &WriteBatch) -> Topoheight {
    let top = batch.ops.iter().find_map(|op| if let WriteOp::Top(top) = op { Some(*top) } else { None });
    top.expect("a block has a top")
}

/// Stories with so many commits of small blocks in all, and the numbers of their actions that are to be struck: those commits, and
/// the rewinds before the last of them. Their plans are those of [`super::small_blocks`].
pub fn small_stories(engine: &TokioRuntimes, count: usize) -> Vec<(CrashStory, Vec<usize>)> {
    let mut stories = Vec::new();
    let mut left = count;
    for seed in 0.. {
        if left == 0 {
            break;
        }
        let scenario = build(&Plan::sized(seed, SMALL_PLAN), SignatureScheme::Tagged).scenario;
        let story = CrashStory::of(engine, &scenario);
        let mut small = Vec::new();
        for (number, action) in story.actions.iter().enumerate() {
            match action {
                Action::Commit { transactions, .. } if left > 0 && (1..=SMALL_BLOCK).contains(transactions) => {
                    left -= 1;
                    small.push(number);
                }
                Action::Rewind(_) if left > 0 => small.push(number),
                Action::Commit { .. } | Action::Rewind(_) => {}
            }
        }
        stories.push((story, small));
    }
    stories
}
