//! Right sides match on every block of generated scenarios, and the chain is that of the sequential path.

use seriatim_lab::workload::{Scenario, Step, real_shapes};
use seriatim_testkit::test_mode::{AMPLE, Node, native_shadow, testing};
use seriatim_testkit::wait;
use seriatim_tos::chain::{ExecutionPath, Modes, ShadowThreads};
use seriatim_tos::ledger::SignatureScheme;

use crate::fixtures::built;

/// Takes the node through the scenario, by `add_block` or sequentially by `apply`. Returns what came of every block.
fn drive(node: &mut Node, scenario: &Scenario, added: bool) -> Vec<String> {
    let mut outcomes = Vec::new();
    for step in &scenario.steps {
        match step {
            Step::Run(blocks) => {
                let mut run = node.chain.ordering_run();
                for block in blocks {
                    let block = block.clone().seal();
                    let outcome = if added {
                        wait(run.add_block(&block))
                    } else {
                        wait(run.apply(&block, ExecutionPath::Sequential))
                    };
                    outcomes.push(format!("{outcome:?}"));
                    if outcome.is_err() {
                        break;
                    }
                }
            }
            Step::Rewind(to) => {
                let to = (*to).min(node.memory.inspect(|ledger| ledger.top));
                wait(node.chain.rewind(to)).unwrap();
            }
        }
    }
    outcomes
}

fn matches_everywhere(path: ExecutionPath) {
    let (mut blocks, mut aborted) = (0, 0);
    for seed in 0..200 {
        let scenario = built(seed).scenario;
        let node = |modes| Node::new(&scenario.genesis, scenario.parameters.clone(), modes);
        let side = ShadowThreads::of(native_shadow(path)).unwrap();
        let mut tested = node(Modes::new(testing(AMPLE), Some(side)).unwrap());
        let mut plain = node(Modes::off());
        let outcomes = drive(&mut tested, &scenario, true);
        assert_eq!(outcomes, drive(&mut plain, &scenario, false), "seed {seed}");
        assert_eq!(tested.ledger(), plain.ledger(), "seed {seed}");
        assert_eq!(tested.mismatches.take(), [], "seed {seed}");
        let figures = tested.chain.modes().figures();
        assert_eq!((figures.matched, figures.skipped), (outcomes.len() as u64, 0), "seed {seed}: {figures:?}");
        blocks += figures.matched;
        aborted += outcomes.iter().filter(|outcome| outcome.starts_with("Err")).count();
    }
    assert!(blocks > 300 && aborted > 0, "{blocks} blocks, {aborted} aborted: too little was tried");
}

#[test]
fn v3_matches_on_every_block() {
    matches_everywhere(ExecutionPath::Parallel);
}

#[test]
fn block_stm_matches_on_every_block() {
    matches_everywhere(ExecutionPath::BlockStm);
}

/// Long chains of dependent transactions, where Block-STM executes many again: it stays within the default limit of reads.
#[test]
fn real_shapes_match_on_both() {
    for shape in real_shapes() {
        let scenario = shape.scenario(SignatureScheme::Tagged, 0);
        for path in [ExecutionPath::Parallel, ExecutionPath::BlockStm] {
            let side = ShadowThreads::of(native_shadow(path)).unwrap();
            let modes = Modes::new(testing(AMPLE), Some(side)).unwrap();
            let mut tested = Node::new(&scenario.genesis, scenario.parameters.clone(), modes);
            let outcomes = drive(&mut tested, &scenario, true);
            assert_eq!(tested.mismatches.take(), [], "block {}", shape.block);
            assert_eq!(tested.chain.modes().figures().matched, outcomes.len() as u64);
        }
    }
}
