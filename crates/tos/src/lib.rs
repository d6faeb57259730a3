//! What a node embeds: [`ledger`] says what a block means, [`storage`] is the versioned ledger in memory or on disk,
//! [`execution`] has the executors, and [`chain`] adds blocks, keeps orphans, rewinds, and tests one executor beside
//! another.
//!
//! Everything concurrent comes from [`seriatim_runtime`]. Nothing here knows the harness. The feature `redb` is the
//! ledger on disk, `metrics` are figures for Prometheus.
//!
//! Stable, as far as version 0.x allows: what `docs/book/reference/semantics.md` says of a block (the encoding, the
//! results, the errors), the [`storage::Storage`] trait with [`storage::MemoryStorage`] and `RedbStorage`, whose file
//! has a schema version, and [`chain`] with [`execution::ParallelExecutor`], [`execution::BlockError`] and
//! [`execution::NonceChecker`]. Internal, and free to change at any release: the parts below [`execution::parallel`]
//! and [`execution::block_stm`], [`ledger::rules`], and storage layers, which are public because the harness runs and
//! models them.
//!
//! ```
//! use std::sync::Arc;
//!
//! use seriatim_runtime::Native;
//! use seriatim_tos::chain::{Blockchain, ExecutionPath};
//! use seriatim_tos::execution::ParallelExecutor;
//! use seriatim_tos::ledger::{
//!     AssetId, Block, FeeType, Genesis, GenesisAccount, Hash, Parameters, Payload, Receipt, Reference,
//!     SignatureScheme, TOS, Transaction, TransactionVersion, Transfer, UnsignedTransaction,
//! };
//! use seriatim_tos::storage::{MemoryStorage, Storage};
//!
//! // Alice has 100 TOS and pays Bob, whose account does not exist yet.
//! let scheme = SignatureScheme::Ed25519;
//! let [alice, bob, miner, dev] = [1, 2, 3, 4].map(|seed| scheme.signer([seed; 32]));
//! let rich = GenesisAccount { balances: [(AssetId::TOS, 100 * TOS)].into(), ..GenesisAccount::default() };
//! let genesis = Genesis { accounts: [(alice.account(), rich)].into(), ..Genesis::default() };
//! let parameters = Parameters { signature_scheme: scheme, dev_account: dev.account(), block_time_ms: 15_000 };
//!
//! let pays = Transfer { asset: AssetId::TOS, destination: bob.account(), amount: 5 * TOS, extra_data: None };
//! let body = UnsignedTransaction {
//!     version: TransactionVersion::T0,
//!     source: alice.account(),
//!     data: Payload::Transfers(vec![pays]),
//!     fee: 115_000,
//!     fee_type: FeeType::Tos,
//!     nonce: 0,
//!     reference: Reference { hash: Hash::ZERO, topoheight: 0 },
//! };
//! let signature = alice.sign(&body.signing_bytes());
//! let transactions = vec![Transaction { body, multisig: Vec::new(), signature }];
//! let block = Block { parent: Hash::ZERO, height: 1, miner: miner.account(), transactions }.seal();
//!
//! let storage = Arc::new(MemoryStorage::new(&genesis)?);
//! let executor = ParallelExecutor::new(Native::with_hash_seed(7), 2)?;
//! let mut chain = Blockchain::new(Arc::clone(&storage), parameters, executor);
//! tokio::runtime::Builder::new_multi_thread().build()?.block_on(async {
//!     let receipts = chain.ordering_run().apply(&block, ExecutionPath::Parallel).await?;
//!     assert_eq!(receipts[0].outcome(), Receipt::EXECUTED);
//!     let balance = storage.balance(bob.account(), AssetId::TOS).await?.map(|newest| newest.value);
//!     assert_eq!(balance, Some(5 * TOS));
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The examples of this crate take their accounts and blocks from `seriatim_testkit::ledger`, which has the lines above
//! as functions: `pay(1, 2, 0, 5)` is a payment of 5 TOS from account 1 to account 2, with nonce 0.

pub mod chain;
pub mod execution;
pub mod ledger;
pub mod storage;
