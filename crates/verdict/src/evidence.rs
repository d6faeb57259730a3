//! What an agreement rests on.

use serde::{Deserialize, Serialize};

/// Counts of what was looked at. They are sums, so agreements can be added up in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub observations: u64,
    pub blocks: u64,
    pub aborted_blocks: u64,
    pub transactions: u64,
    pub executed: u64,
    /// Tasks spawned by parallel subjects.
    pub tasks: u64,
    /// Blocks in which a parallel subject had several tasks in flight.
    pub blocks_with_overlap: u64,
}

impl Evidence {
    /// Adds up two agreements.
    ///
    /// # Examples
    /// ```
    /// use seriatim_verdict::Evidence;
    ///
    /// let mut all = Evidence { blocks: 2, transactions: 40, ..Evidence::default() };
    /// all.merge(&Evidence { blocks: 1, transactions: 5, ..Evidence::default() });
    /// assert_eq!((all.blocks, all.transactions), (3, 45));
    /// ```
    pub fn merge(&mut self, other: &Self) {
        let Self { observations, blocks, aborted_blocks, transactions, executed, tasks, blocks_with_overlap } = other;
        self.observations += observations;
        self.blocks += blocks;
        self.aborted_blocks += aborted_blocks;
        self.transactions += transactions;
        self.executed += executed;
        self.tasks += tasks;
        self.blocks_with_overlap += blocks_with_overlap;
    }
}
