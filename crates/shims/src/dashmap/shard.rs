//! A part of a map, behind its lock, and what is recorded of its entries.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use hashbrown::HashTable;
use seriatim_explore::model::{Entry, Key};

use crate::parking_lot::{Gate, RwLockReadGuard, RwLockWriteGuard};
use crate::steps::{Action, Place, Shared, Shown, control, is_controlled};

/// What a record says of a value, whose type need not be one that can be shown.
const VALUE: &str = "a value";
const OTHER_VALUE: &str = "another value";
const NO_VALUE: &str = "nothing";

/// The gate of every shard where nothing is controlled.
static OUTSIDE: Shared = Shared::new("DashMap");

pub type Table<K, V> = HashTable<(K, V)>;

pub struct Shard<K, V> {
    /// Made when the shard is first entered, since its name is that of the map and a number.
    shared: OnceLock<Shared>,
    table: ::parking_lot::RwLock<Table<K, V>>,
}

impl<K, V> Shard<K, V> {
    pub fn new(table: Table<K, V>) -> Self {
        Self { shared: OnceLock::new(), table: ::parking_lot::RwLock::new(table) }
    }

    pub fn into_table(self) -> Table<K, V> {
        self.table.into_inner()
    }

    pub fn table_mut(&mut self) -> &mut Table<K, V> {
        self.table.get_mut()
    }

    fn gate(&self, map: &Shared, number: usize, place: Place) -> Gate<'_> {
        let make = || {
            let mut shared = Shared::new("DashMap");
            shared.be_shard(map.label(), number as u64);
            shared
        };
        let shared = if is_controlled() { self.shared.get_or_init(make) } else { &OUTSIDE };
        Gate { shared, place }
    }

    pub fn read(&self, map: &Shared, number: usize, place: Place) -> RwLockReadGuard<'_, Table<K, V>> {
        RwLockReadGuard::lock(self.gate(map, number, place), &self.table)
    }

    pub fn write(&self, map: &Shared, number: usize, place: Place) -> RwLockWriteGuard<'_, Table<K, V>> {
        RwLockWriteGuard::lock(self.gate(map, number, place), &self.table)
    }

    pub fn try_read(&self, map: &Shared, number: usize, place: Place) -> Option<RwLockReadGuard<'_, Table<K, V>>> {
        RwLockReadGuard::try_lock(self.gate(map, number, place), &self.table)
    }

    pub fn try_write(&self, map: &Shared, number: usize, place: Place) -> Option<RwLockWriteGuard<'_, Table<K, V>>> {
        RwLockWriteGuard::try_lock(self.gate(map, number, place), &self.table)
    }
}

/// The hash that places a key: the same in every run.
pub fn hash_of<Q: Hash + ?Sized>(key: &Q) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The bucket of a key that is there.
pub fn find<K: Borrow<Q>, V, Q: Eq + ?Sized>(table: &Table<K, V>, hash: u64, key: &Q) -> Option<usize> {
    table.find_bucket_index(hash, |(other, _)| other.borrow() == key)
}

/// The bucket of a key that was not there.
pub fn put<K: Hash, V>(table: &mut Table<K, V>, hash: u64, pair: (K, V)) -> usize {
    table.insert_unique(hash, pair, |(key, _)| hash_of(key)).bucket_index()
}

pub fn pair<K, V>(table: &Table<K, V>, bucket: usize) -> (&K, &V) {
    let (key, value) = table.get_bucket(bucket).expect("an entry is there as long as its shard is held");
    (key, value)
}

pub fn pair_mut<K, V>(table: &mut Table<K, V>, bucket: usize) -> (&K, &mut V) {
    let (key, value) = table.get_bucket_mut(bucket).expect("an entry is there as long as its shard is held");
    (key, value)
}

pub fn take<K, V>(table: &mut Table<K, V>, bucket: usize) -> (K, V) {
    let entry = table.get_bucket_entry(bucket).ok().expect("an entry is there as long as its shard is held");
    entry.remove().0
}

/// Records what is done to an entry; None: nobody records it.
pub fn note<Q: Debug + ?Sized>(
    map: &Shared,
    place: Place,
    key: &Q,
    action: impl FnOnce(Entry) -> Action,
) -> Option<Entry> {
    let mut noted = None;
    control::record(place, || {
        let entry = Entry { map: map.label(), key: Key::of(&key) };
        noted = Some(entry.clone());
        action(entry)
    });
    noted
}

pub fn looked_for<Q: Debug + ?Sized>(map: &Shared, place: Place, key: &Q, is_there: bool) -> Option<Entry> {
    note(map, place, key, |entry| Action::LookFor { entry, found: found(is_there) })
}

pub fn read<Q: Debug + ?Sized>(map: &Shared, place: Place, key: &Q, is_there: bool) {
    note(map, place, key, |entry| Action::Read { entry, found: found(is_there) });
}

pub fn inserted<Q: Debug + ?Sized>(map: &Shared, place: Place, key: &Q, was_there: bool) {
    let value = Shown::text(if was_there { OTHER_VALUE } else { VALUE });
    note(map, place, key, |entry| Action::Insert { entry, value, found: found(was_there) });
}

fn found(is_there: bool) -> Option<Shown> {
    is_there.then(|| Shown::text(VALUE))
}

/// Exclusive access to an entry. Records what it leaves when it is dropped, and that is before the shard is given back.
pub struct Held {
    /// None: nobody records it.
    entry: Option<Entry>,
    /// Where the value was changed last, or else where the access was taken.
    place: Place,
    left: &'static str,
}

impl Held {
    pub fn new<Q: Debug + ?Sized>(map: &Shared, place: Place, key: &Q) -> Self {
        let entry = note(map, place, key, |entry| Action::Hold { entry, found: found(true) });
        Self { entry, place, left: VALUE }
    }

    /// Access to an entry that was just put there.
    pub fn made(entry: Option<Entry>, place: Place) -> Self {
        if let Some(entry) = &entry {
            control::record(place, || Action::InsertIfAbsent { entry: entry.clone(), found: None });
        }
        Self { entry, place, left: VALUE }
    }

    /// Records access to an entry that is not there, so that nothing is left.
    pub fn absent<Q: Debug + ?Sized>(map: &Shared, place: Place, key: &Q) {
        note(map, place, key, |entry| Action::Hold { entry, found: None });
    }

    pub fn changes(&mut self, place: Place) {
        (self.left, self.place) = (OTHER_VALUE, place);
    }

    pub fn removes(&mut self) {
        self.left = NO_VALUE;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            control::record(self.place, || Action::Leave { entry, left: Shown::text(self.left) });
        }
    }
}
