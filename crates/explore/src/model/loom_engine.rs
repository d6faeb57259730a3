//! loom as an engine: it runs a closure once for each schedule and for each value that a load may see, orderings as the
//! C11 model has them. At most four threads beside its own, and few steps: executions grow exponentially. Everything here
//! works only inside an execution that [`begin_loom_execution`] began.

use std::cell::Cell;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use loom::sync as model;
use loom::thread::Thread;

use seriatim_runtime::Ordering;

/// loom counts stacks in machine words. Its default of 4096 is too small for unoptimised tasks; memory is only mapped
/// where it is used.
const STACK_WORDS: usize = 1 << 16;

/// Tasks of one execution at most: loom has five threads, of which its own first one and the body's are none.
pub(crate) const TASKS_OF_LOOM: usize = loom::MAX_THREADS - 2;

/// Polls of a future, one after the other and each woken by itself, after which it counts as one that never ends. Such a
/// poll is no choice of loom's, which would wait for ever.
const POLLS: usize = 100_000;
const POLLED_FOR_EVER: &str = "a future woke itself for ever";

thread_local! {
    /// loom gave up on the execution: it would panic at every later call, also in destructors.
    static OVER: Cell<bool> = const { Cell::new(false) };
    /// Threads spawned so far in this execution.
    static SPAWNED: Cell<u64> = const { Cell::new(0) };
}

loom::thread_local! {
    static TASK: Cell<u64> = Cell::new(0);
}

/// Runs one execution's body on a thread of its own, because the stack of loom's first one is small and fixed. That first
/// one ends at once, so it adds no interleaving.
pub(crate) fn begin_loom_execution(body: impl FnOnce() + Send + 'static) {
    OVER.set(false);
    SPAWNED.set(0);
    spawn_as(0, body);
}

/// Ends the execution and the whole search, in silence. Only for the body's thread, when no task runs.
pub(crate) fn abandon_loom_execution() -> ! {
    engine_call(|| resume_unwind(Box::new("abandoned")))
}

/// Whether loom panicked because no thread could go on. These are the words of the pinned version.
pub(crate) fn is_stuck(panic: &str) -> bool {
    panic.starts_with("deadlock; threads")
}

/// Whether loom panicked because the execution took more choices than allowed, or this engine because it polled one future
/// for ever.
pub(crate) fn is_endless(panic: &str) -> bool {
    panic.starts_with("Model exceeded maximum number of branches") || panic == POLLED_FOR_EVER
}

fn spawn_as(task: u64, body: impl FnOnce() + Send + 'static) {
    let named = move || {
        TASK.with(|number| number.set(task));
        body();
    };
    // The handle is not needed: whoever waits for the thread waits for what it leaves in a join set.
    let spawned = engine_call(|| loom::thread::Builder::new().stack_size(STACK_WORDS).spawn(named));
    drop(spawned.expect("loom's spawn never fails, it panics"));
}

/// Calls loom, and remembers if that is where the execution ended.
fn engine_call<R>(call: impl FnOnce() -> R) -> R {
    /// Dropped by a panic of the call, and by nothing else.
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            OVER.set(true);
        }
    }
    let ended = Ended;
    let result = call();
    std::mem::forget(ended);
    result
}

pub(super) fn spawn(body: Box<dyn FnOnce() + Send>) -> u64 {
    let number = SPAWNED.get() + 1;
    SPAWNED.set(number);
    spawn_as(number, body);
    number
}

pub(super) fn block_on<T>(mut future: Pin<Box<dyn Future<Output = T> + '_>>) -> T {
    let parker = Arc::new(Parker {
        thread: loom::thread::current(),
        woken: AtomicBool::new(false),
        parked: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    let mut polls = 0;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        polls += 1;
        engine_call(|| assert!(polls < POLLS, "{POLLED_FOR_EVER}"));
        while !parker.woken.swap(false, Ordering::Relaxed) {
            parker.parked.store(true, Ordering::Relaxed);
            engine_call(loom::thread::park);
            polls = 0;
        }
    }
}

pub(super) fn task() -> u64 {
    if OVER.get() { 0 } else { TASK.with(Cell::get) }
}

/// Whether loom gave up on the execution.
pub(super) fn is_over() -> bool {
    OVER.get()
}

/// Wakes a thread that waits for a future. loom's own `Notify` would add a spurious wake-up to explore for each wait, and
/// its `park` alone loses a wake-up that comes while the thread waits for a lock. No thread is switched out between a
/// look at these flags and what follows from it, and loom need not know of them: what a waker tells is told by a section
/// as well.
struct Parker {
    thread: Thread,
    woken: AtomicBool,
    parked: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        if self.parked.swap(false, Ordering::Relaxed) && !OVER.get() {
            self.thread.unpark();
        }
    }
}

/// An atomic with the orderings it is given.
pub struct LoomAtomic(model::atomic::AtomicU64);

impl LoomAtomic {
    pub(super) fn new(value: u64) -> Self {
        Self(model::atomic::AtomicU64::new(value))
    }

    pub(super) fn load(&self, ordering: Ordering) -> u64 {
        engine_call(|| self.0.load(ordering))
    }

    pub(super) fn store(&self, value: u64, ordering: Ordering) {
        engine_call(|| self.0.store(value, ordering));
    }

    pub(super) fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        engine_call(|| self.0.compare_exchange(current, new, success, failure))
    }

    pub(super) fn fetch_add(&self, amount: u64, ordering: Ordering) -> u64 {
        engine_call(|| self.0.fetch_add(amount, ordering))
    }
}

/// loom's mutex makes the step and carries happens-before from one access to the next. It is never contended: no thread is
/// switched out while it is held. The inner mutex is only for Rust's sake.
pub(super) struct LoomSection<T> {
    point: model::Mutex<()>,
    value: Mutex<T>,
}

impl<T> LoomSection<T> {
    pub(super) fn new(value: T) -> Self {
        Self { point: model::Mutex::new(()), value: Mutex::new(value) }
    }

    pub(super) fn step<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        // A thread that unwinds must not be switched out: to the others it would look as if they were unwinding.
        if std::thread::panicking() {
            return self.give_back(access);
        }
        let _held = engine_call(|| self.point.lock());
        self.access(access)
    }

    pub(super) fn give_back<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        if OVER.get() {
            return self.access(access);
        }
        // Where loom does not explore, the running thread goes on.
        let _held = engine_call(|| {
            loom::stop_exploring();
            let held = self.point.lock();
            loom::explore();
            held
        });
        self.access(access)
    }

    fn access<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        access(&mut self.value.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
