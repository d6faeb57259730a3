//! A reader that can become a writer, of which a lock has at most one.

use super::super::guard::{Gate, guard};
use super::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::steps::{Effect, Mode, Place, call, is_controlled};

guard!(RwLockUpgradableReadGuard);

impl<T: ?Sized> RwLock<T> {
    #[track_caller]
    pub fn upgradable_read(&self) -> RwLockUpgradableReadGuard<'_, T> {
        let gate = self.gate(Place::here());
        if !is_controlled() {
            return RwLockUpgradableReadGuard::of(gate, self.real.upgradable_read());
        }
        // To a second one of its kind it is no reader, so here it does not announce itself as one.
        let told = call("upgradable read", Effect::Write);
        let attempt = || self.real.try_upgradable_read();
        let real = gate.shared.wait_for("upgradable read", gate.place, attempt, told);
        RwLockUpgradableReadGuard::enter(gate, real)
    }

    #[track_caller]
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        let gate = self.gate(Place::here());
        let real = gate.try_lock(Mode::Shared, || self.real.try_upgradable_read())?;
        Some(RwLockUpgradableReadGuard::of(gate, real))
    }
}

impl<'a, T: ?Sized> RwLockUpgradableReadGuard<'a, T> {
    /// Counts it among the readers.
    fn enter(gate: Gate<'a>, real: ::parking_lot::RwLockUpgradableReadGuard<'a, T>) -> Self {
        let real = gate.shared.try_lock(Mode::Shared, gate.place, || Some(real));
        Self::of(gate, real.expect("it is held already"))
    }

    /// Waits until there are no other readers. No other writer comes between.
    #[track_caller]
    pub fn upgrade(guard: Self) -> RwLockWriteGuard<'a, T> {
        let (gate, real) = guard.into_real();
        let gate = Gate { place: Place::here(), ..gate };
        if !is_controlled() {
            return RwLockWriteGuard::of(gate, ::parking_lot::RwLockUpgradableReadGuard::upgrade(real));
        }
        // It leaves the readers that the writer waits for. The real lock lets no other writer in.
        gate.unlock();
        let mut held = Some(real);
        let attempt = || {
            let held_on = ::parking_lot::RwLockUpgradableReadGuard::try_upgrade(held.take()?);
            held_on.map_err(|real| held = Some(real)).ok()
        };
        let real = gate.shared.lock(Mode::Exclusive, gate.place, attempt);
        RwLockWriteGuard::of(gate, real)
    }

    /// # Errors
    /// The guard, if there are other readers.
    #[track_caller]
    pub fn try_upgrade(guard: Self) -> Result<RwLockWriteGuard<'a, T>, Self> {
        let (gate, real) = guard.into_real();
        let gate = Gate { place: Place::here(), ..gate };
        if !is_controlled() {
            return match ::parking_lot::RwLockUpgradableReadGuard::try_upgrade(real) {
                Ok(real) => Ok(RwLockWriteGuard::of(gate, real)),
                Err(real) => Err(Self::of(gate, real)),
            };
        }
        gate.unlock();
        let mut kept = None;
        let attempt = || {
            let tried = ::parking_lot::RwLockUpgradableReadGuard::try_upgrade(real);
            tried.map_err(|real| kept = Some(real)).ok()
        };
        match gate.shared.try_lock(Mode::Exclusive, gate.place, attempt) {
            Some(real) => Ok(RwLockWriteGuard::of(gate, real)),
            None => Err(Self::enter(gate, kept.expect("it was not upgraded"))),
        }
    }

    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let (gate, real) = guard.into_real();
        let gate = Gate { place: Place::here(), ..gate };
        let change = || ::parking_lot::RwLockUpgradableReadGuard::downgrade(real);
        let real = gate.shared.operate(Effect::Write, gate.place, change, call("downgrade", Effect::Write));
        gate.shared.wake();
        RwLockReadGuard::of(gate, real)
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[track_caller]
    pub fn downgrade_to_upgradable(guard: Self) -> RwLockUpgradableReadGuard<'a, T> {
        let (gate, real) = guard.into_real();
        let gate = Gate { place: Place::here(), ..gate };
        let change = || ::parking_lot::RwLockWriteGuard::downgrade_to_upgradable(real);
        RwLockUpgradableReadGuard::of(gate, gate.trade(Mode::Shared, change))
    }
}
