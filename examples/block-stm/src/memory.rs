//! The multi-version memory (algorithm 2): of every account, what each payment wrote to it.

use std::collections::BTreeMap;

use seriatim_shims::sync::{Arc, Mutex, RwLock};

use crate::{Account, Key, Payment};

/// An execution of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub payment: usize,
    pub incarnation: usize,
}

/// What a payment left in an account.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Written {
        incarnation: usize,
        account: Account,
    },
    /// The execution that wrote it was aborted. The next one will most likely write here again.
    Estimate,
}

/// What a payment finds in an account.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// What was there before the block.
    Storage,
    Written(Version, Account),
    /// This payment has to be executed again first.
    Estimate(usize),
}

/// What an execution read, and who had written it. None: it was there before the block.
pub type ReadSet = Vec<(Key, Option<Version>)>;
pub type WriteSet = BTreeMap<Key, Account>;

#[derive(Debug)]
pub struct Memory {
    /// One a payment. A payment says which accounts it touches, so that no account is added later.
    data: BTreeMap<Key, RwLock<BTreeMap<usize, Entry>>>,
    last_written: Vec<Mutex<Vec<Key>>>,
    last_read: Vec<Mutex<Arc<ReadSet>>>,
}

impl Memory {
    pub fn of(block: &[Payment]) -> Self {
        let sources = block.iter().map(|payment| payment.from);
        let destinations = block.iter().flat_map(|payment| &payment.to).map(|&(key, _)| key);
        Self {
            data: sources.chain(destinations).map(|key| (key, RwLock::default())).collect(),
            last_written: block.iter().map(|_| Mutex::default()).collect(),
            last_read: block.iter().map(|_| Mutex::default()).collect(),
        }
    }

    /// What the last payment before this one left in an account.
    pub fn read(&self, key: &Key, payment: usize) -> Found {
        let entries = self.data[key].read().expect("no thread panics");
        match entries.range(..payment).next_back() {
            None => Found::Storage,
            Some((&payment, Entry::Estimate)) => Found::Estimate(payment),
            Some((&payment, &Entry::Written { incarnation, account })) => {
                Found::Written(Version { payment, incarnation }, account)
            }
        }
    }

    /// Leaves what an execution read and wrote. Returns whether it wrote where the execution before it did not.
    pub fn record(&self, version: Version, reads: ReadSet, writes: &WriteSet) -> bool {
        let Version { payment, incarnation } = version;
        for (key, &account) in writes {
            self.enter(key, payment, Entry::Written { incarnation, account });
        }
        let written = writes.keys().copied().collect();
        let before = std::mem::replace(&mut *self.last_written[payment].lock().expect("no thread panics"), written);
        for key in before.iter().filter(|&key| !writes.contains_key(key)) {
            self.data[key].write().expect("no thread panics").remove(&payment);
        }
        *self.last_read[payment].lock().expect("no thread panics") = Arc::new(reads);
        writes.keys().any(|key| !before.contains(key))
    }

    /// Marks what an aborted execution wrote, so that nobody goes on with it.
    pub fn convert_writes_to_estimates(&self, payment: usize) {
        let written = self.last_written[payment].lock().expect("no thread panics").clone();
        for key in &written {
            self.enter(key, payment, Entry::Estimate);
        }
    }

    /// Whether a payment would read again what its last execution read.
    pub fn validate_read_set(&self, payment: usize) -> bool {
        let reads = Arc::clone(&self.last_read[payment].lock().expect("no thread panics"));
        reads.iter().all(|(key, read)| match self.read(key, payment) {
            Found::Storage => read.is_none(),
            Found::Written(version, _) => *read == Some(version),
            Found::Estimate(_) => false,
        })
    }

    /// What the block left in each account.
    pub fn snapshot(&self) -> impl Iterator<Item = (Key, Account)> {
        self.data.keys().filter_map(|key| match self.read(key, usize::MAX) {
            Found::Written(_, account) => Some((*key, account)),
            Found::Storage | Found::Estimate(_) => None,
        })
    }

    fn enter(&self, key: &Key, payment: usize, entry: Entry) {
        self.data[key].write().expect("no thread panics").insert(payment, entry);
    }
}
