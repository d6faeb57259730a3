//! What a subject answered to the blocks of a scenario, in order.

use std::sync::Arc;

use super::judge::{unanswered, wrong};
use super::{Answer, BlockCase, Capabilities, SubjectError};
use seriatim_lab::compare::{Difference, Oracle};

/// The questions and the answers, up to the first block without one.
#[derive(Clone, Debug)]
pub struct Answers {
    pub capabilities: Arc<Capabilities>,
    pub cases: Arc<Vec<BlockCase>>,
    pub given: Vec<Result<Answer, SubjectError>>,
}

impl Answers {
    /// Where they first part from the reference.
    pub fn first_difference(&self) -> Option<(Oracle, Difference)> {
        let blocks = self.cases.iter().zip(&self.given).enumerate();
        let mut differences = blocks.filter_map(|(block, (case, given))| match given {
            Ok(answer) => wrong(&self.capabilities, block, case, answer),
            Err(error) => Some(unanswered(block, error)),
        });
        differences.next().or_else(|| {
            let (expected, actual) = (self.cases.len(), self.given.len());
            (expected != actual).then(|| (Oracle::Receipts, Difference::new("number of answers", expected, actual)))
        })
    }
}
