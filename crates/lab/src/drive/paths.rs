//! Which way each block of a scenario goes.

use crate::workload::mix;
use seriatim_tos::chain::ExecutionPath;

/// One path for all blocks, or another one from block to block, as on a node whose operator tries modes, falls back and
/// goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    One(ExecutionPath),
    /// Each of the paths, and test mode where there are threads for its shadow. Which block goes which way follows from the
    /// block's number and a salt.
    Mixed,
}

/// How one block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Path(ExecutionPath),
    /// It runs in test mode.
    Tested,
}

impl Paths {
    /// What they are called in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::One(path) => path.name(),
            Self::Mixed => "mixed",
        }
    }

    /// The way of the block with this number, over all runs.
    pub(super) fn of_block(self, number: u64, salt: u64, has_threads: bool) -> Way {
        const WAYS: [Way; 5] = [
            Way::Path(ExecutionPath::Sequential),
            Way::Path(ExecutionPath::SequentialAhead),
            Way::Path(ExecutionPath::Parallel),
            Way::Path(ExecutionPath::BlockStm),
            Way::Tested,
        ];
        match self {
            Self::One(path) => Way::Path(path),
            Self::Mixed => {
                let ways = WAYS.len() as u64 - u64::from(!has_threads);
                WAYS[(mix(salt, number) % ways) as usize]
            }
        }
    }
}

impl From<ExecutionPath> for Paths {
    fn from(path: ExecutionPath) -> Self {
        Self::One(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_blocks_go_every_way_in_every_order_and_are_tested_only_where_there_are_threads() {
        for (has_threads, ways) in [(false, 4), (true, 5)] {
            let way = |number| Paths::Mixed.of_block(number, 7, has_threads);
            let mut pairs: Vec<_> = (0..400).map(|number| format!("{:?}", (way(number), way(number + 1)))).collect();
            pairs.sort();
            pairs.dedup();
            assert_eq!(pairs.len(), ways * ways);
            assert_eq!(pairs.iter().any(|pair| pair.contains("Tested")), has_threads);
        }
    }
}
