//! Whole scenarios on the ledger on disk: after every block and every rewind it is the ledger in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use seriatim_lab::workload::{Plan, Scenario, Step, build};
use seriatim_runtime::Native;
use seriatim_testkit::wait;
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::{Block, SignatureScheme};
use seriatim_tos::storage::{MemoryStorage, RedbStorage, Storage};

const PATHS: [ExecutionPath; 3] = [ExecutionPath::Sequential, ExecutionPath::Parallel, ExecutionPath::BlockStm];

fn chain<S: Storage>(storage: Arc<S>, scenario: &Scenario) -> Blockchain<S, Native> {
    let executor = ParallelExecutor::new(Native::with_hash_seed(7), 3).unwrap();
    Blockchain::new(storage, scenario.parameters.clone(), executor)
}

struct Pair<'a> {
    scenario: &'a Scenario,
    file: PathBuf,
    memory: Blockchain<MemoryStorage, Native>,
    /// None while the file is closed.
    disk: Option<Blockchain<RedbStorage, Native>>,
}

impl<'a> Pair<'a> {
    fn new(scenario: &'a Scenario, folder: &Path) -> Self {
        let file = folder.join("ledger");
        let memory = chain(Arc::new(MemoryStorage::new(&scenario.genesis).unwrap()), scenario);
        let disk = chain(Arc::new(RedbStorage::create(&file, &scenario.genesis).unwrap()), scenario);
        Self { scenario, file, memory, disk: Some(disk) }
    }

    fn reopen(&mut self) {
        drop(self.disk.take());
        self.disk = Some(chain(Arc::new(RedbStorage::open(&self.file).unwrap()), self.scenario));
    }

    /// The ledger in memory always goes the sequential path. Returns the number of blocks that were looked at.
    async fn step(&mut self, step: &Step, path: ExecutionPath) -> usize {
        let disk = self.disk.as_mut().unwrap();
        let mut compared = 0;
        match step {
            Step::Run(blocks) => {
                let (memory, file) = (Arc::clone(self.memory.storage()), Arc::clone(disk.storage()));
                let (mut expected, mut actual) = (self.memory.ordering_run(), disk.ordering_run());
                for block in blocks.iter().cloned().map(Block::seal) {
                    let wanted = expected.apply(&block, ExecutionPath::Sequential).await;
                    let found = actual.apply(&block, path).await;
                    assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
                    assert_eq!(found.is_ok(), wanted.is_ok());
                    compared += 1;
                    let ledger = file.inspect().unwrap();
                    memory.inspect(|memory| assert_eq!(&ledger, memory));
                    if wanted.is_err() {
                        break;
                    }
                }
            }
            Step::Rewind(to) => {
                let to = (*to).min(self.memory.storage().top().await.unwrap().0);
                self.memory.rewind(to).await.unwrap();
                disk.rewind(to).await.unwrap();
            }
        }
        self.compare();
        compared
    }

    fn compare(&self) {
        let disk = self.disk.as_ref().unwrap().storage().inspect().unwrap();
        self.memory.storage().inspect(|memory| assert_eq!(&disk, memory));
    }
}

/// Runs the scenario with the file closed and opened again before every step whose bit in `reopened` is set.
fn agrees(seed: u64, records: usize, path: ExecutionPath, reopened: u64) -> usize {
    let scenario = build(&Plan::sized(seed, records), SignatureScheme::Tagged).scenario;
    let folder = tempfile::tempdir().unwrap();
    wait(async {
        let mut pair = Pair::new(&scenario, folder.path());
        let mut compared = 0;
        for (index, step) in scenario.steps.iter().enumerate() {
            if reopened >> (index % 64) & 1 == 1 {
                pair.reopen();
                pair.compare();
            }
            compared += pair.step(step, path).await;
        }
        pair.step(&Step::Rewind(0), path).await;
        pair.reopen();
        pair.compare();
        compared
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_ledger_on_disk_is_the_one_in_memory_after_every_step(
        seed in any::<u64>(),
        records in 1_usize..40,
        path in proptest::sample::select(&PATHS[..]),
        reopened in any::<u64>(),
    ) {
        agrees(seed, records, path, reopened);
    }
}

#[test]
fn the_first_seeds_agree_on_every_path() {
    let compared: usize = PATHS.iter().flat_map(|path| (0..4).map(|seed| agrees(seed, 40, *path, 0b1010))).sum();
    assert!(compared >= 60, "{compared} blocks compared");
}
