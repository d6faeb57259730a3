//! The second, unlike executor: an optimistic Block-STM over the same ledger. Nothing is known of conflicts before a block
//! runs. Workers execute its transactions in any order, each on what the lower ones have written so far, note which version of
//! what they read, validate it later, and execute again what read something else than it would read now. V3 (see
//! [`super::parallel`]) avoids conflicts; this one finds and repairs them. Both end in the same [`super::BlockChanges`].
//!
//! # Source
//! Gelashvili et al., "Block-STM: Scaling Blockchain Execution by Turning Ordering Curse to a Performance Blessing", 2023,
//! whose names are kept: [`MvMemory`] and its estimates, [`Version`], [`Scheduler`] with its indices. We deviate in three things:
//! a worker without a task sleeps until a [`Bell`] is rung instead of spinning, so that an engine that looks at every
//! schedule comes to an end; a failure of the storage is an outcome, like a receipt; and whoever takes a task gives its
//! place among the active ones back in one place, not in two.
//!
//! # Locations
//! One for each **account's entry**, as V3 has it: registration, nonces, multisig, energy and the balances loaded so far.
//! What a transaction reads of an account is then of one moment, and a rule that subtracts one field from another cannot be
//! led astray by a state that never was, however wrong the speculation; and the unit of conflict is that of V3, so that
//! the two can be compared. The price: payments of different assets to one account conflict. One for each asset's **burned
//! amount**: near its limit the order of burns shows, and here that needs no special case. One for each **executed hash**,
//! which only copies of one transaction share. Fees are no location: each outcome has its own, and the sum is made once, in
//! block order. The reward is credited before the first transaction, to what lies below all versions.

mod bell;
mod counter;
mod executor;
mod mv_memory;
mod scheduler;
mod view;

pub use bell::Bell;
pub use executor::BlockStmExecutor;
pub use mv_memory::{MvMemory, Read, ReadSet, Version};
pub use scheduler::{Handover, Scheduler, Task};
