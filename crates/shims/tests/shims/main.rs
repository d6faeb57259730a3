//! The shims under a scheduler, and held against the real things.

#![cfg(feature = "controlled")]

mod execution;
mod properties;
mod sync;
mod threads;

#[cfg(feature = "crossbeam")]
mod crossbeam;
#[cfg(feature = "dashmap")]
mod dashmap;
#[cfg(feature = "parking_lot")]
mod parking_lot;
#[cfg(feature = "rayon")]
mod rayon;
#[cfg(feature = "tokio")]
mod tokio;
