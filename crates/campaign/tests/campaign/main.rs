//! Many cases in a row: campaigns, a fuzzer's corpus, the small-scope proof.

mod campaign;
mod corpus;
mod faults;
mod prove;
