//! A model of tokio and dashmap that an exploring engine can drive: the same [`Runtime`] as [`seriatim_runtime::Native`], built on
//! the few primitives of an [`Engine`], which is shuttle or loom. Semaphore, lock, join set and map are written once, for all engines.
//!
//! What is modelled: a task is polled only while it holds a worker, and there may be fewer workers than tasks; a guard
//! of a map blocks its shard, not its key; keys lie in shards by a seed; a map iterates in an order of that seed; a
//! join set yields tasks in the order in which they end; a panic becomes a join error; dropping a join set cancels.
//! What is not: time, and operating system threads (all tasks of a run share one).

mod action;
pub mod control;
mod engine;
mod join_set;
mod lock;
mod loom_engine;
mod map;
mod meetings;
mod object;
mod semaphore;
mod shown;
mod shuttle_engine;
mod steps;
mod waiting;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use seriatim_runtime::{MapKey, MapValue, Runtime};

pub use action::{Action, Effect, TaskEnd};
pub use engine::{Engine, ModelAtomic};
pub use join_set::ModelJoinSet;
pub use lock::{ModelReadGuard, ModelRwLock, ModelWriteGuard};
pub(crate) use loom_engine::{TASKS_OF_LOOM, abandon_loom_execution, begin_loom_execution, is_endless, is_stuck};
pub use map::{ModelMap, ModelRef, ModelRefMut};
pub(crate) use meetings::take_meetings;
pub use object::{Entry, Lock, Mode, Object, Permit};
pub use semaphore::{ModelPermit, ModelSemaphore};
pub use shown::{Anatomy, Key, Label, Shown};
pub use steps::{Place, Step, trace, trace_at};
pub(crate) use steps::{begin_step, record_steps, take_steps};
pub(crate) use waiting::take_waiting;
pub use waiting::{Awaited, Waiting};

/// The inputs of a run that chance decides elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelSettings {
    /// How many tasks are polled at one moment; None: as many as there are.
    pub workers: Option<usize>,
    /// Shards of each map, at least 1. Many shards put each key into its own, mostly.
    pub shards: u64,
    /// Decides which keys share a shard and in which order a map iterates.
    pub placement_seed: u64,
}

/// A runtime whose every operation is a step of an engine.
#[derive(Clone, Debug)]
pub struct Model {
    engine: Engine,
    settings: ModelSettings,
    workers: Option<Arc<ModelSemaphore>>,
}

impl Model {
    /// A runtime for one execution under shuttle, made inside it.
    pub fn shuttle(settings: ModelSettings) -> Self {
        Self::new(Engine::Shuttle, settings)
    }

    /// A runtime for one execution under loom, made inside it.
    pub fn loom(settings: ModelSettings) -> Self {
        Self::new(Engine::Loom, settings)
    }

    /// A runtime for one execution of an engine, made inside it.
    pub fn new(engine: Engine, settings: ModelSettings) -> Self {
        engine.begin();
        let semaphore = |workers| Arc::new(ModelSemaphore::of_workers(engine, workers));
        Self { engine, settings, workers: settings.workers.map(semaphore) }
    }

    /// Runs a future on the execution's own thread, which is no worker.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.engine.block_on(future)
    }

    /// Whether a panic is the engine's own: see [`Engine::is_fatal`].
    pub fn is_fatal(&self, panic: &(dyn Any + Send)) -> bool {
        self.engine.is_fatal(panic)
    }
}

impl Runtime for Model {
    type Map<K: MapKey, V: MapValue> = ModelMap<K, V>;
    type AtomicU64 = ModelAtomic;
    type Semaphore = ModelSemaphore;
    type RwLock<T: MapValue> = ModelRwLock<T>;
    type JoinSet<T: Send + 'static> = ModelJoinSet<T>;

    fn map<K: MapKey, V: MapValue>(&self, label: &'static str) -> Self::Map<K, V> {
        ModelMap::new(self.engine, label, self.settings.shards, self.settings.placement_seed)
    }

    fn atomic_u64(&self, label: &'static str, value: u64) -> Self::AtomicU64 {
        ModelAtomic::new(self.engine, label, value)
    }

    fn semaphore(&self, label: &'static str, permits: usize) -> Self::Semaphore {
        ModelSemaphore::new(self.engine, label, permits)
    }

    fn rw_lock<T: MapValue>(&self, label: &'static str, value: T) -> Self::RwLock<T> {
        ModelRwLock::new(self.engine, label, value)
    }

    fn join_set<T: Send + 'static>(&self, label: &'static str) -> Self::JoinSet<T> {
        ModelJoinSet::new(self.engine, label, self.workers.clone())
    }

    #[track_caller]
    fn yield_now(&self) -> impl Future<Output = ()> + Send {
        let (engine, place) = (self.engine, Place::here());
        let mut yielded = false;
        poll_fn(move |context| {
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            steps::trace_at(place, || engine.task(), || Action::Suspend);
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }

    fn task(&self) -> u64 {
        self.engine.task()
    }

    fn works_on(&self, item: usize) {
        steps::trace_at(Place::here(), || self.engine.task(), || Action::WorkOn { item });
    }
}
