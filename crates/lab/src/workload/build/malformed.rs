//! Every rule of the format twice: the last thing that it allows, and the first that it forbids. Both are needed: a
//! bound that is one too low orphans what should execute.

use seriatim_tos::ledger::{
    AccountKey, FREEZE_DAYS, FeeType, MAX_MULTISIG_PARTICIPANTS, MAX_TRANSACTION_EXTRA_DATA_BYTES,
    MAX_TRANSFER_EXTRA_DATA_BYTES, MAX_TRANSFERS, Payload, TOS, Topoheight, Transfer,
};

use super::conflicts::unknown_asset;
use super::draft::{AmountChoice, CosigningChoice, Draft, FeeChoice};
use super::scene::{Scene, output};

/// What the longest transactions may cost, if half of their destinations are new.
const LONG_FEE: u64 = 20_000_000;

impl Scene<'_> {
    pub(super) fn malformed(&mut self) -> Draft {
        let forbidden = self.record.detail >= 148;
        let pick = |allowed: usize| allowed + usize::from(forbidden);
        match self.literal() % 32 {
            0 => self.outputs(if forbidden { 0 } else { 1 }, None),
            // Long ones are dear to build and to run.
            1 => self.outputs(pick(MAX_TRANSFERS), None),
            2 | 3 => self.outputs(2, Some(pick(MAX_TRANSFER_EXTRA_DATA_BYTES))),
            4 | 5 => {
                let fits = MAX_TRANSACTION_EXTRA_DATA_BYTES / MAX_TRANSFER_EXTRA_DATA_BYTES;
                self.outputs(pick(fits), Some(MAX_TRANSFER_EXTRA_DATA_BYTES))
            }
            6 | 7 => {
                let draft = self.outputs(2, None);
                let Payload::Transfers(mut transfers) = draft.data else { unreachable!("outputs are transfers") };
                if forbidden {
                    transfers[1].asset = unknown_asset();
                }
                Draft { data: Payload::Transfers(transfers), ..draft }
            }
            8 => {
                let source = self.sender();
                let asset = if forbidden { unknown_asset() } else { self.asset(&source, 0) };
                self.settled(source, Payload::Burn { asset, amount: 1 })
            }
            9 => {
                let source = self.sender();
                let asset = self.asset(&source, 0);
                self.settled(source, Payload::Burn { asset, amount: u64::from(!forbidden) })
            }
            10..=15 => self.malformed_energy(forbidden),
            16..=25 => self.malformed_multisig(forbidden),
            26 | 27 => {
                let reference = match (forbidden, self.record.receiver) {
                    (false, _) => self.topoheight(),
                    (true, 0..=199) => self.topoheight() + 1,
                    (true, 200..) => Topoheight::MAX,
                };
                Draft { reference, ..self.outputs(1, None) }
            }
            28 | 29 => {
                let fee = match (forbidden, self.record.receiver) {
                    (false, _) => FeeChoice::Minimum,
                    (true, 0..=199) => FeeChoice::OneBelow,
                    (true, 200..) => FeeChoice::Exactly(0),
                };
                Draft { fee, ..self.outputs(1, None) }
            }
            _ => {
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

    fn malformed_energy(&self, forbidden: bool) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender), 3 * TOS);
        let (start, end) = (*FREEZE_DAYS.start(), *FREEZE_DAYS.end());
        let lowest = self.record.receiver & 1 == 0;
        let odd_amount = [0, 1, TOS - 1, TOS + 1][usize::from(self.record.receiver % 4)];
        let unlocked = self.unlocked(&self.energy(&source));
        let data = match (self.literal() % 32, forbidden) {
            (10, true) => Payload::FreezeTos { amount: odd_amount, days: start },
            (10 | 14, false) => Payload::FreezeTos { amount: TOS, days: if lowest { start } else { end } },
            (11, true) => Payload::FreezeTos { amount: TOS, days: if lowest { start - 1 } else { end + 1 } },
            (12, true) => Payload::UnfreezeTos { amount: odd_amount },
            (12, false) if unlocked > 0 => Payload::UnfreezeTos { amount: TOS },
            // Energy pays for transfers only, and for nothing else beside.
            (13, true) => {
                let burn = Payload::Burn { asset: self.asset(&source, 0), amount: 1 };
                return Draft { fee_type: FeeType::Energy, ..self.settled(source, burn) };
            }
            (_, true) => {
                let fee = FeeChoice::Exactly(1 + self.literal() % 2 * 20_000);
                let draft = self.right_transfer(source, self.receiver(&source));
                return Draft { fee_type: FeeType::Energy, fee, ..draft };
            }
            (_, false) => Payload::FreezeTos { amount: TOS, days: start },
        };
        self.settled(source, data)
    }

    fn malformed_multisig(&mut self, forbidden: bool) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender), 1_000_000);
        let cosigners = self.stage.cosigners.to_vec();
        let (threshold, participants) = match (self.literal() % 32, forbidden) {
            (16 | 17, true) => (4, cosigners),
            (16 | 17, false) => (3, cosigners),
            (18, true) => (0, cosigners),
            (19 | 20, true) => (1, vec![cosigners[0], source]),
            (21 | 22, true) => (1, vec![cosigners[0], cosigners[1], cosigners[0]]),
            // Those who can sign come first, so that the account can be used afterwards.
            (23, _) => {
                let count = MAX_MULTISIG_PARTICIPANTS + usize::from(forbidden);
                let filler = (0..count - cosigners.len()).map(|index| AccountKey([index as u8; 32]));
                (1 + self.record.asset % 3, cosigners.iter().copied().chain(filler).collect())
            }
            (24, true) => (255, cosigners),
            _ => (1, cosigners),
        };
        let cosigning = CosigningChoice::Enough(0);
        Draft { cosigning, ..self.right_draft(source, Payload::MultiSig { threshold, participants }) }
    }

    fn settled(&self, source: AccountKey, data: Payload) -> Draft {
        Draft { amount: AmountChoice::AsDrafted, ..self.right_draft(source, data) }
    }
}
