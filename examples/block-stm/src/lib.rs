//! Block-STM: every payment of a block is executed before anybody knows that its turn has come, and again if what it
//! read was not what the payments before it left. Written from the paper, algorithms 1 to 5: R. Gelashvili et al.,
//! "Block-STM: Scaling Blockchain Execution by Turning Ordering Curse to a Performance Blessing", `PPoPP` 2023.
//!
//! Nothing here is made for a harness but where `hint`, `sync` and `thread` are imported from, which are those of `std`
//! in a release, and the name of the payment that a thread works on.

mod executor;
mod memory;
mod scheduler;

use std::collections::BTreeMap;

pub type Key = [u8; 32];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The next one.
    pub nonce: u64,
    pub balance: u64,
}

/// Moves amounts from one account to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub from: Key,
    pub nonce: u64,
    pub fee: u64,
    pub to: Vec<(Key, u64)>,
}

/// What is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// When payments need not wait any longer, the index of validations is lowered instead of that of executions.
    WrongIndex,
    /// A payment that has to wait for another is given back twice, so that all may seem to be done too early.
    CountedTwice,
}

#[derive(Clone, Copy, Debug)]
pub struct Executor {
    pub fault: Option<Fault>,
}

impl Default for Executor {
    /// The fault of the features, if there is one.
    fn default() -> Self {
        let fault = if cfg!(feature = "wrong-index") {
            Some(Fault::WrongIndex)
        } else {
            cfg!(feature = "counted-twice").then_some(Fault::CountedTwice)
        };
        Self { fault }
    }
}

impl Executor {
    /// Executes payments that are valid in the order of the block. Returns the accounts after it, and all fees.
    pub fn execute(
        &self,
        accounts: &BTreeMap<Key, Account>,
        block: &[Payment],
        workers: usize,
    ) -> (BTreeMap<Key, Account>, u64) {
        executor::execute(self.fault, accounts, block, workers)
    }
}
