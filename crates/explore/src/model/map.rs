//! dashmap's map: shards, each behind its own reader-writer lock that prefers readers; a guard blocks its whole shard.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::{Deref, DerefMut};
use std::task::{Poll, Waker};

use super::action::Action;
use super::engine::{Announcement, Engine, Section};
use super::meetings::LastAccess;
use super::object::{Entry, Lock, Mode};
use super::shown::{Key, Shown};
use super::steps::{self, Place};
use super::waiting::{self, Awaited};
use crate::announce::{Access, ObjectId};
use seriatim_runtime::{ConcurrentMap, MapKey, MapValue, SeededHasher};

/// A map whose operations are steps of its engine. Each takes the shard's lock as a step of its own and gives it back
/// without one.
pub struct ModelMap<K, V> {
    engine: Engine,
    label: &'static str,
    object: ObjectId,
    shards: u64,
    placement_seed: u64,
    /// Made when first entered, so that a map may have as many shards as there are keys.
    made: UnsafeCell<Shards<K, V>>,
}

// SAFETY: all threads of an execution share one operating system thread and are switched only at steps. `made` is
// reached only in `shard`, which takes no step, so no two accesses to it overlap. A shard's entries are reached only
// under its lock (see `Shard`).
#[allow(unsafe_code)]
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for ModelMap<K, V> {}
// SAFETY: as above; nothing in a map belongs to the thread that made it.
#[allow(unsafe_code)]
unsafe impl<K: Send, V: Send> Send for ModelMap<K, V> {}

/// Shards by their number. They are boxed, so that one stays where it is while others are made.
type Shards<K, V> = BTreeMap<u64, Box<Shard<K, V>>>;

struct Shard<K, V> {
    lock: Section<State>,
    /// Reached by readers while the lock counts one, and by the one writer while it says so.
    entries: UnsafeCell<BTreeMap<K, V>>,
}

/// Who holds a shard's lock, and who waits for it.
#[derive(Default)]
struct State {
    readers: usize,
    writer: bool,
    waiting: Vec<Waker>,
    last_access: LastAccess,
}

impl State {
    /// Takes the lock if it is free; a writer that waits does not keep readers out.
    fn attempt(&mut self, exclusive: bool, task: u64) -> bool {
        let free = !self.writer && (!exclusive || self.readers == 0);
        if free {
            self.last_access.next(task, exclusive);
            self.writer = exclusive;
            self.readers += usize::from(!exclusive);
        }
        free
    }
}

impl<K: MapKey, V: MapValue> ModelMap<K, V> {
    pub(super) fn new(engine: Engine, label: &'static str, shards: u64, placement_seed: u64) -> Self {
        assert!(shards > 0, "a map has at least one shard");
        assert!(shards <= 1 << 32, "a shard's number fits below its map's");
        let made = UnsafeCell::new(BTreeMap::new());
        Self { engine, label, object: engine.new_object(), shards, placement_seed, made }
    }

    #[allow(unsafe_code)]
    fn shard(&self, key: &K) -> (u64, &Shard<K, V>) {
        let number = SeededHasher(self.placement_seed).hash_one(key) % self.shards;
        // SAFETY: this takes no step, so it overlaps with no other access to `made`. A shard is boxed and lives as long as
        // the map, whatever is made after it, so the reference outlives this borrow of `made`.
        let shard: *const Shard<K, V> = unsafe {
            let made = &mut *self.made.get();
            &raw const **made.entry(number).or_insert_with(|| {
                let lock = Section::new(self.engine, State::default());
                Box::new(Shard { lock, entries: UnsafeCell::new(BTreeMap::new()) })
            })
        };
        // SAFETY: as above.
        (number, unsafe { &*shard })
    }

    #[track_caller]
    fn trace(&self, key: &K, action: impl FnOnce(Entry) -> Action) {
        steps::trace_at(Place::here(), || self.engine.task(), || action(entry(self.label, key)));
    }

    /// A guard that may change a value; the value is recorded when it is dropped.
    fn changes<'a>(&'a self, key: &K, value: &'a mut V, locked: Locked<'a, K, V>) -> ModelRefMut<'a, K, V> {
        let changed = locked.place;
        ModelRefMut { label: self.label, key: key.clone(), value, locked, changed }
    }

    /// Takes a lock of the shard that `key` lies in; `access` decides under it what of the shard the guard is for.
    #[allow(unsafe_code)]
    #[track_caller]
    fn locked(&self, key: &K, exclusive: bool) -> Locked<'_, K, V> {
        let (engine, place) = (self.engine, Place::here());
        let (number, shard) = self.shard(key);
        let lock = ObjectId(self.object.0 + number);
        let access = if exclusive { Access::Exclusive(lock) } else { Access::Shared(lock) };
        engine.announce(Announcement::Next(access));
        let mut waited = false;
        // The common case costs one step and no waker.
        if !shard.lock.step(|lock| lock.attempt(exclusive, engine.task())) {
            engine.block_on(std::future::poll_fn(|context| {
                let taken = shard.lock.give_back(|lock| {
                    let taken = lock.attempt(exclusive, engine.task());
                    if !taken {
                        lock.waiting.push(context.waker().clone());
                    }
                    taken
                });
                if taken {
                    return Poll::Ready(());
                }
                waited = true;
                let (map, key, mode) = (self.label.into(), Key::of(key), Mode::of(exclusive));
                waiting::begin(engine.task(), Awaited::Shard { map, shard: number, key, mode }, place);
                Poll::Pending
            }));
        }
        if waited {
            waiting::end(engine.task());
        }
        engine.announce(Announcement::Acquired);
        let taken = || Action::Lock { lock: shard_of(self.label, number), mode: Mode::of(exclusive) };
        steps::trace_at(place, || engine.task(), taken);
        Locked { label: self.label, shard, object: lock, exclusive, place }
    }
}

/// A shard's lock, held.
struct Locked<'a, K, V> {
    label: &'static str,
    shard: &'a Shard<K, V>,
    object: ObjectId,
    exclusive: bool,
    /// Where it was taken.
    place: Place,
}

impl<'a, K: Ord, V> Locked<'a, K, V> {
    #[allow(unsafe_code)]
    fn entries(&self) -> &'a BTreeMap<K, V> {
        // SAFETY: the lock is held, so there is no writer but this one, which does not write while it reads.
        unsafe { &*self.shard.entries.get() }
    }

    #[allow(unsafe_code, clippy::mut_from_ref)]
    fn entries_mut(&self) -> &'a mut BTreeMap<K, V> {
        assert!(self.exclusive, "only a writer changes entries");
        // SAFETY: the lock is held for writing, so nobody else reaches the entries until it is given back; each caller
        // lets go of one such reference before it takes the next.
        unsafe { &mut *self.shard.entries.get() }
    }
}

impl<K, V> Drop for Locked<'_, K, V> {
    fn drop(&mut self) {
        let engine = self.shard.lock.engine();
        self.shard.lock.give_back(|lock| {
            if self.exclusive {
                lock.writer = false;
            } else {
                lock.readers -= 1;
            }
            lock.waiting.drain(..).for_each(Waker::wake);
        });
        let shard = || shard_of(self.label, self.object.0 & u64::from(u32::MAX));
        steps::trace_at(self.place, || engine.task(), || Action::Unlock { lock: shard() });
        engine.announce(Announcement::Released(self.object));
    }
}

fn entry(map: &'static str, key: &impl MapKey) -> Entry {
    Entry { map: map.into(), key: Key::of(key) }
}

fn shard_of(map: &'static str, shard: u64) -> Lock {
    Lock::Shard { map: map.into(), shard }
}

/// Shared access to one value, blocking its shard for writers.
pub struct ModelRef<'a, K, V> {
    value: &'a V,
    _locked: Locked<'a, K, V>,
}

/// Exclusive access to one value, blocking its shard.
pub struct ModelRefMut<'a, K: MapKey, V: MapValue> {
    label: &'static str,
    key: K,
    value: &'a mut V,
    locked: Locked<'a, K, V>,
    /// Where the value was changed last, or else where the guard was taken.
    changed: Place,
}

// SAFETY: a guard is a reference to a value and the right to give a lock back; neither belongs to a thread.
#[allow(unsafe_code)]
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Locked<'_, K, V> {}

impl<K, V> Deref for ModelRef<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value
    }
}

impl<K: MapKey, V: MapValue> Deref for ModelRefMut<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value
    }
}

impl<K: MapKey, V: MapValue> Drop for ModelRefMut<'_, K, V> {
    fn drop(&mut self) {
        let engine = self.locked.shard.lock.engine();
        let left = || Action::Leave { entry: entry(self.label, &self.key), left: Shown::of(&*self.value) };
        steps::trace_at(self.changed, || engine.task(), left);
    }
}

impl<K: MapKey, V: MapValue> DerefMut for ModelRefMut<'_, K, V> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut V {
        self.changed = Place::here();
        self.value
    }
}

impl<K: MapKey, V: MapValue> ConcurrentMap<K, V> for ModelMap<K, V> {
    type Ref<'a> = ModelRef<'a, K, V>;
    type RefMut<'a> = ModelRefMut<'a, K, V>;

    fn get(&self, key: &K) -> Option<Self::Ref<'_>> {
        let locked = self.locked(key, false);
        let value = locked.entries().get(key);
        self.trace(key, |entry| Action::Read { entry, found: value.map(Shown::of) });
        Some(ModelRef { value: value?, _locked: locked })
    }

    fn get_mut(&self, key: &K) -> Option<Self::RefMut<'_>> {
        let locked = self.locked(key, true);
        let value = locked.entries_mut().get_mut(key);
        self.trace(key, |entry| Action::Hold { entry, found: value.as_deref().map(Shown::of) });
        Some(self.changes(key, value?, locked))
    }

    fn contains_key(&self, key: &K) -> bool {
        let locked = self.locked(key, false);
        let value = locked.entries().get(key);
        self.trace(key, |entry| Action::LookFor { entry, found: value.map(Shown::of) });
        value.is_some()
    }

    fn insert(&self, key: K, value: V) -> Option<V> {
        let locked = self.locked(&key, true);
        self.trace(&key, |entry| {
            let found = locked.entries().get(&key).map(Shown::of);
            Action::Insert { entry, value: Shown::of(&value), found }
        });
        locked.entries_mut().insert(key, value)
    }

    fn entry_or_insert(&self, key: K, value: V) -> Self::RefMut<'_> {
        let locked = self.locked(&key, true);
        let found = || locked.entries().get(&key).map(Shown::of);
        self.trace(&key, |entry| Action::InsertIfAbsent { entry, found: found() });
        let value = locked.entries_mut().entry(key.clone()).or_insert(value);
        self.changes(&key, value, locked)
    }

    fn into_entries(self) -> Vec<(K, V)> {
        let Self { placement_seed, made, .. } = self;
        // As independent of the placement as buckets are of shards.
        let bucket = |key: &K| SeededHasher(!placement_seed).hash_one(key);
        let mut entries = Vec::new();
        for shard in made.into_inner().into_values() {
            let mut in_shard: Vec<(K, V)> = shard.entries.into_inner().into_iter().collect();
            in_shard.sort_by_cached_key(|(key, _)| bucket(key));
            entries.append(&mut in_shard);
        }
        entries
    }
}
