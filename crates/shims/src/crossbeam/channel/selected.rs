//! `crossbeam::channel::SelectedOperation`.

use std::fmt;
use std::marker::PhantomData;

use super::{Receiver, RecvError, SendError, Sender, real};

/// `crossbeam::channel::SelectedOperation`. Completing it belongs to the step that selected it.
#[must_use]
pub struct SelectedOperation<'a> {
    index: usize,
    /// None: it is completed.
    got: Option<Got<'a>>,
}

enum Got<'a> {
    Real(real::SelectedOperation<'a>),
    Ticket(u64, PhantomData<&'a ()>),
}

impl<'a> SelectedOperation<'a> {
    pub(super) fn of_real(index: usize, real: real::SelectedOperation<'a>) -> Self {
        Self { index, got: Some(Got::Real(real)) }
    }

    pub(super) fn of_ticket(index: usize, ticket: u64) -> Self {
        Self { index, got: Some(Got::Ticket(ticket, PhantomData)) }
    }

    pub fn index(&self) -> usize {
        self.index
    }

    fn got(&mut self) -> Got<'a> {
        self.got.take().expect("an operation is completed once")
    }

    /// # Errors
    /// The message, if there is no receiver.
    ///
    /// # Panics
    /// If it is another operation that was selected.
    pub fn send<T>(mut self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        match self.got() {
            Got::Real(real) => real.send(sender.real(), message),
            Got::Ticket(ticket, _) => sender.core.complete_send(sender.real(), ticket, message),
        }
    }

    /// # Errors
    /// There is no message, and no sender any more.
    ///
    /// # Panics
    /// If it is another operation that was selected.
    pub fn recv<T>(mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        match self.got() {
            Got::Real(real) => real.recv(receiver.real()),
            Got::Ticket(ticket, _) => receiver.core.complete_recv(ticket),
        }
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectedOperation").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        let is_completed = matches!(self.got, None | Some(Got::Real(_)));
        assert!(
            is_completed || std::thread::panicking(),
            "dropping `SelectedOperation` without completing the operation"
        );
    }
}
