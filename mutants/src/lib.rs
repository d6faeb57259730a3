//! Ground truth for the harness: defects that real executors had, each as a patch on this tree, and a score of which of
//! them the harness finds, in which lane, after how many executions, how small.
//!
//! One patch a defect, `P05-half-applied-multi-transfer.patch`: a head that says where it lived and what to expect of it
//! ([`Mutant`]), then the change. The score puts each into a [`Tree`] of its own, builds the binary `lane` there, and
//! runs every [`Lane`] with every seed. Production code carries no planted bug and no switch.

pub mod lane;
pub mod mutant;
pub mod outcome;
pub mod results;
pub mod run;
pub mod score;
pub mod sizes;
pub mod tree;

pub use lane::Lane;
pub use mutant::{Mutant, MutantError};
pub use outcome::{Found, Outcome, Smallest};
pub use tree::{Tree, TreeError};
