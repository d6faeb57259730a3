//! Fixed-size identifiers. Each is a newtype, so that an account can never be passed for a hash; each prints as
//! hexadecimal and reads back from it.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

macro_rules! byte_newtype {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "hex::serde")] pub [u8; $len]);

        impl $name {
            /// The bytes themselves.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        /// The first four bytes: enough to tell values apart in a failing test.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", hex::encode(&self.0[..4]))
            }
        }

        impl FromStr for $name {
            type Err = hex::FromHexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }
    };
}

byte_newtype!(
    /// A BLAKE3 digest: names a transaction or a block.
    Hash,
    32
);
byte_newtype!(
    /// The public key that is an account's name.
    AccountKey,
    32
);
byte_newtype!(
    /// The name of an asset; all zeros is the native one, [`AssetId::TOS`].
    AssetId,
    32
);
byte_newtype!(
    /// A signature of either scheme.
    Signature,
    64
);

impl AssetId {
    /// The native asset, in which fees and rewards are paid.
    pub const TOS: Self = Self([0; 32]);
}

impl Hash {
    /// No block: the parent of genesis.
    pub const ZERO: Self = Self([0; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        let key = AccountKey([0xab; 32]);
        assert_eq!(key.to_string().parse::<AccountKey>(), Ok(key));
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        assert!("abcd".parse::<AccountKey>().is_err());
    }
}
