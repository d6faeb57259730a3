//! A parallel executor on a pool of threads: the payments of a block go in waves, each wave runs on rayon, accounts lie in
//! a concurrent map, and a thread of its own adds up the fees that it is sent.
//!
//! A payment goes behind every earlier one that touches the account from which it spends. Others may run side by side,
//! also if they pay to the same account: each credit and each debit is one operation of the map, and they commute.
//!
//! Nothing here is made for a harness but the lines that import the libraries from the shims, which are the libraries
//! themselves in a release, and the number of the payment that a thread works on.

use std::collections::BTreeMap;
use std::fmt;

use seriatim_shims::crossbeam::{self, channel};
use seriatim_shims::dashmap::DashMap;
use seriatim_shims::rayon::{ThreadPoolBuilder, prelude::*};
use seriatim_shims::works_on;

/// It shows itself as a ledger does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

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
    /// An account is read and written in two operations of the map.
    Race,
    /// A fee that finds the channel full is not sent, and who adds up the fees waits for it.
    LostWakeUp,
}

#[derive(Clone, Copy, Debug)]
pub struct Executor {
    pub fault: Option<Fault>,
}

impl Default for Executor {
    /// The fault of the features, if there is one.
    fn default() -> Self {
        let fault = if cfg!(feature = "race") {
            Some(Fault::Race)
        } else {
            cfg!(feature = "lost-wake-up").then_some(Fault::LostWakeUp)
        };
        Self { fault }
    }
}

impl Executor {
    /// Executes payments that are valid in the order of the block. Returns the accounts after it, and all fees.
    ///
    /// # Panics
    /// If a payment is not valid.
    pub fn execute(
        &self,
        accounts: &BTreeMap<Key, Account>,
        block: &[Payment],
        workers: usize,
    ) -> (BTreeMap<Key, Account>, u64) {
        let state: DashMap<Key, Account> = accounts.iter().map(|(key, account)| (*key, *account)).collect();
        let pool = ThreadPoolBuilder::new().num_threads(workers.max(1)).build().expect("there are threads");
        let (sender, receiver) = channel::bounded(1);
        let fees = crossbeam::scope(|scope| {
            let fees = scope.spawn(|_| block.iter().map(|_| receiver.recv().expect("a fee comes")).sum::<u64>());
            for wave in waves(block) {
                pool.install(|| {
                    wave.par_iter().for_each(|&number| {
                        works_on(number);
                        self.pay(&state, &block[number]);
                        self.send(&sender, block[number].fee);
                    });
                });
            }
            fees.join().expect("nobody panics")
        });
        (state.into_iter().collect(), fees.expect("nobody panics"))
    }

    fn pay(self, state: &DashMap<Key, Account>, payment: &Payment) {
        let spent = payment.fee + payment.to.iter().map(|(_, amount)| amount).sum::<u64>();
        self.change(state, payment.from, |source| Account {
            nonce: source.nonce.max(payment.nonce + 1),
            balance: source.balance.checked_sub(spent).expect("the payment is valid"),
        });
        for (key, amount) in &payment.to {
            self.change(state, *key, |account| Account { balance: account.balance + amount, ..account });
        }
    }

    fn change(self, state: &DashMap<Key, Account>, key: Key, change: impl FnOnce(Account) -> Account) {
        if self.fault == Some(Fault::Race) {
            let before = state.get(&key).map(|account| *account).unwrap_or_default();
            state.insert(key, change(before));
        } else {
            let mut account = state.entry(key).or_default();
            *account = change(*account);
        }
    }

    fn send(self, sender: &channel::Sender<u64>, fee: u64) {
        if self.fault == Some(Fault::LostWakeUp) {
            // What does not go through is forgotten.
            let _ = sender.try_send(fee);
        } else {
            sender.send(fee).expect("somebody adds them up");
        }
    }
}

/// Payments that can be executed side by side.
fn waves(block: &[Payment]) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut waves_of: Vec<usize> = Vec::new();
    for (number, payment) in block.iter().enumerate() {
        let earlier = block[..number].iter().zip(&waves_of).filter(|(earlier, _)| payment.spends_after(earlier));
        let wave = earlier.map(|(_, wave)| wave + 1).max().unwrap_or(0);
        waves.resize(waves.len().max(wave + 1), Vec::new());
        waves[wave].push(number);
        waves_of.push(wave);
    }
    waves
}

impl Payment {
    /// Whether it spends from an account that an earlier one touches.
    fn spends_after(&self, earlier: &Self) -> bool {
        earlier.from == self.from || earlier.to.iter().any(|(key, _)| *key == self.from)
    }
}
