//! `crossbeam`.

mod channel;
mod deque;
mod like_the_real_one;
mod others;
mod select;
