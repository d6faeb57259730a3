//! `rayon::iter`. The types of adaptors are not those of rayon: name them by their traits.

mod chain;
mod collect;
mod convert;
mod cut;
mod each;
mod found;
mod indexed;
mod parallel;
mod state;

pub use chain::Chain;
pub use collect::{FromParallelIterator, ParallelExtend};
pub use convert::{IntoParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelBridge};
pub use cut::{Bounded, Cut, Items};
pub use each::{
    Cloned, Copied, Each, Filter, FilterMap, FlatMap, FlatMapIter, Flatten, FlattenIter, Inspect, Map, Step,
};
pub use indexed::{Chunks, Enumerate, IndexedParallelIterator, Rev, Skip, Take, Zip};
pub use parallel::ParallelIterator;
pub use state::{Begin, Fold, InitWith, MapInit, StartWith};
