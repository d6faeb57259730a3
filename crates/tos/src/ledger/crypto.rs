//! Both signature schemes behind one face. Which one is in force is a parameter of the chain, so that a search
//! with `Tagged` and a node with `Ed25519` run the same code.

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{AccountKey, Signature};

/// How signatures are made and checked.
///
/// # Examples
/// ```
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let signer = SignatureScheme::Ed25519.signer([7; 32]);
/// let signature = signer.sign(b"pay Bob");
/// assert!(SignatureScheme::Ed25519.verify(&signer.account(), b"pay Bob", &signature));
/// assert!(!SignatureScheme::Ed25519.verify(&signer.account(), b"pay Eve", &signature));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureScheme {
    /// A real node's: RFC 8032, verified strictly (no small-order keys, no malleable signatures).
    Ed25519,
    /// A search's: keyed BLAKE3 of account and message. It notices every changed bit and costs well under a
    /// microsecond, but anyone can make it: never for a node.
    Tagged,
}

/// Separates the tags from every other use of BLAKE3.
const TAG_KEY: &[u8; 32] = b"seriatim tagged signature scheme";

fn tag(account: &AccountKey, message: &[u8]) -> Signature {
    let mut hasher = blake3::Hasher::new_keyed(TAG_KEY);
    hasher.update(account.as_bytes());
    hasher.update(message);
    let mut tag = [0; 64];
    hasher.finalize_xof().fill(&mut tag);
    Signature(tag)
}

impl SignatureScheme {
    /// Whether `signature` is `account`'s of `message`. A key that is no curve point has no valid signature.
    #[must_use]
    pub fn verify(self, account: &AccountKey, message: &[u8], signature: &Signature) -> bool {
        match self {
            Self::Tagged => tag(account, message) == *signature,
            Self::Ed25519 => VerifyingKey::from_bytes(account.as_bytes()).is_ok_and(|key| {
                key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
            }),
        }
    }

    /// The signer grown from a 32-byte seed. Under `Tagged` the seed is the account's key itself.
    pub fn signer(self, seed: [u8; 32]) -> Signer {
        match self {
            Self::Tagged => Signer::Tagged(AccountKey(seed)),
            Self::Ed25519 => Signer::Ed25519(Box::new(SigningKey::from_bytes(&seed))),
        }
    }
}

/// One account's means of signing.
#[derive(Clone, Debug)]
pub enum Signer {
    Ed25519(Box<SigningKey>),
    Tagged(AccountKey),
}

impl Signer {
    /// The account it signs for.
    pub fn account(&self) -> AccountKey {
        match self {
            Self::Ed25519(key) => AccountKey(key.verifying_key().to_bytes()),
            Self::Tagged(account) => *account,
        }
    }

    /// The account's signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Signature {
        match self {
            Self::Ed25519(key) => Signature(ed25519_dalek::Signer::sign(&**key, message).to_bytes()),
            Self::Tagged(account) => tag(account, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMES: [SignatureScheme; 2] = [SignatureScheme::Ed25519, SignatureScheme::Tagged];

    #[test]
    fn own_signatures_are_accepted() {
        for scheme in SCHEMES {
            let signer = scheme.signer([7; 32]);
            assert!(scheme.verify(&signer.account(), b"message", &signer.sign(b"message")));
        }
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        for scheme in SCHEMES {
            let signer = scheme.signer([7; 32]);
            let signature = signer.sign(b"message");
            for bit in 0..512 {
                let mut changed = signature;
                changed.0[bit / 8] ^= 1 << (bit % 8);
                assert!(!scheme.verify(&signer.account(), b"message", &changed), "{scheme:?} bit {bit}");
            }
            assert!(!scheme.verify(&signer.account(), b"massage", &signature));
            assert!(!scheme.verify(&scheme.signer([8; 32]).account(), b"message", &signature));
        }
    }

    #[test]
    fn a_small_order_key_has_no_valid_signature() {
        // The identity point: a lenient verifier accepts R = identity, s = 0 for every message.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!SignatureScheme::Ed25519.verify(&AccountKey(identity), b"any", &Signature(signature)));
    }
}
