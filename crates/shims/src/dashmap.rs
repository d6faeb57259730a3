//! `dashmap`: shards, each behind its own reader-writer lock; a guard holds its whole shard.
//!
//! The shard of a key, and the order within a shard, come of a fixed hasher, so that they are the same in every run;
//! the map's own hasher is only kept. A map has 4 shards unless it is told otherwise. Keys are shown in records, so
//! they must be `Debug`; values are not. A guard stays in its thread.

pub mod iter;
pub mod iter_set;
mod map;
pub mod mapref;
mod set;
pub mod setref;
mod shard;

pub use ::dashmap::try_result;
pub use map::DashMap;
pub use mapref::entry::{Entry, OccupiedEntry, VacantEntry};
pub use set::DashSet;
