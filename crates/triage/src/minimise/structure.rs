//! Steps, blocks and transactions: what shrinks a case most, and first.

use super::script::{Script, ScriptStep};
use super::search::Search;

impl Search<'_> {
    /// The violation often says where it shows: what comes after it can go at once, what comes before becomes genesis, and
    /// of the block perhaps all but the transactions that it names.
    pub(super) fn shrink_to_the_failing_block(&mut self) {
        if let Some((block, _)) = self.place() {
            let mut script = self.script.clone();
            script.cut_after(block);
            self.attempt(script);
        }
        if let Some((block, _)) = self.place()
            && let Some(script) = self.script.clone().folded(block)
        {
            self.attempt(script);
        }
        if let Some((block, transactions)) = self.place()
            && !transactions.is_empty()
        {
            let first: usize = self.script.blocks().take(block).map(|block| block.transactions.len()).sum();
            let others: Vec<usize> = (0..self.script.tx_count())
                .filter(|place| !place.checked_sub(first).is_some_and(|index| transactions.contains(&index)))
                .collect();
            self.edit(|script| script.remove_transactions(&others));
        }
    }

    pub(super) fn shrink_structure(&mut self) {
        self.sweep(|script| script.steps.len(), |script, range| Some(script.without_steps(range)));
        self.sweep(
            |script| script.blocks().count(),
            |mut script, range| {
                script.remove_blocks(|place| range.contains(&place));
                Some(script)
            },
        );
        self.fold();
        self.sweep(Script::tx_count, |mut script, range| {
            script.remove_transactions(&range.collect::<Vec<_>>());
            Some(script)
        });
        self.sweep(Script::tx_count, |script, range| script.hoisted(&range.collect::<Vec<_>>()));
        self.merge();
    }

    /// Blocks become part of genesis: all but the last, all but two, four and so on.
    fn fold(&mut self) {
        let mut kept = 1;
        loop {
            let blocks = self.script.blocks().count();
            if kept >= blocks {
                return;
            }
            if let Some(script) = self.script.clone().folded(blocks - kept) {
                self.attempt(script);
            }
            kept *= 2;
        }
    }

    /// One run instead of two, one block instead of two.
    fn merge(&mut self) {
        let mut position = 1;
        while position < self.script.steps.len() {
            let mut script = self.script.clone();
            if !(script.merge_steps(position) && self.attempt(script)) {
                position += 1;
            }
        }
        let mut place = 1;
        while place < self.script.blocks().count() {
            let mut script = self.script.clone();
            if !(script.merge_blocks(place) && self.attempt(script)) {
                place += 1;
            }
        }
    }
}

impl Script {
    /// Keeps blocks up to the one at `place` and what comes before it.
    fn cut_after(&mut self, place: usize) {
        let mut seen = 0;
        let mut steps = Vec::new();
        for step in std::mem::take(&mut self.steps) {
            if seen > place {
                break;
            }
            steps.push(match step {
                ScriptStep::Run(mut blocks) => {
                    blocks.truncate(place + 1 - seen);
                    seen += blocks.len();
                    ScriptStep::Run(blocks)
                }
                rewind @ ScriptStep::Rewind { .. } => rewind,
            });
        }
        self.steps = steps;
        self.forget();
    }

    /// The run at `position` becomes part of the one before it.
    fn merge_steps(&mut self, position: usize) -> bool {
        let (before, after) = self.steps.split_at_mut(position);
        let (Some(ScriptStep::Run(first)), Some(ScriptStep::Run(second))) = (before.last_mut(), after.first_mut())
        else {
            return false;
        };
        first.append(second);
        self.steps.remove(position);
        true
    }

    /// The transactions of the block at `place` move into the one before it, if both are of one run.
    fn merge_blocks(&mut self, place: usize) -> bool {
        let mut seen = 0;
        for step in &mut self.steps {
            let ScriptStep::Run(blocks) = step else { continue };
            if (seen + 1..seen + blocks.len()).contains(&place) {
                let mut removed = blocks.remove(place - seen);
                blocks[place - seen - 1].transactions.append(&mut removed.transactions);
                return true;
            }
            seen += blocks.len();
        }
        false
    }
}
