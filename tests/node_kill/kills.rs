//! Kills the real command at seeded moments and compares the ledger that it leaves with that of an uninterrupted chain.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use seriatim::chain::Modes;
use seriatim::execution::ParallelExecutor;
use seriatim::ledger::{Hash, SignatureScheme};
use seriatim::node::{Blocks, Node, NodeState, NodeStorage, Origin};
use seriatim::runtime::Native;
use seriatim::storage::{LedgerState, MemoryStorage, RedbStorage};
use seriatim::workload::{Devnet, DevnetContent};

/// Counts of the kills.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: usize,
    /// Kills after which the file was there.
    pub reopened: usize,
    /// Those of them in the middle of an ordering run.
    pub in_a_run: usize,
    /// Those of them between a rewind and the blocks after it.
    pub after_a_rewind: usize,
    pub tops: Vec<u64>,
    pub reorganisations: u64,
}

/// A chain in memory that is never ended.
struct Whole {
    node: Node<MemoryStorage>,
    tokio: tokio::runtime::Runtime,
    reorganisations: u64,
}

impl Whole {
    fn new(devnet: Devnet) -> Self {
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let genesis = LedgerState::from_genesis(&devnet.genesis());
        let state = NodeState::new(Origin::Devnet(devnet), &genesis);
        let storage = Arc::new(MemoryStorage::from_state(genesis));
        let executor = ParallelExecutor::new(Native::with_hash_seed(0), 1).unwrap();
        let node = Node::open(storage, state, Blocks::Devnet(devnet), executor, Modes::off());
        Self { node: tokio.block_on(node).unwrap(), tokio, reorganisations: 0 }
    }

    /// Goes on to where `state` is. Panics where it never comes there.
    fn go_to(&mut self, state: &NodeState) {
        while self.node.state().position != state.position {
            let (mine, theirs) = (&self.node.state().position, &state.position);
            assert!((mine.base, mine.events) < (theirs.base, theirs.events), "never at {theirs:?}, but at {mine:?}");
            self.step();
        }
    }

    fn go_to_top(&mut self, top: u64) {
        while self.node.state().position.top < top {
            self.step();
        }
    }

    fn step(&mut self) {
        let before = self.node.state().position.top;
        assert!(self.tokio.block_on(self.node.step()).unwrap());
        self.reorganisations += u64::from(self.node.state().position.top < before);
    }

    fn digest(&self) -> Hash {
        self.node.chain().storage().ledger_digest().unwrap()
    }
}

fn devnet(seed: u64) -> Devnet {
    Devnet { seed, signature_scheme: SignatureScheme::Tagged, content: DevnetContent::Plans, reorg_every: 5 }
}

fn command(binary: &Path, file: &Path, seed: u64, until: u64) -> Command {
    let mut command = Command::new(binary);
    command.args(["node", "--signatures", "tagged", "--content", "plans", "--reorg-every", "5", "--mode", "test"]);
    command.args(["--budget-ms", "60000", "--workers", "2", "--db"]).arg(file);
    command.args(["--seed", &seed.to_string(), "--until", &until.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Starts the command `kills` times and kills it after a time that `seed` decides, up to `longest`. Then it lets the node add
/// `until` more blocks. After each kill the file must open, its note must belong to its ledger, and the ledger must equal
/// that of an uninterrupted chain at the same place.
pub fn kill(binary: &Path, folder: &Path, seed: u64, kills: usize, longest: Duration, until: u64) -> Tally {
    let file: PathBuf = folder.join("ledger");
    let mut whole = Whole::new(devnet(seed));
    let mut tally = Tally::default();
    let mut chance = seed;
    let mut top = 0;
    for _ in 0..kills {
        // Knuth's generator: any will do.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let wait = longest.mul_f64((chance >> 40) as f64 / f64::from(1 << 24));
        let mut child = command(binary, &file, seed, u64::MAX).spawn().unwrap();
        std::thread::sleep(wait);
        child.kill().unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), None, "{}", String::from_utf8_lossy(&ended.stderr));
        tally.kills += 1;
        if !file.exists() {
            continue;
        }
        let storage = RedbStorage::open(&file).unwrap();
        let state = whole.tokio.block_on(NodeState::read(&storage)).unwrap();
        // Between the file and its first note.
        let Some(state) = state else {
            assert_eq!(storage.digest().unwrap(), whole.digest());
            continue;
        };
        whole.go_to(&state);
        assert_eq!(storage.digest().unwrap(), whole.digest(), "{:?}", state.position);
        tally.reopened += 1;
        match &state.position.run {
            None if state.position.events > 0 => tally.after_a_rewind += 1,
            None => {}
            Some(run) => tally.in_a_run += usize::from(run.base + 1 < state.position.top),
        }
        top = state.position.top;
        tally.tops.push(top);
    }
    let until = top + until;
    let ended = command(binary, &file, seed, until).output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    whole.go_to_top(until);
    assert_eq!(RedbStorage::open(&file).unwrap().digest().unwrap(), whole.digest());
    tally.tops.push(until);
    tally.reorganisations = whole.reorganisations;
    tally
}
