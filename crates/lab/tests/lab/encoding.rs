//! The canonical encoding of generated blocks.

use seriatim_tos::ledger::{Block, decode, encode};

use crate::fixtures::built;

#[test]
fn a_block_reads_back_from_its_bytes() {
    for seed in 0..20 {
        for block in built(seed).scenario.blocks() {
            let bytes = encode(block);
            assert_eq!(decode::<Block>("block", &bytes).unwrap(), *block);
        }
    }
}
