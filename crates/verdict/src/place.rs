//! Where in a scenario something differs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a scenario. Positions count from 0, over all blocks in the order in which the scenario has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub block: Option<usize>,
    pub topoheight: Option<u64>,
    /// The transaction itself, or every transaction of the block that may have touched what differs.
    pub transactions: Vec<usize>,
}

/// Each part is followed by a comma, so that what differs can stand behind it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, topoheight, transactions } = self;
        if let Some(block) = block {
            write!(f, "block {block}, ")?;
        }
        if let Some(topoheight) = topoheight {
            write!(f, "topoheight {topoheight}, ")?;
        }
        match transactions.as_slice() {
            [] => Ok(()),
            [tx_index] => write!(f, "transaction {tx_index}, "),
            several => write!(f, "transactions {several:?}, "),
        }
    }
}
