//! Every rule of the format twice: the last thing that it allows, and the first that it forbids. Both are needed: a
//! bound that is one too low orphans what should execute.

use seriatim_tos::ledger::{
    AccountKey, FREEZE_DAYS, FeeType, MAX_MULTISIG_PARTICIPANTS, MAX_TRANSACTION_EXTRA_DATA_BYTES,
    MAX_TRANSFER_EXTRA_DATA_BYTES, MAX_TRANSFERS, Payload, TOS, Topoheight, Transfer,
};

use super::conflicts::unknown_asset;
use super::draft::{AmountChoice, CosigningChoice, Draft, FeeChoice};
use super::scene::{Scene, output};
use super::weighted::Weighted;

/// What the longest transactions may cost, if half of their destinations are new.
const LONG_FEE: u64 = 20_000_000;

/// What is at its bound, or beyond it.
#[derive(Clone, Copy, Debug)]
enum Rule {
    FewestOutputs,
    /// Long ones are dear to build and to run.
    MostOutputs,
    TransferExtraData,
    TransactionExtraData,
    TransferAsset,
    BurnAsset,
    BurnAmount,
    /// What is allowed, and what is forbidden.
    Energy(RightEnergy, WrongEnergy),
    Multisig(MultisigRule),
    Reference,
    Fee,
    MultisigDeletion,
}

#[derive(Clone, Copy, Debug)]
enum RightEnergy {
    FreezeAtBounds,
    FreezeShortest,
    /// A freeze if nothing is unlocked.
    Unfreeze,
}

#[derive(Clone, Copy, Debug)]
enum WrongEnergy {
    FreezeOddAmount,
    FreezeBeyondBounds,
    UnfreezeOddAmount,
    /// Energy pays for transfers only.
    Burn,
    /// Where energy pays, nothing else may pay.
    FeeBeside,
}

#[derive(Clone, Copy, Debug)]
enum MultisigRule {
    ThresholdAboveParticipants,
    ThresholdZero,
    SourceTakesPart,
    ParticipantTwice,
    MostParticipants,
    LargestThreshold,
    /// It breaks no rule.
    Right,
}

const RULES: Weighted<Rule> = Weighted(&[
    (1, Rule::FewestOutputs),
    (1, Rule::MostOutputs),
    (2, Rule::TransferExtraData),
    (2, Rule::TransactionExtraData),
    (2, Rule::TransferAsset),
    (1, Rule::BurnAsset),
    (1, Rule::BurnAmount),
    (1, Rule::Energy(RightEnergy::FreezeAtBounds, WrongEnergy::FreezeOddAmount)),
    (1, Rule::Energy(RightEnergy::FreezeShortest, WrongEnergy::FreezeBeyondBounds)),
    (1, Rule::Energy(RightEnergy::Unfreeze, WrongEnergy::UnfreezeOddAmount)),
    (1, Rule::Energy(RightEnergy::FreezeShortest, WrongEnergy::Burn)),
    (1, Rule::Energy(RightEnergy::FreezeAtBounds, WrongEnergy::FeeBeside)),
    (1, Rule::Energy(RightEnergy::FreezeShortest, WrongEnergy::FeeBeside)),
    (2, Rule::Multisig(MultisigRule::ThresholdAboveParticipants)),
    (1, Rule::Multisig(MultisigRule::ThresholdZero)),
    (2, Rule::Multisig(MultisigRule::SourceTakesPart)),
    (2, Rule::Multisig(MultisigRule::ParticipantTwice)),
    (1, Rule::Multisig(MultisigRule::MostParticipants)),
    (1, Rule::Multisig(MultisigRule::LargestThreshold)),
    (1, Rule::Multisig(MultisigRule::Right)),
    (2, Rule::Reference),
    (2, Rule::Fee),
    (2, Rule::MultisigDeletion),
]);

impl Scene<'_> {
    pub(super) fn malformed(&mut self) -> Draft {
        let forbidden = self.record.detail >= 148;
        let at_bound = |allowed: usize| allowed + usize::from(forbidden);
        match RULES.pick(self.literal()) {
            Rule::FewestOutputs => self.outputs(if forbidden { 0 } else { 1 }, None),
            Rule::MostOutputs => self.outputs(at_bound(MAX_TRANSFERS), None),
            Rule::TransferExtraData => self.outputs(2, Some(at_bound(MAX_TRANSFER_EXTRA_DATA_BYTES))),
            Rule::TransactionExtraData => {
                let fits = MAX_TRANSACTION_EXTRA_DATA_BYTES / MAX_TRANSFER_EXTRA_DATA_BYTES;
                self.outputs(at_bound(fits), Some(MAX_TRANSFER_EXTRA_DATA_BYTES))
            }
            Rule::TransferAsset => {
                let draft = self.outputs(2, None);
                let Payload::Transfers(mut transfers) = draft.data else { unreachable!("outputs are transfers") };
                if forbidden {
                    transfers[1].asset = unknown_asset();
                }
                Draft { data: Payload::Transfers(transfers), ..draft }
            }
            Rule::BurnAsset => {
                let source = self.sender();
                let asset = if forbidden { unknown_asset() } else { self.asset(&source, 0) };
                self.settled(source, Payload::Burn { asset, amount: 1 })
            }
            Rule::BurnAmount => {
                let source = self.sender();
                let asset = self.asset(&source, 0);
                self.settled(source, Payload::Burn { asset, amount: u64::from(!forbidden) })
            }
            Rule::Energy(_, wrong) if forbidden => self.wrong_energy(wrong),
            Rule::Energy(right, _) => self.right_energy(right),
            Rule::Multisig(rule) => self.malformed_multisig(rule, forbidden),
            Rule::Reference => {
                let reference = match (forbidden, self.record.receiver) {
                    (false, _) => self.topoheight(),
                    (true, 0..=199) => self.topoheight() + 1,
                    (true, 200..) => Topoheight::MAX,
                };
                Draft { reference, ..self.outputs(1, None) }
            }
            Rule::Fee => {
                let fee = match (forbidden, self.record.receiver) {
                    (false, _) => FeeChoice::Minimum,
                    (true, 0..=199) => FeeChoice::OneBelow,
                    (true, 200..) => FeeChoice::Exactly(0),
                };
                Draft { fee, ..self.outputs(1, None) }
            }
            Rule::MultisigDeletion => {
                let source = self.sender();
                let delete = Payload::MultiSig { threshold: 0, participants: Vec::new() };
                if forbidden || self.reference.multisig(&source).is_some() {
                    self.right_draft(source, delete)
                } else {
                    self.outputs(3, None)
                }
            }
        }
    }

    /// Small transfers, half of them to accounts that do not exist.
    fn outputs(&mut self, count: usize, extra_data_bytes: Option<usize>) -> Draft {
        let least = if count > 4 { LONG_FEE } else { 400_000 };
        let source = self.sender_from(usize::from(self.record.sender), least);
        let asset = self.asset(&source, 0);
        let amount = u64::from(self.reference.balance(&source, &asset) > 40_000_000);
        let transfers = (0..count).map(|index| {
            let start = usize::from(self.record.receiver) + index;
            let destination = if index % 2 == 0 || count < 16 {
                self.receiver_from(start, &source)
            } else {
                self.stage.never_seen(start as u32 % 64)
            };
            Transfer {
                amount,
                extra_data: extra_data_bytes.map(|bytes| vec![index as u8; bytes]),
                ..output(asset, destination)
            }
        });
        let transfers = transfers.collect();
        self.drafted(source, transfers)
    }

    fn right_energy(&self, case: RightEnergy) -> Draft {
        let source = self.freezing_sender();
        let (start, end) = (*FREEZE_DAYS.start(), *FREEZE_DAYS.end());
        let data = match case {
            RightEnergy::FreezeAtBounds => {
                Payload::FreezeTos { amount: TOS, days: if self.at_lower_bound() { start } else { end } }
            }
            RightEnergy::Unfreeze if self.unlocked(&self.energy(&source)) > 0 => Payload::UnfreezeTos { amount: TOS },
            RightEnergy::FreezeShortest | RightEnergy::Unfreeze => Payload::FreezeTos { amount: TOS, days: start },
        };
        self.settled(source, data)
    }

    fn wrong_energy(&self, case: WrongEnergy) -> Draft {
        let source = self.freezing_sender();
        let (start, end) = (*FREEZE_DAYS.start(), *FREEZE_DAYS.end());
        let odd_amount = [0, 1, TOS - 1, TOS + 1][usize::from(self.record.receiver % 4)];
        match case {
            WrongEnergy::FreezeOddAmount => {
                self.settled(source, Payload::FreezeTos { amount: odd_amount, days: start })
            }
            WrongEnergy::FreezeBeyondBounds => {
                let days = if self.at_lower_bound() { start - 1 } else { end + 1 };
                self.settled(source, Payload::FreezeTos { amount: TOS, days })
            }
            WrongEnergy::UnfreezeOddAmount => self.settled(source, Payload::UnfreezeTos { amount: odd_amount }),
            WrongEnergy::Burn => {
                let burn = Payload::Burn { asset: self.asset(&source, 0), amount: 1 };
                Draft { fee_type: FeeType::Energy, ..self.settled(source, burn) }
            }
            WrongEnergy::FeeBeside => {
                let fee = FeeChoice::Exactly(1 + self.literal() % 2 * 20_000);
                let draft = self.right_transfer(source, self.receiver(&source));
                Draft { fee_type: FeeType::Energy, fee, ..draft }
            }
        }
    }

    /// An account that can freeze some TOS.
    fn freezing_sender(&self) -> AccountKey {
        self.sender_from(usize::from(self.record.sender), 3 * TOS)
    }

    fn at_lower_bound(&self) -> bool {
        self.record.receiver & 1 == 0
    }

    fn malformed_multisig(&self, rule: MultisigRule, forbidden: bool) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender), 1_000_000);
        let cosigners = self.stage.cosigners.to_vec();
        let (threshold, participants) = match (rule, forbidden) {
            (MultisigRule::ThresholdAboveParticipants, true) => (4, cosigners),
            (MultisigRule::ThresholdAboveParticipants, false) => (3, cosigners),
            (MultisigRule::ThresholdZero, true) => (0, cosigners),
            (MultisigRule::SourceTakesPart, true) => (1, vec![cosigners[0], source]),
            (MultisigRule::ParticipantTwice, true) => (1, vec![cosigners[0], cosigners[1], cosigners[0]]),
            // Those who can sign come first, so that the account can be used afterwards.
            (MultisigRule::MostParticipants, _) => {
                let count = MAX_MULTISIG_PARTICIPANTS + usize::from(forbidden);
                let filler = (0..count - cosigners.len()).map(|index| AccountKey([index as u8; 32]));
                (1 + self.record.asset % 3, cosigners.iter().copied().chain(filler).collect())
            }
            (MultisigRule::LargestThreshold, true) => (255, cosigners),
            (
                MultisigRule::ThresholdZero
                | MultisigRule::SourceTakesPart
                | MultisigRule::ParticipantTwice
                | MultisigRule::LargestThreshold,
                false,
            )
            | (MultisigRule::Right, _) => (1, cosigners),
        };
        let cosigning = CosigningChoice::Enough(0);
        Draft { cosigning, ..self.right_draft(source, Payload::MultiSig { threshold, participants }) }
    }

    fn settled(&self, source: AccountKey, data: Payload) -> Draft {
        Draft { amount: AmountChoice::AsDrafted, ..self.right_draft(source, data) }
    }
}
