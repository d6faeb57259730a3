//! A chain as lines: what one node writes another one reads.

use std::io::{BufRead, Cursor, Write};
use std::sync::{Arc, Mutex};

use seriatim_campaign::Conclusion;
use seriatim_lab::workload::DevnetContent;
use seriatim_node::lines::{Head, Line, LinesError, Reader, write_line};
use seriatim_node::{Blocks, Node, NodeControl, NodeError, NodeState, NodeStorage, Origin};
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::ledger::{Hash, Parameters};
use seriatim_tos::storage::{LedgerState, MemoryStorage, RedbStorage};

use crate::chains::*;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A chain with reorganisations as text, and the digest of its ledger.
fn written() -> (String, Hash) {
    let devnet = devnet(8, DevnetContent::Plans, 10);
    let mut text = Shared::default();
    write_line(&mut text, &Head::new(devnet.parameters(), devnet.genesis())).unwrap();
    let report = run(in_memory(devnet, sequential()).with_export(Box::new(text.clone())), 60);
    let text = text.0.lock().unwrap().clone();
    (String::from_utf8(text).unwrap(), report.ledger_digest)
}

fn reader(text: &str) -> (Reader<Box<dyn BufRead + Send>>, Head) {
    let input: Box<dyn BufRead + Send> = Box::new(Cursor::new(text.to_owned().into_bytes()));
    Reader::with_head(input).unwrap()
}

fn origin(head: &Head) -> (Origin, Parameters, LedgerState) {
    let Head { parameters, genesis, .. } = head;
    (Origin::of_lines(parameters, genesis), parameters.clone(), LedgerState::from_genesis(genesis))
}

fn in_memory_from(text: &str) -> Node<MemoryStorage> {
    let (reader, head) = reader(text);
    let (origin, parameters, genesis) = origin(&head);
    let state = NodeState::new(origin, &genesis);
    let storage = Arc::new(MemoryStorage::from_state(genesis));
    let blocks = Blocks::Lines { reader, parameters };
    tokio().block_on(Node::open(storage, state, blocks, executor(), testing(ExecutionPath::Parallel))).unwrap()
}

#[test]
fn what_one_node_writes_another_reads() {
    let (text, digest) = written();
    let report = run(in_memory_from(&text), u64::MAX);
    assert_eq!((report.ledger_digest, report.top), (digest, 60));
    assert_eq!(report.outcome.reorganisations, 6);
    assert_eq!(report.conclusion(), (Some(Conclusion::Agree), None));
    // And writes again, to the letter.
    let mut again = Shared::default();
    write_line(&mut again, &reader(&text).1).unwrap();
    run(in_memory_from(&text).with_export(Box::new(again.clone())), u64::MAX);
    assert_eq!(*again.0.lock().unwrap(), text.as_bytes());
}

/// Also where it was ended in the middle of an ordering run, or between a rewind and what replaces the undone blocks.
#[test]
fn lines_are_gone_on_with_after_a_restart_anywhere() {
    let (text, digest) = written();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let (_, head) = reader(&text);
    let (origin, parameters, genesis) = origin(&head);
    drop(RedbStorage::create(&file, &head.genesis).unwrap());
    let lines = text.lines().count() - 1;
    let runtime = tokio();
    let open = |text: &str| {
        let storage = RedbStorage::open(&file).unwrap();
        runtime.block_on(async {
            let state = match NodeState::read(&storage).await.unwrap() {
                Some(state) => state,
                None => NodeState::begin(&storage, origin.clone(), &genesis).await.unwrap(),
            };
            let blocks = Blocks::Lines { reader: reader(text).0, parameters: parameters.clone() };
            Node::open(Arc::new(storage), state, blocks, executor(), sequential()).await
        })
    };
    for line in 0..lines {
        let mut node = open(&text).unwrap();
        step(&mut node);
        assert_eq!(node.state().position.events, line as u64 + 1);
    }
    let mut node = open(&text).unwrap();
    assert!(!runtime.block_on(node.step()).unwrap());
    assert_eq!(node.chain().storage().ledger_digest().unwrap(), digest);
    drop(node);

    // Another input of the same genesis: shorter, or with other events anywhere, even where they leave no trace.
    let events = lines as u64;
    let shorter = text.lines().take(lines).collect::<Vec<_>>().join("\n");
    let error = open(&shorter).map(drop).unwrap_err();
    assert!(matches!(error, NodeError::TooFewBlocks { events: all, found } if (all, found) == (events, events - 1)));
    let all: Vec<&str> = text.lines().collect();
    let is_further = |line: usize| all[line].starts_with("{\"further\"");
    let pairs: Vec<usize> = (1..lines).filter(|&line| is_further(line) && is_further(line + 1)).collect();
    assert!(pairs.len() > 3, "neighbours in one ordering run");
    for line in [pairs[0], pairs[pairs.len() / 2], pairs[pairs.len() - 1]] {
        let mut swapped = all.clone();
        swapped.swap(line, line + 1);
        let error = open(&(swapped.join("\n") + "\n")).map(drop).unwrap_err();
        assert!(matches!(error, NodeError::OtherBlocks { events: all } if all == events), "{line}: {error}");
    }
    let mut undone = all.clone();
    undone[(1..lines).find(|&line| !is_further(line + 1)).unwrap()] = "{\"rewind\":0}";
    assert!(matches!(open(&(undone.join("\n") + "\n")), Err(NodeError::OtherBlocks { .. })));
    assert!(open(&text).is_ok(), "a refusal leaves the ledger as it is");
}

#[test]
fn text_that_is_no_chain_is_refused_by_its_line() {
    let (text, _) = written();
    let lines: Vec<&str> = text.lines().collect();
    let head = |text: &str| Reader::with_head(Cursor::new(text.as_bytes().to_vec())).map(|_| ()).unwrap_err();
    assert!(matches!(head(""), LinesError::Empty));
    assert!(matches!(head("\n \n"), LinesError::Empty));
    assert!(matches!(head("{"), LinesError::Head { line: 1, .. }));
    assert!(matches!(head(&format!("\n{}", lines[1])), LinesError::Head { line: 2, .. }));
    assert!(matches!(
        head(&lines[0].replacen("\"version\":1", "\"version\":4", 1)),
        LinesError::Version { line: 1, found: 4 }
    ));
    let overfull = lines[0].replacen("\"emitted_supply\":", "\"emitted_supply\":99", 1);
    assert!(matches!(head(&overfull), LinesError::Genesis { line: 1, .. }));

    // The third line is bad: the block before it stays, the message names the line.
    let after = |bad: &str| {
        let mut node = in_memory_from(&format!("{}\n{}\n{bad}\n", lines[0], lines[1]));
        let error = tokio().block_on(node.run(u64::MAX, &NodeControl::default())).unwrap_err();
        assert_eq!(node.state().position.top, 1, "{error}");
        error
    };
    for bad in ["{", "[]", "{\"block\":{}}", "{\"rewind\":-1}", "{\"sideways\":1}", "\u{fffd}", lines[0]] {
        let error = after(bad);
        assert!(matches!(error, NodeError::Lines(LinesError::Line { line: 3, .. })), "{bad}: {error}");
        assert!(error.to_string().starts_with("line 3: ") && error.to_string().lines().count() == 1, "{error}");
    }
    // A misspelt key would be an absent one otherwise.
    let misspelt = lines[1].replacen("\"parent\"", "\"multi_sig\":[],\"parent\"", 1);
    let error = after(&misspelt);
    assert!(error.to_string().starts_with("line 3: ") && error.to_string().contains("multi_sig"), "{error}");
    let error = after("{\"rewind\":2}");
    assert!(matches!(error, NodeError::Lines(LinesError::RewindAboveTop { line: 3, to: 2, top: 1 })), "{error}");
    let block = lines[1].replacen("\"block\"", "\"further\"", 1);
    let mut node = in_memory_from(&format!("{}\n{block}\n", lines[0]));
    let error = tokio().block_on(node.run(u64::MAX, &NodeControl::default())).unwrap_err();
    assert!(matches!(error, NodeError::Lines(LinesError::NoRun { line: 2 })), "{error}");
}

/// An aborted block leaves nothing, is counted, and ends its ordering run.
#[test]
fn aborted_blocks_of_an_input_are_passed_over() {
    use seriatim_tos::ledger::{AccountKey, AssetId, Block, Genesis, GenesisAccount, SignatureScheme};
    let miner = AccountKey([9; 32]);
    let full = GenesisAccount { balances: [(AssetId::TOS, u64::MAX)].into(), ..GenesisAccount::default() };
    let genesis = Genesis { accounts: [(miner, full)].into(), ..Genesis::default() };
    let parameters = Parameters {
        signature_scheme: SignatureScheme::Tagged,
        dev_account: AccountKey([8; 32]),
        block_time_ms: 15_000,
    };
    let block = |height, miner| Block { parent: Hash::ZERO, height, miner, transactions: Vec::new() };
    let other = AccountKey([7; 32]);
    let mut text = Vec::new();
    write_line(&mut text, &Head::new(parameters, genesis)).unwrap();
    for line in [
        Line::Block(block(1, other)),
        Line::Further(block(2, miner)),
        Line::Further(block(3, other)),
        Line::Block(block(4, miner)),
    ] {
        write_line(&mut text, &line).unwrap();
    }
    let report = run(in_memory_from(&String::from_utf8(text).unwrap()), u64::MAX);
    assert_eq!((report.top, report.outcome.blocks, report.outcome.aborted_blocks), (2, 2, 2));
}
