//! The threads of a block (algorithm 1), and what executes one payment (algorithm 3).

use std::collections::BTreeMap;

use seriatim_shims::sync::OnceLock;
use seriatim_shims::{hint, thread, works_on};

use crate::memory::{Found, Memory, ReadSet, Version, WriteSet};
use crate::scheduler::{Scheduler, Task};
use crate::{Account, Fault, Key, Payment};

pub fn execute(
    fault: Option<Fault>,
    accounts: &BTreeMap<Key, Account>,
    block: &[Payment],
    workers: usize,
) -> (BTreeMap<Key, Account>, u64) {
    let run = Run {
        accounts,
        block,
        memory: Memory::of(block),
        scheduler: Scheduler::new(block.len(), fault),
        fees: block.iter().map(|_| OnceLock::new()).collect(),
    };
    thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| run.work());
        }
    });
    let mut after = accounts.clone();
    after.extend(run.memory.snapshot());
    (after, run.fees.iter().filter_map(OnceLock::get).sum())
}

/// One block under way.
struct Run<'a> {
    accounts: &'a BTreeMap<Key, Account>,
    block: &'a [Payment],
    memory: Memory,
    scheduler: Scheduler,
    /// What each payment paid when it was executed.
    fees: Vec<OnceLock<u64>>,
}

/// What an execution read and wrote.
type Sets = (ReadSet, WriteSet);

impl Run<'_> {
    fn work(&self) {
        let mut task = None;
        while !self.scheduler.done() {
            task = match task {
                Some(Task::Execute(version)) => self.try_execute(version),
                Some(Task::Validate(version)) => self.needs_reexecution(version),
                None => self.scheduler.next_task(),
            };
            if task.is_none() {
                hint::spin_loop();
            }
        }
    }

    fn try_execute(&self, version: Version) -> Option<Task> {
        works_on(version.payment);
        loop {
            match self.pay(version.payment) {
                Ok((reads, writes)) => {
                    let wrote_new_location = self.memory.record(version, reads, &writes);
                    self.fees[version.payment].get_or_init(|| self.block[version.payment].fee);
                    return self.scheduler.finish_execution(version, wrote_new_location);
                }
                Err(blocking) if self.scheduler.add_dependency(version.payment, blocking) => return None,
                Err(_) => {}
            }
        }
    }

    fn needs_reexecution(&self, version: Version) -> Option<Task> {
        works_on(version.payment);
        let valid = self.memory.validate_read_set(version.payment);
        let aborted = !valid && self.scheduler.try_validation_abort(version);
        if aborted {
            self.memory.convert_writes_to_estimates(version.payment);
        }
        self.scheduler.finish_validation(version.payment, aborted)
    }

    /// Executes a payment beside the memory. An error is the payment to wait for.
    ///
    /// What is read may belong to no state that there ever is, so nothing is checked: a validation finds that out.
    fn pay(&self, number: usize) -> Result<Sets, usize> {
        let Payment { from, nonce, fee, to } = &self.block[number];
        let mut sets = Sets::default();
        let spent = to.iter().fold(*fee, |sum, (_, amount)| sum.wrapping_add(*amount));
        let source = self.load(&mut sets, number, from)?;
        source.nonce = source.nonce.max(nonce + 1);
        source.balance = source.balance.wrapping_sub(spent);
        for (key, amount) in to {
            let destination = self.load(&mut sets, number, key)?;
            destination.balance = destination.balance.wrapping_add(*amount);
        }
        Ok(sets)
    }

    /// An account to write to: what this execution has written already, else what it reads.
    fn load<'a>(&self, (reads, writes): &'a mut Sets, number: usize, key: &Key) -> Result<&'a mut Account, usize> {
        if !writes.contains_key(key) {
            let (version, account) = match self.memory.read(key, number) {
                Found::Storage => (None, self.accounts.get(key).copied().unwrap_or_default()),
                Found::Written(version, account) => (Some(version), account),
                Found::Estimate(blocking) => return Err(blocking),
            };
            reads.push((*key, version));
            writes.insert(*key, account);
        }
        Ok(writes.get_mut(key).expect("it has just been written"))
    }
}
