//! A parallel executor on a pool of threads: the payments of a block go in waves, each wave runs on rayon, accounts lie in
//! a concurrent map, and a thread of its own adds up the fees that it is sent.
//!
//! Two payments may be in one wave if neither spends from an account that the other touches. Both may pay to the same
//! account: credits commute, and each is one operation of the map.
//!
//! Nothing here is made for a harness but the lines that import the libraries from the shims, which are the libraries
//! themselves in a release, and the number of the payment that a thread works on.

use std::collections::{BTreeMap, BTreeSet};

use seriatim_shims::crossbeam::{self, channel};
use seriatim_shims::dashmap::DashMap;
use seriatim_shims::rayon::{ThreadPoolBuilder, prelude::*};
use seriatim_shims::works_on;

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
    /// A credit reads the balance and writes the sum, in two operations of the map.
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
        let mut source = state.entry(payment.from).or_default();
        source.nonce = source.nonce.max(payment.nonce + 1);
        source.balance = source.balance.checked_sub(spent).expect("the payment is valid");
        drop(source);
        for (key, amount) in &payment.to {
            if self.fault == Some(Fault::Race) {
                let before = state.get(key).map(|account| *account).unwrap_or_default();
                state.insert(*key, Account { balance: before.balance + amount, ..before });
            } else {
                state.entry(*key).or_default().balance += amount;
            }
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

/// Payments that can be executed side by side: each comes after every earlier one that it conflicts with.
fn waves(block: &[Payment]) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut waves_of: Vec<usize> = Vec::new();
    for (number, payment) in block.iter().enumerate() {
        let earlier = block[..number].iter().zip(&waves_of).filter(|(earlier, _)| payment.conflicts(earlier));
        let wave = earlier.map(|(_, wave)| wave + 1).max().unwrap_or(0);
        waves.resize(waves.len().max(wave + 1), Vec::new());
        waves[wave].push(number);
        waves_of.push(wave);
    }
    waves
}

impl Payment {
    /// Whether one spends from an account that the other touches.
    fn conflicts(&self, other: &Self) -> bool {
        self.accounts().contains(&other.from) || other.accounts().contains(&self.from)
    }

    fn accounts(&self) -> BTreeSet<Key> {
        [self.from].into_iter().chain(self.to.iter().map(|(key, _)| *key)).collect()
    }
}
