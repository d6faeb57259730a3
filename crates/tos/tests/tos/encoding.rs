//! The canonical encoding: every value reads back, and nothing else reads at all.

use proptest::prelude::*;
use seriatim_testkit::ledger::pay;
use seriatim_tos::ledger::{
    AccountKey, AssetId, FeeType, Hash, MultiSigSignature, Payload, Reference, Signature, SignatureScheme, Transaction,
    TransactionVersion, Transfer, UnsignedTransaction, decode, encode,
};

fn payloads() -> impl Strategy<Value = Payload> {
    let account = || any::<[u8; 32]>().prop_map(AccountKey);
    let asset = || any::<[u8; 32]>().prop_map(AssetId);
    let extra_data = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..130));
    let transfer = (asset(), account(), any::<u64>(), extra_data)
        .prop_map(|(asset, destination, amount, extra_data)| Transfer { asset, destination, amount, extra_data });
    prop_oneof![
        proptest::collection::vec(transfer, 0..5).prop_map(Payload::Transfers),
        (asset(), any::<u64>()).prop_map(|(asset, amount)| Payload::Burn { asset, amount }),
        (any::<u8>(), proptest::collection::vec(account(), 0..4))
            .prop_map(|(threshold, participants)| Payload::MultiSig { threshold, participants }),
        (any::<u64>(), any::<u32>()).prop_map(|(amount, days)| Payload::FreezeTos { amount, days }),
        any::<u64>().prop_map(|amount| Payload::UnfreezeTos { amount }),
    ]
}

fn transactions() -> impl Strategy<Value = Transaction> {
    let multisig = proptest::collection::vec((any::<u8>(), any::<[u8; 32]>()), 0..3);
    (payloads(), any::<[u8; 32]>(), any::<(u64, u64, u64, bool)>(), multisig).prop_map(
        |(data, source, (fee, nonce, topoheight, by_energy), multisig)| {
            let body = UnsignedTransaction {
                version: TransactionVersion::T0,
                source: AccountKey(source),
                data,
                fee,
                fee_type: if by_energy { FeeType::Energy } else { FeeType::Tos },
                nonce,
                reference: Reference { hash: Hash(source), topoheight },
            };
            let sign = |seed| SignatureScheme::Tagged.signer(seed).sign(&body.signing_bytes());
            let multisig = multisig
                .into_iter()
                .map(|(participant, seed)| MultiSigSignature { participant, signature: sign(seed) })
                .collect();
            let signature = sign(source);
            Transaction { multisig, signature, body }
        },
    )
}

proptest! {
    #[test]
    fn a_transaction_reads_back_from_its_bytes(transaction in transactions()) {
        let bytes = encode(&transaction);
        prop_assert_eq!(&decode::<Transaction>("transaction", &bytes).unwrap(), &transaction);
        let canonical = transaction.canonical();
        prop_assert_eq!(canonical.bytes(), &bytes[..]);
    }

    #[test]
    fn a_transaction_reads_back_from_its_json(transaction in transactions()) {
        let json = serde_json::to_string(&transaction).unwrap();
        prop_assert_eq!(serde_json::from_str::<Transaction>(&json).unwrap(), transaction);
    }

    #[test]
    fn the_signing_bytes_are_the_front_of_the_encoding(transaction in transactions()) {
        let canonical = transaction.canonical();
        prop_assert_eq!(canonical.signing_bytes(), &transaction.body.signing_bytes()[..]);
        prop_assert!(canonical.bytes().starts_with(canonical.signing_bytes()));
    }

    #[test]
    fn cut_or_lengthened_bytes_are_refused(transaction in transactions(), at in any::<prop::sample::Index>()) {
        let mut bytes = encode(&transaction);
        let cut = at.index(bytes.len());
        prop_assert!(decode::<Transaction>("transaction", &bytes[..cut]).is_err());
        bytes.push(0);
        prop_assert!(decode::<Transaction>("transaction", &bytes).is_err());
    }

    #[test]
    fn what_reads_at_all_has_one_encoding(transaction in transactions(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode(&transaction);
        let index = at.index(bytes.len());
        bytes[index] = byte;
        if let Ok(other) = decode::<Transaction>("transaction", &bytes) {
            prop_assert_eq!(encode(&other), bytes);
        }
    }

    #[test]
    fn every_field_is_part_of_the_hash(transaction in transactions()) {
        let hash = transaction.hash();
        let mut changed = transaction.clone();
        changed.body.nonce ^= 1;
        prop_assert_ne!(changed.hash(), hash);
        let mut changed = transaction;
        changed.signature = Signature([0x55; 64]);
        prop_assert_ne!(changed.hash(), hash);
    }
}

#[test]
fn an_unknown_version_or_payload_is_refused_by_name() {
    let transaction = pay(1, 2, 0, 1);
    let mut bytes = encode(&transaction);
    bytes[0] = 9;
    let error = decode::<Transaction>("transaction", &bytes).unwrap_err().to_string();
    assert!(error.starts_with("not a canonical encoding of transaction"), "{error}");
    let mut bytes = encode(&transaction);
    bytes[33] = 200;
    assert!(decode::<Transaction>("transaction", &bytes).is_err());
}
