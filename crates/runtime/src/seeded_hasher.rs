//! Where a key lies, as an input: hash maps of the native runtime and of the model take their seed from outside.

use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// SipHash with a seed of our choice.
#[derive(Clone, Copy, Debug)]
pub struct SeededHasher(pub u64);

impl BuildHasher for SeededHasher {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}
