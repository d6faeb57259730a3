//! Multi-version memory: per location what each transaction's last incarnation wrote there, and per transaction what that
//! incarnation read and where it wrote. It knows nothing of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_runtime::{ConcurrentMap, MapKey, MapValue, Runtime};

/// Which execution of which transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Position in the block.
    pub txn_idx: usize,
    /// Executions of it before this one.
    pub incarnation_num: u64,
}

/// What a transaction finds at a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<V> {
    /// Written by the highest of the lower transactions that write there.
    Written(Version, V),
    /// None of them wrote it: the value is in storage.
    NotFound,
    /// This lower transaction is to be executed again and will probably write here: to read on would be in vain.
    Estimate { blocking_txn_idx: usize },
}

/// What an incarnation read: each location, and the version found there; None for storage.
pub type ReadSet<L> = Vec<(L, Option<Version>)>;

/// One transaction's part of a location.
#[derive(Clone, Debug)]
enum Entry<V> {
    Value {
        incarnation_num: u64,
        value: V,
    },
    /// The incarnation that wrote here was aborted.
    Estimate,
}

/// What the last incarnation of a transaction left.
#[derive(Clone, Debug)]
struct Recorded<L> {
    reads: ReadSet<L>,
    written: BTreeSet<L>,
}

/// Locations `L` with values `V`. No guard is held while the same map is entered again.
pub struct MvMemory<R: Runtime, L: MapKey, V: MapValue> {
    data: R::Map<L, BTreeMap<usize, Entry<V>>>,
    /// `last_read_set` and `last_written_locations` of the paper, by transaction.
    recorded: R::Map<usize, Recorded<L>>,
}

impl<R: Runtime, L: MapKey, V: MapValue + Clone> MvMemory<R, L, V> {
    /// Nothing is written yet.
    pub fn new(runtime: &R) -> Self {
        Self { data: runtime.map("data"), recorded: runtime.map("recorded") }
    }

    /// What transaction `txn_idx` reads at a location now.
    pub fn read(&self, location: &L, txn_idx: usize) -> Read<V> {
        let Some(entries) = self.data.get(location) else { return Read::NotFound };
        match entries.range(..txn_idx).next_back() {
            None => Read::NotFound,
            Some((&blocking_txn_idx, Entry::Estimate)) => Read::Estimate { blocking_txn_idx },
            Some((&txn_idx, Entry::Value { incarnation_num, value })) => {
                Read::Written(Version { txn_idx, incarnation_num: *incarnation_num }, value.clone())
            }
        }
    }

    /// Keeps what an incarnation read and wrote, in the place of what the one before it left. Returns whether it wrote where that
    /// one had not: higher transactions that were validated may then have missed it.
    pub fn record(&self, version: Version, reads: ReadSet<L>, writes: Vec<(L, V)>) -> bool {
        let Version { txn_idx, incarnation_num } = version;
        let written: BTreeSet<L> = writes.iter().map(|(location, _)| location.clone()).collect();
        for (location, value) in writes {
            let mut entries = self.data.entry_or_insert(location, BTreeMap::new());
            entries.insert(txn_idx, Entry::Value { incarnation_num, value });
        }
        let before = self.recorded.get(&txn_idx).map(|recorded| recorded.written.clone()).unwrap_or_default();
        for location in before.difference(&written) {
            self.data.get_mut(location).expect("it was written").remove(&txn_idx);
        }
        let wrote_new_location = !written.is_subset(&before);
        self.recorded.insert(txn_idx, Recorded { reads, written });
        wrote_new_location
    }

    /// Marks all that an aborted incarnation wrote: its next one will probably write there again.
    pub fn convert_writes_to_estimates(&self, txn_idx: usize) {
        let written = self.recorded.get(&txn_idx).map(|recorded| recorded.written.clone()).unwrap_or_default();
        for location in written {
            self.data.get_mut(&location).expect("it was written").insert(txn_idx, Entry::Estimate);
        }
    }

    /// Whether a transaction that was executed would read the same versions now.
    pub fn validate_read_set(&self, txn_idx: usize) -> bool {
        let recorded = self.recorded.get(&txn_idx).map(|recorded| recorded.reads.clone());
        let reads = recorded.expect("only what was executed is validated");
        reads.iter().all(|(location, version)| match self.read(location, txn_idx) {
            Read::Written(now, _) => *version == Some(now),
            Read::NotFound => version.is_none(),
            Read::Estimate { .. } => false,
        })
    }

    /// What the whole block wrote, when no task uses the memory any more; by location.
    pub fn into_snapshot(self) -> BTreeMap<L, V> {
        let last = |(location, entries): (L, BTreeMap<usize, Entry<V>>)| match entries.into_values().next_back()? {
            Entry::Value { value, .. } => Some((location, value)),
            Entry::Estimate => unreachable!("an estimate goes with the next execution, and the block has ended"),
        };
        self.data.into_entries().into_iter().filter_map(last).collect()
    }
}
