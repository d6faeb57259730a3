//! Fixtures for tests, each written once: accounts, transactions and blocks ([`ledger`]), chains that run in test mode
//! ([`test_mode`]) or are measured ([`metered`]), a storage that fails on purpose ([`strike`]), events that
//! a search must reach ([`events`]), Prometheus text that is read back ([`exposition`]), and
//! pages whose markup is checked ([`page`]), and the example in Python ([`python`]). The package depends on the system
//! alone, so that tests of the system link no harness.
//!
//! Nothing here is stable: the package is not published, and it changes with the tests.

pub mod events;
pub mod exposition;
pub mod ledger;
pub mod metered;
pub mod page;
pub mod python;
pub mod strike;
pub mod test_mode;

use std::sync::Once;

/// A part of the message of every panic that a test makes on purpose.
pub const ON_PURPOSE: &str = "on purpose";

/// A tokio runtime on the calling thread.
pub fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime on this thread needs nothing")
}

/// Runs a future to its end on the calling thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    tokio().block_on(future)
}

/// Keeps panics that are made on purpose off the screen, and no others. The hook belongs to the whole process; it is set
/// once, so tests that run beside each other may all call this.
pub fn quieten() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.payload_as_str().is_some_and(|message| message.contains(ON_PURPOSE)) {
                before(panic);
            }
        }));
    });
}
