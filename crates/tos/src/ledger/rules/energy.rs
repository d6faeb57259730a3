//! Freezing and unfreezing (section 6).

use crate::ledger::{Amount, ENERGY_PER_TOS_DAY, Energy, FreezeRecord, HEIGHTS_PER_DAY, Height, TOS};

/// A new record. None: its unlock height does not fit.
pub(super) fn record(amount: Amount, days: u32, height: Height) -> Option<FreezeRecord> {
    let unlock_height = height.checked_add(u64::from(days) * HEIGHTS_PER_DAY)?;
    Some(FreezeRecord { amount, days, unlock_height })
}

/// The energy that an amount of whole TOS gives over the days: at most 2^64 / 10^8 x 360, so it always fits.
fn gained(amount: Amount, days: u32) -> u64 {
    amount / TOS * ENERGY_PER_TOS_DAY * u64::from(days)
}

/// The energy with one record more. None: a figure does not fit.
pub(super) fn freeze(energy: &Energy, record: FreezeRecord) -> Option<Energy> {
    let mut energy = energy.clone();
    energy.frozen = energy.frozen.checked_add(record.amount)?;
    energy.total = energy.total.checked_add(gained(record.amount, record.days))?;
    energy.records.push(record);
    Some(energy)
}

/// What an unfreeze at this height may take. It fits, being part of `frozen`.
pub(super) fn unlocked(energy: &Energy, height: Height) -> Amount {
    energy.records.iter().filter(|record| record.unlock_height <= height).map(|record| record.amount).sum()
}

/// Takes `amount`, of which check 10 found enough unlocked.
pub(super) fn unfreeze(energy: &mut Energy, amount: Amount, height: Height) {
    let mut rest = amount;
    energy.records.retain_mut(|record| {
        if record.unlock_height > height || rest == 0 {
            return true;
        }
        let taken = record.amount.min(rest);
        rest -= taken;
        energy.total -= gained(taken, record.days);
        record.amount -= taken;
        record.amount > 0
    });
    assert_eq!(rest, 0, "check 10 found enough unlocked");
    energy.frozen -= amount;
    energy.used = energy.used.min(energy.total);
}
