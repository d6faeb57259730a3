//! A parallel executor as many are written: scoped threads take one payment after another, each waits until the earlier
//! ones on the same accounts are done, and every account has a lock of its own.
//!
//! Nothing here is made for a harness but the two lines that import `sync` and `thread` from the shims, which are those
//! of `std` in a release, and the name of the payment that a thread works on.

use std::collections::BTreeMap;

use seriatim_shims::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use seriatim_shims::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use seriatim_shims::{thread, works_on};

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

impl Payment {
    /// The accounts that it changes, as they are after it.
    fn applied(&self, before: impl Fn(&Key) -> Account) -> BTreeMap<Key, Account> {
        let mut after: BTreeMap<Key, Account> = self.keys().map(|key| (key, before(&key))).collect();
        let spent = self.fee + self.to.iter().map(|(_, amount)| amount).sum::<u64>();
        let source = after.get_mut(&self.from).expect("it is one of the payment's accounts");
        source.nonce = source.nonce.max(self.nonce + 1);
        source.balance = source.balance.checked_sub(spent).expect("the payment is valid");
        for (key, amount) in &self.to {
            after.get_mut(key).expect("it is one of the payment's accounts").balance += amount;
        }
        after
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        [self.from].into_iter().chain(self.to.iter().map(|(key, _)| *key))
    }
}

/// What is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A payment is said to be done before it has written what it changed.
    Race,
    /// One thread is woken where several wait, each for another payment.
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
    pub fn execute(
        &self,
        accounts: &BTreeMap<Key, Account>,
        block: &[Payment],
        workers: usize,
    ) -> (BTreeMap<Key, Account>, u64) {
        let run = Run {
            fault: self.fault,
            accounts,
            block,
            touched: block.iter().flat_map(Payment::keys).map(|key| (key, OnceLock::new())).collect(),
            progress: Progress::of(block, self.fault),
            fees: AtomicU64::new(0),
        };
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..workers.max(1) {
                scope.spawn(|| {
                    while let Some(payment) = Some(next.fetch_add(1, SeqCst)).filter(|&payment| payment < block.len()) {
                        run.execute(payment);
                    }
                });
            }
        });
        let mut after = accounts.clone();
        for (key, account) in &run.touched {
            if let Some(account) = account.get() {
                after.insert(*key, *account.lock().expect("no thread panics"));
            }
        }
        (after, run.fees.load(SeqCst))
    }
}

/// One block under way.
struct Run<'a> {
    fault: Option<Fault>,
    accounts: &'a BTreeMap<Key, Account>,
    block: &'a [Payment],
    /// The accounts of the block, each loaded by whoever asks for it first.
    touched: BTreeMap<Key, OnceLock<Mutex<Account>>>,
    progress: Progress,
    fees: AtomicU64,
}

impl Run<'_> {
    fn execute(&self, number: usize) {
        works_on(number);
        for &earlier in &self.progress.after[number] {
            self.progress.wait_for(earlier);
        }
        let payment = &self.block[number];
        let after = payment.applied(|key| *self.account(key));
        if self.fault == Some(Fault::Race) {
            self.progress.finish(number);
        }
        for (key, account) in after {
            *self.account(&key) = account;
        }
        self.fees.fetch_add(payment.fee, SeqCst);
        if self.fault != Some(Fault::Race) {
            self.progress.finish(number);
        }
    }

    fn account(&self, key: &Key) -> MutexGuard<'_, Account> {
        let before = || self.accounts.get(key).copied().unwrap_or_default();
        let account = self.touched[key].get_or_init(|| Mutex::new(before()));
        account.lock().expect("no thread panics")
    }
}

/// Which payments are done, and who waits for whom.
struct Progress {
    /// The earlier payments on the accounts of each.
    after: Vec<Vec<usize>>,
    done: Vec<AtomicBool>,
    lock: Mutex<()>,
    changed: Condvar,
    wakes_one: bool,
}

impl Progress {
    fn of(block: &[Payment], fault: Option<Fault>) -> Self {
        let mut last: BTreeMap<Key, usize> = BTreeMap::new();
        let mut after = Vec::new();
        for (number, payment) in block.iter().enumerate() {
            let mut earlier: Vec<usize> = payment.keys().filter_map(|key| last.insert(key, number)).collect();
            earlier.retain(|&earlier| earlier != number);
            after.push(earlier);
        }
        let done = block.iter().map(|_| AtomicBool::new(false)).collect();
        Self { after, done, lock: Mutex::new(()), changed: Condvar::new(), wakes_one: fault == Some(Fault::LostWakeUp) }
    }

    fn wait_for(&self, payment: usize) {
        let mut held = self.lock.lock().expect("no thread panics");
        while !self.done[payment].load(SeqCst) {
            held = self.changed.wait(held).expect("no thread panics");
        }
    }

    fn finish(&self, payment: usize) {
        self.done[payment].store(true, SeqCst);
        // Whoever looked before this waits by now, or looks again.
        drop(self.lock.lock().expect("no thread panics"));
        if self.wakes_one {
            self.changed.notify_one();
        } else {
            self.changed.notify_all();
        }
    }
}
