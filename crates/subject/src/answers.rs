//! What a subject answered to the blocks of a scenario, in order.

use std::sync::Arc;

use super::judge::{state, unanswered, wrong};
use super::{Answer, Capabilities, SubjectError, TestVector};
use seriatim_lab::compare::{Difference, Oracle};

/// The questions and the answers, up to the first block without one.
#[derive(Clone, Debug)]
pub struct Answers {
    pub capabilities: Arc<Capabilities>,
    pub vectors: Arc<Vec<TestVector>>,
    pub given: Vec<Result<Answer, SubjectError>>,
}

impl Answers {
    /// Where they first part from the reference.
    pub fn first_difference(&self) -> Option<(Oracle, Difference)> {
        let blocks = self.vectors.iter().zip(&self.given).enumerate();
        let mut differences = blocks.filter_map(|(block, (vector, given))| match given {
            Ok(answer) => wrong(&self.capabilities, block, vector, answer),
            Err(error) => Some(unanswered(block, error)),
        });
        differences.next().or_else(|| {
            let (expected, actual) = (self.vectors.len(), self.given.len());
            (expected != actual).then(|| (Oracle::Receipts, Difference::new("number of answers", expected, actual)))
        })
    }

    /// Every reported part of the state in which the answer to this block is wrong.
    pub fn state(&self, block: usize) -> Vec<Difference> {
        let answered = self.vectors.get(block).zip(self.given.get(block));
        let Some((vector, Ok(answer))) = answered else { return Vec::new() };
        state(&self.capabilities, block, vector, answer).collect()
    }
}
