//! `crossbeam::thread`, which is `std::thread::scope` in another form.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub use crate::thread::ScopedJoinHandle;
use crate::thread::{self, Builder, Result};

/// `crossbeam::thread::Scope`, with one more lifetime: that of the scope, besides that of what is around it.
#[derive(Clone, Copy)]
pub struct Scope<'scope, 'env: 'scope>(&'scope thread::Scope<'scope, 'env>);

/// `crossbeam::thread::scope`. The panics of threads that nobody joined are one panic, which says that there were
/// some.
///
/// # Errors
/// A thread panicked that nobody joined.
#[track_caller]
pub fn scope<'env, R>(body: impl for<'scope> FnOnce(&Scope<'scope, 'env>) -> R) -> Result<R> {
    let mut done = None;
    let joined = catch_unwind(AssertUnwindSafe(|| {
        thread::scope(|scope| done = Some(catch_unwind(AssertUnwindSafe(|| body(&Scope(scope))))));
    }));
    match (done, joined) {
        (Some(Err(panic)), _) => resume_unwind(panic),
        (Some(Ok(result)), Ok(())) => Ok(result),
        (_, Err(panic)) => Err(Box::new(vec![panic])),
        (None, Ok(())) => unreachable!("a scope runs its body"),
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    #[track_caller]
    pub fn spawn<T: Send + 'scope>(
        &self,
        body: impl FnOnce(&Scope<'scope, 'env>) -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        self.builder().spawn(body).expect("failed to spawn scoped thread")
    }

    pub fn builder(&self) -> ScopedThreadBuilder<'scope, 'env> {
        ScopedThreadBuilder { scope: *self, builder: Builder::new() }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope { .. }")
    }
}

/// `crossbeam::thread::ScopedThreadBuilder`.
#[derive(Debug)]
pub struct ScopedThreadBuilder<'scope, 'env: 'scope> {
    scope: Scope<'scope, 'env>,
    builder: Builder,
}

impl<'scope, 'env> ScopedThreadBuilder<'scope, 'env> {
    #[must_use]
    pub fn name(self, name: String) -> Self {
        Self { builder: self.builder.name(name), ..self }
    }

    /// Every thread has the same stack under control.
    #[must_use]
    pub fn stack_size(self, stack_bytes: usize) -> Self {
        Self { builder: self.builder.stack_size(stack_bytes), ..self }
    }

    /// # Errors
    /// There is no thread to be had.
    #[track_caller]
    pub fn spawn<T: Send + 'scope>(
        self,
        body: impl FnOnce(&Scope<'scope, 'env>) -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        let scope = self.scope;
        self.builder.spawn_scoped(scope.0, move || body(&scope))
    }
}
