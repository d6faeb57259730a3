//! `tokio::runtime`.

mod context;
mod worker;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex as Real, PoisonError};
use std::time::Duration;

use ::tokio::runtime as real;
pub use ::tokio::runtime::RuntimeFlavor;

pub(super) use context::{Context, Entered, current, enter};
use worker::Held;

use super::task::{self, JoinHandle};
use crate::steps::{Place, control, is_controlled};

/// `tokio::runtime::Builder`.
pub struct Builder {
    real: real::Builder,
    /// Whether the thread that waits in it is its worker.
    is_of_caller: bool,
    /// None: as many as there are tasks.
    workers: Option<usize>,
}

impl Builder {
    pub fn new_multi_thread() -> Self {
        Self { real: real::Builder::new_multi_thread(), is_of_caller: false, workers: None }
    }

    pub fn new_current_thread() -> Self {
        Self { real: real::Builder::new_current_thread(), is_of_caller: true, workers: Some(1) }
    }

    /// 1 is the one number that makes a difference under control.
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        self.real.worker_threads(count);
        self.workers = Some(count);
        self
    }

    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Self {
        self.real.max_blocking_threads(count);
        self
    }

    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.real.thread_name(name);
        self
    }

    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.real.thread_stack_size(bytes);
        self
    }

    pub fn enable_all(&mut self) -> &mut Self {
        self.real.enable_all();
        self
    }

    /// There is nothing to enable under control.
    pub fn enable_time(&mut self) -> &mut Self {
        self.enable_all()
    }

    /// # Errors
    /// The system has no threads for it.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        if !is_controlled() {
            return Ok(Runtime(Inner::Real(self.real.build()?)));
        }
        let place = Place::here();
        let context = Context::new(self.is_of_caller, self.workers == Some(1));
        // A runtime of the calling thread runs tasks while that thread waits in it, and only then.
        let idle = context.idle(place);
        Ok(Runtime(Inner::Tasks(Tasks { context, place, idle: Real::new(idle) })))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}

/// `tokio::runtime::Runtime`.
pub struct Runtime(Inner);

enum Inner {
    Real(real::Runtime),
    Tasks(Tasks),
}

struct Tasks {
    context: Arc<Context>,
    place: Place,
    /// The worker of the calling thread while that does something else.
    idle: Real<Option<Held>>,
}

impl Runtime {
    /// # Errors
    /// The system has no threads for it.
    #[track_caller]
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().build()
    }

    pub fn handle(&self) -> Handle {
        Handle(match &self.0 {
            Inner::Real(runtime) => Of::Real(runtime.handle().clone()),
            Inner::Tasks(tasks) => Of::Tasks(Arc::clone(&tasks.context)),
        })
    }

    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Inner::Real(runtime) => runtime.block_on(future),
            Inner::Tasks(Tasks { context, idle, .. }) => {
                let place = Place::here();
                let _entered = enter(context);
                drop(idle.lock().unwrap_or_else(PoisonError::into_inner).take());
                let result = control::block_on(context.on_worker(place, future));
                *idle.lock().unwrap_or_else(PoisonError::into_inner) = context.idle(place);
                result
            }
        }
    }

    #[track_caller]
    pub fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.handle().spawn(future)
    }

    #[track_caller]
    pub fn spawn_blocking<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        self.handle().spawn_blocking(work)
    }

    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard(match &self.0 {
            Inner::Real(runtime) => Guard::Real { _entered: runtime.enter() },
            Inner::Tasks(tasks) => Guard::Tasks { _entered: enter(&tasks.context) },
        })
    }

    /// It waits until all tasks have ended, under control.
    pub fn shutdown_timeout(self, limit: Duration) {
        if let Inner::Real(runtime) = self.0 {
            runtime.shutdown_timeout(limit);
        }
    }

    /// It waits until all tasks have ended, under control.
    pub fn shutdown_background(self) {
        if let Inner::Real(runtime) = self.0 {
            runtime.shutdown_background();
        }
    }
}

/// Tasks end when their runtime does, each where it suspends next.
impl Drop for Tasks {
    fn drop(&mut self) {
        drop(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        self.context.shut_down(self.place);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// `tokio::runtime::Handle`.
#[derive(Clone)]
pub struct Handle(Of);

#[derive(Clone)]
enum Of {
    Real(real::Handle),
    Tasks(Arc<Context>),
}

impl Handle {
    /// # Panics
    /// If the caller is outside of every runtime.
    #[track_caller]
    pub fn current() -> Self {
        Self(if is_controlled() { Of::Tasks(current()) } else { Of::Real(real::Handle::current()) })
    }

    #[track_caller]
    pub fn spawn<F: Future<Output: Send> + Send + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        match &self.0 {
            Of::Real(handle) => JoinHandle::of_real(handle.spawn(future)),
            Of::Tasks(context) => task::spawn_in(context, Place::here(), future),
        }
    }

    #[track_caller]
    pub fn spawn_blocking<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        match &self.0 {
            Of::Real(handle) => JoinHandle::of_real(handle.spawn_blocking(work)),
            Of::Tasks(context) => task::spawn_blocking_in(context, Place::here(), work),
        }
    }

    /// The calling thread is no worker of the runtime.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Of::Real(handle) => handle.block_on(future),
            Of::Tasks(context) => {
                let _entered = enter(context);
                control::block_on(future)
            }
        }
    }

    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard(match &self.0 {
            Of::Real(handle) => Guard::Real { _entered: handle.enter() },
            Of::Tasks(context) => Guard::Tasks { _entered: enter(context) },
        })
    }

    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match &self.0 {
            Of::Real(handle) => handle.runtime_flavor(),
            Of::Tasks(context) => context.flavor(),
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// `tokio::runtime::EnterGuard`.
#[must_use]
pub struct EnterGuard<'a>(#[expect(dead_code, reason = "it is there to be dropped")] Guard<'a>);

enum Guard<'a> {
    Real { _entered: real::EnterGuard<'a> },
    Tasks { _entered: Entered },
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}
