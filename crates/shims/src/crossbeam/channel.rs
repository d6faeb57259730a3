//! `crossbeam::channel`. A wait with a limit lets others run once, and then ends. `after`, `at` and `tick` are not
//! there.
//!
//! Under control, `bounded(0)` has room for one message. `send` waits until it is taken. Who does not wait, or
//! selects, sends only to a receiver that waits. One that selects from several such channels may be given more than
//! it takes; the next receiver then finds it. `try_recv` does not find a sender that selects. Two selections of which
//! each sends to the other and receives from it may miss each other without end.

mod core;
mod iter;
mod macros;
mod receiver;
mod select;
mod selected;
mod sender;

use std::sync::Arc;

pub use ::crossbeam::channel::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError, SendTimeoutError, TryReadyError,
    TryRecvError, TrySelectError, TrySendError,
};

pub use crate::{__crossbeam_select as select, __crossbeam_select_biased as select_biased};
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use select::Select;
pub use selected::SelectedOperation;
pub use sender::Sender;

use self::core::Core;
use crate::steps::is_controlled;

mod real {
    pub use ::crossbeam::channel::{Receiver, Select, SelectedOperation, Sender, bounded, never, unbounded};
}

/// `crossbeam::channel::unbounded`.
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    ends(Core::new(false), real::unbounded())
}

/// `crossbeam::channel::bounded`.
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let handed = capacity == 0 && is_controlled();
    ends(Core::new(handed), real::bounded(if handed { 1 } else { capacity }))
}

/// `crossbeam::channel::never`.
#[track_caller]
pub fn never<T>() -> Receiver<T> {
    Receiver::new(Arc::new(Core::new(false)), real::never())
}

fn ends<T>(core: Core<T>, (sender, receiver): (real::Sender<T>, real::Receiver<T>)) -> (Sender<T>, Receiver<T>) {
    let core = Arc::new(core);
    (Sender::new(Arc::clone(&core), sender), Receiver::new(core, receiver))
}
