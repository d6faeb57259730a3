//! `parking_lot::RwLock`.

mod upgradable;

use std::fmt;
use std::time::{Duration, Instant};

use super::guard::{Gate, guard, map, show, unlocked};
use crate::steps::{Effect, Mode, Place, Shared, came_to, named};

pub use upgradable::RwLockUpgradableReadGuard;

/// `parking_lot::RwLock`. A writer that waits keeps no reader out, so `read_recursive` is the same as `read`.
pub struct RwLock<T: ?Sized> {
    shared: Shared,
    real: ::parking_lot::RwLock<T>,
}

named!(RwLock<T>);

/// `parking_lot::const_rwlock`.
#[track_caller]
pub const fn const_rwlock<T>(value: T) -> RwLock<T> {
    RwLock::new(value)
}

impl<T> RwLock<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { shared: Shared::new("RwLock"), real: ::parking_lot::const_rwlock(value) }
    }

    pub fn into_inner(self) -> T {
        self.real.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        RwLockReadGuard::lock(self.gate(Place::here()), &self.real)
    }

    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard::lock(self.gate(Place::here()), &self.real)
    }

    #[track_caller]
    pub fn read_recursive(&self) -> RwLockReadGuard<'_, T> {
        let gate = self.gate(Place::here());
        let (attempt, blocking) = (|| self.real.try_read_recursive(), || self.real.read_recursive());
        RwLockReadGuard::of(gate, gate.lock(Mode::Shared, attempt, blocking))
    }

    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        RwLockReadGuard::try_lock(self.gate(Place::here()), &self.real)
    }

    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        RwLockWriteGuard::try_lock(self.gate(Place::here()), &self.real)
    }

    #[track_caller]
    pub fn try_read_recursive(&self) -> Option<RwLockReadGuard<'_, T>> {
        let gate = self.gate(Place::here());
        Some(RwLockReadGuard::of(gate, gate.try_lock(Mode::Shared, || self.real.try_read_recursive())?))
    }

    #[track_caller]
    pub fn try_read_for(&self, limit: Duration) -> Option<RwLockReadGuard<'_, T>> {
        let gate = self.gate(Place::here());
        let real = gate.try_lock_later(Mode::Shared, || self.real.try_read(), || self.real.try_read_for(limit));
        Some(RwLockReadGuard::of(gate, real?))
    }

    #[track_caller]
    pub fn try_read_until(&self, limit: Instant) -> Option<RwLockReadGuard<'_, T>> {
        let gate = self.gate(Place::here());
        let real = gate.try_lock_later(Mode::Shared, || self.real.try_read(), || self.real.try_read_until(limit));
        Some(RwLockReadGuard::of(gate, real?))
    }

    #[track_caller]
    pub fn try_write_for(&self, limit: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        let gate = self.gate(Place::here());
        let real = gate.try_lock_later(Mode::Exclusive, || self.real.try_write(), || self.real.try_write_for(limit));
        Some(RwLockWriteGuard::of(gate, real?))
    }

    #[track_caller]
    pub fn try_write_until(&self, limit: Instant) -> Option<RwLockWriteGuard<'_, T>> {
        let gate = self.gate(Place::here());
        let real = gate.try_lock_later(Mode::Exclusive, || self.real.try_write(), || self.real.try_write_until(limit));
        Some(RwLockWriteGuard::of(gate, real?))
    }

    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.ask("is locked", Place::here(), || self.real.is_locked())
    }

    #[track_caller]
    pub fn is_locked_exclusive(&self) -> bool {
        self.ask("is locked exclusive", Place::here(), || self.real.is_locked_exclusive())
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.real.get_mut()
    }

    fn ask(&self, name: &'static str, place: Place, ask: impl FnOnce() -> bool) -> bool {
        let told = came_to(name, Effect::Read, |locked| if *locked { "locked" } else { "not locked" });
        self.shared.operate(Effect::Read, place, ask, told)
    }

    fn gate(&self, place: Place) -> Gate<'_> {
        Gate { shared: &self.shared, place }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "RwLock", RwLockReadGuard::try_lock(self.gate(Place::default()), &self.real))
    }
}

guard!(RwLockReadGuard);
guard!(RwLockWriteGuard, mut);
guard!(MappedRwLockReadGuard);
guard!(MappedRwLockWriteGuard, mut);
map!(RwLockReadGuard -> MappedRwLockReadGuard, &);
map!(MappedRwLockReadGuard -> MappedRwLockReadGuard, &);
map!(RwLockWriteGuard -> MappedRwLockWriteGuard, &mut);
map!(MappedRwLockWriteGuard -> MappedRwLockWriteGuard, &mut);
unlocked!(RwLockReadGuard, rwlock, Shared, try_read, read);
unlocked!(RwLockWriteGuard, rwlock, Exclusive, try_write, write);

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    pub(crate) fn lock(gate: Gate<'a>, real: &'a ::parking_lot::RwLock<T>) -> Self {
        Self::of(gate, gate.lock(Mode::Shared, || real.try_read(), || real.read()))
    }

    pub(crate) fn try_lock(gate: Gate<'a>, real: &'a ::parking_lot::RwLock<T>) -> Option<Self> {
        Some(Self::of(gate, gate.try_lock(Mode::Shared, || real.try_read())?))
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    pub(crate) fn lock(gate: Gate<'a>, real: &'a ::parking_lot::RwLock<T>) -> Self {
        Self::of(gate, gate.lock(Mode::Exclusive, || real.try_write(), || real.write()))
    }

    pub(crate) fn try_lock(gate: Gate<'a>, real: &'a ::parking_lot::RwLock<T>) -> Option<Self> {
        Some(Self::of(gate, gate.try_lock(Mode::Exclusive, || real.try_write())?))
    }

    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let (gate, real) = guard.into_real();
        let gate = Gate { place: Place::here(), ..gate };
        RwLockReadGuard::of(gate, gate.trade(Mode::Shared, || ::parking_lot::RwLockWriteGuard::downgrade(real)))
    }
}
