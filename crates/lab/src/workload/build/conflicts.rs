//! What a record of each class drafts. Where a class needs something that is not there (a whale, a drained account, a
//! frozen amount), it makes it or falls back to a plain transfer: the records after a deleted one stay meaningful.

use crate::workload::classes::ConflictClass;
use seriatim_tos::ledger::{AccountKey, AssetId, FeeType, Payload, TOS, Transaction, Transfer};

use super::draft::{AmountChoice, CosigningChoice, Draft, FeeChoice, NonceChoice, SignatureChoice};
use super::scene::{Scene, output};

/// What is to stand in the block.
#[derive(Debug)]
pub(super) enum Intent {
    Fresh(Draft),
    /// One that was signed before.
    Again(Transaction),
}

impl Scene<'_> {
    /// What a record of `class` drafts.
    pub(super) fn intent(&mut self, class: ConflictClass) -> Intent {
        let draft = match class {
            ConflictClass::Plain => self.plain(),
            ConflictClass::NonceChain => self.nonce_chain(),
            ConflictClass::Swap => self.swap(),
            ConflictClass::HotReceiver => self.hot_receiver(),
            ConflictClass::ReceiveThenSpend => match self.unpaid() {
                Some(intent) if self.record.detail % 4 != 3 => return intent,
                _ => self.receive_then_spend(),
            },
            ConflictClass::Drain => self.drain(),
            ConflictClass::SelfTransfer => self.self_transfer(),
            ConflictClass::MinerParty => self.miner_party(),
            ConflictClass::Limits => self.limits(),
            ConflictClass::MultiSig => self.multisig(),
            ConflictClass::Energy => self.energy_use(),
            ConflictClass::Failure => self.failure(),
            ConflictClass::Duplicate => return self.duplicate(),
            ConflictClass::NonceDisorder => self.nonce_disorder(),
            ConflictClass::NeverSeen => self.never_seen(),
            ConflictClass::Malformed => self.malformed(),
        };
        Intent::Fresh(draft)
    }

    pub(super) fn plain(&self) -> Draft {
        let source = self.sender();
        if self.record.detail < 224 {
            return self.transfer(source, self.receiver(&source));
        }
        let asset = self.asset(&source, 0);
        let draft = self.draft(source, Payload::Burn { asset, amount: 0 });
        let fits = u64::MAX - self.reference.burned(&asset);
        match draft.amount {
            // A share that would not fit beside what is burned already belongs to the limits.
            AmountChoice::Share(_) => Draft { amount: AmountChoice::UpTo(fits.min(self.literal() | 1)), ..draft },
            _ => draft,
        }
    }

    fn nonce_chain(&self) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender / 128), 20_000);
        self.transfer(source, self.receiver(&source))
    }

    fn swap(&self) -> Draft {
        match self.memory.payment {
            Some((payer, paid)) if payer != paid && self.can_pay(&paid, 20_000) => self.transfer(paid, payer),
            _ => self.plain_transfer(),
        }
    }

    fn hot_receiver(&self) -> Draft {
        let hottest = self.stage.pool.len() - 1;
        let rank = usize::from(self.record.detail >= 224);
        let hot = self.stage.pool[hottest - rank];
        let start = usize::from(self.record.sender);
        let source = self.sender_from(start, 150_000);
        let source = if source == hot { self.sender_from(start + 1, 150_000) } else { source };
        if source == hot { self.plain_transfer() } else { self.transfer(source, hot) }
    }

    fn receive_then_spend(&mut self) -> Draft {
        if let Some((_, paid)) = self.memory.payment
            && self.record.detail >= 96
            && self.can_pay(&paid, 20_000)
        {
            let draft = self.transfer(paid, self.receiver(&paid));
            let all_of_it = self.record.detail >= 160 && matches!(draft.amount, AmountChoice::Share(_));
            return if all_of_it { Draft { amount: AmountChoice::AllAnd(0), ..draft } } else { draft };
        }
        // Somebody who could not have paid, or does not exist, gets enough to.
        let source = self.sender();
        let poorest = self.stage.pool.iter().filter(|it| **it != source).min_by_key(|it| self.tos(it)).copied();
        let paid = match poorest {
            Some(poorest) if self.record.detail & 1 == 0 => poorest,
            _ => self.unseen(),
        };
        let draft = self.draft(source, Payload::Transfers(vec![output(AssetId::TOS, paid)]));
        Draft { amount: AmountChoice::UpTo(300_000 + self.literal() % 1_000_000), ..draft }
    }

    fn drain(&self) -> Draft {
        match (self.record.detail, self.memory.drained) {
            (168..=223, Some(drained)) => {
                let once_more = self.right_transfer(drained, self.receiver(&drained));
                Draft { amount: AmountChoice::Exactly(1), ..once_more }
            }
            (224..=255, Some(drained)) => {
                let source = self.sender();
                let refill = self.right_transfer(source, self.other_than(&source, drained));
                Draft { amount: AmountChoice::Share(8), ..refill }
            }
            _ => {
                let source = self.sender();
                let draft = self.transfer(source, self.receiver(&source));
                match draft.amount {
                    AmountChoice::Share(_) | AmountChoice::UpTo(_) => {
                        Draft { amount: AmountChoice::AllAnd(0), ..draft }
                    }
                    _ => draft,
                }
            }
        }
    }

    fn self_transfer(&self) -> Draft {
        let source = self.sender();
        let other = self.receiver(&source);
        let (mine, theirs) = (output(self.asset(&source, 0), source), output(self.asset(&source, 1), other));
        let transfers = match self.record.detail {
            0..=127 => vec![theirs.clone(), theirs],
            128..=199 => vec![mine],
            200..=255 => vec![theirs, mine],
        };
        self.draft(source, Payload::Transfers(transfers))
    }

    fn miner_party(&self) -> Draft {
        let party = match self.record.detail % 4 {
            0 => self.stage.parameters.dev_account,
            1 => self.stage.miner,
            _ => self.miner,
        };
        if self.record.detail >= 128 && self.can_pay(&party, 20_000) {
            self.transfer(party, self.receiver(&party))
        } else {
            let source = self.sender();
            self.transfer(source, self.other_than(&source, party))
        }
    }

    fn multisig(&mut self) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender / 100), 50_000);
        let delete = Payload::MultiSig { threshold: 0, participants: Vec::new() };
        let spend = |cosigning| Draft { cosigning, ..self.transfer(source, self.receiver(&source)) };
        let first = CosigningChoice::Enough(self.record.literal as u8 % 4);
        if self.reference.multisig(&source).is_some() {
            match self.record.detail {
                0..=149 => spend(first),
                150..=159 => spend(CosigningChoice::Missing),
                160..=167 => spend(CosigningChoice::OneLess),
                168..=173 => spend(CosigningChoice::OneMore),
                174..=181 => spend(CosigningChoice::Repeated),
                182..=191 => spend(CosigningChoice::WrongBit),
                192..=199 => spend(CosigningChoice::OutOfRange),
                200..=227 => Draft { cosigning: first, ..self.draft(source, delete) },
                228..=255 => Draft { cosigning: first, ..self.draft(source, self.configuration(&source)) },
            }
        } else {
            match self.record.detail {
                0..=207 => self.draft(source, self.configuration(&source)),
                208..=223 => spend(CosigningChoice::Uncalled),
                224..=235 => self.draft(source, delete),
                236..=255 => spend(first),
            }
        }
    }

    /// Up to four participants, any threshold that they can reach.
    fn configuration(&self, source: &AccountKey) -> Payload {
        let mut candidates = self.stage.cosigners.to_vec();
        candidates.extend(self.stage.pool.iter().take(4).filter(|account| *account != source));
        let start = usize::from(self.record.receiver) % candidates.len();
        candidates.rotate_left(start);
        candidates.truncate(1 + usize::from(self.record.legs % 4));
        let threshold = 1 + self.record.asset % candidates.len() as u8;
        Payload::MultiSig { threshold, participants: candidates }
    }

    fn energy_use(&self) -> Draft {
        let start = usize::from(self.record.sender / 80);
        let source = self.sender_from(start, 3 * TOS);
        let energy = self.energy(&source);
        let (left, unlocked) = (energy.total - energy.used, self.unlocked(&energy));
        let unfreeze = |amount| self.draft(source, Payload::UnfreezeTos { amount });
        let by_energy = |source| Draft { fee_type: FeeType::Energy, ..self.transfer(source, self.receiver(&source)) };
        match self.record.detail {
            96..=151 if left >= 16 => by_energy(source),
            152..=163 => {
                // Whoever has least; as a rule, none.
                let pool = self.stage.pool.iter().filter(|account| self.can_pay(account, 1));
                let left = |account: &&AccountKey| self.reference.energy(account).map_or(0, |it| it.total - it.used);
                let weakest = pool.min_by_key(left).copied();
                by_energy(weakest.unwrap_or(source))
            }
            164..=207 if unlocked > 0 => {
                let whole = unlocked / TOS;
                unfreeze(TOS * [whole, whole.div_ceil(2), 1, (whole - 1).max(1)][usize::from(self.record.detail % 4)])
            }
            208..=227 if energy.frozen > unlocked => unfreeze(unlocked + TOS),
            228..=235 => unfreeze(energy.frozen + TOS),
            _ => self.freeze(source),
        }
    }

    fn freeze(&self, source: AccountKey) -> Draft {
        let most = self.tos(&source).saturating_sub(1_000_000) / TOS;
        if most == 0 {
            return self.plain_transfer();
        }
        let days = [3, 3, 3, 7, 14, 30, 179, 180][(self.record.literal >> 8 & 7) as usize];
        let amount = TOS * (1 + self.literal() % 64).min(most);
        self.draft(source, Payload::FreezeTos { amount, days })
    }

    fn failure(&self) -> Draft {
        if self.record.detail < 136 {
            // Between the same accounts as the newest failure, in either direction.
            return match self.memory.failure {
                Some((from, to)) if from != to && self.can_pay(&from, 20_000) && self.record.detail & 1 == 0 => {
                    self.transfer(from, to)
                }
                Some((from, to)) if from != to && self.can_pay(&to, 20_000) => self.transfer(to, from),
                _ => self.plain_transfer(),
            };
        }
        let source = match self.memory.payment {
            Some((payer, _)) if self.record.detail & 8 == 0 => payer,
            Some((_, paid)) if self.can_pay(&paid, 20_000) => paid,
            _ => self.sender(),
        };
        let receiver = self.receiver(&source);
        let right = self.right_transfer(source, receiver);
        match self.record.detail % 8 {
            0 | 1 => Draft { amount: AmountChoice::AllAnd(1), ..right },
            // Its second output, of another asset where there is one, cannot be paid.
            2 => {
                let mut transfers = vec![output(AssetId::TOS, receiver), output(self.asset(&source, 1), receiver)];
                transfers[1].amount = self.reference.balance(&source, &transfers[1].asset).saturating_add(1);
                self.drafted(source, transfers)
            }
            3 => {
                let transfers = vec![output(AssetId::TOS, receiver), output(unknown_asset(), receiver)];
                self.right_draft(source, Payload::Transfers(transfers))
            }
            4 => Draft { signature: SignatureChoice::WrongBit(self.record.literal as u16), ..right },
            5 => Draft { fee: FeeChoice::OneBelow, ..right },
            6 => Draft { nonce: NonceChoice::Exactly(u64::MAX), ..right },
            _ => Draft { cosigning: CosigningChoice::Uncalled, signature: SignatureChoice::WrongKey, ..right },
        }
    }

    fn nonce_disorder(&self) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender / 128), 20_000);
        let skipped = self.memory.skipped_nonces.get(&source).and_then(|nonces| nonces.last());
        let draft = self.transfer(source, self.receiver(&source));
        let nonce = match (self.record.detail, skipped) {
            (0..=79, _) => NonceChoice::Gap(1 + self.literal() % 4),
            (80..=199, Some(nonce)) => NonceChoice::Exactly(*nonce),
            (200..=223, _) => NonceChoice::Reuse,
            (224..=231, _) => NonceChoice::Exactly(0),
            (232..=233, _) => NonceChoice::Exactly(u64::MAX),
            _ => draft.nonce,
        };
        Draft { nonce, ..draft }
    }

    fn never_seen(&mut self) -> Draft {
        let unseen = self.unseen();
        match self.record.detail {
            0..=111 => {
                let source = self.sender();
                self.transfer(source, unseen)
            }
            // Registered with nothing: it exists, and cannot pay.
            112..=127 => {
                let source = self.sender();
                Draft { amount: AmountChoice::Exactly(0), ..self.right_transfer(source, unseen) }
            }
            128..=147 => {
                let receiver = self.receiver(&unseen);
                self.right_transfer(unseen, receiver)
            }
            148..=199 => match self.memory.payment {
                Some((_, paid)) if self.can_pay(&paid, 120_000) => self.transfer(paid, unseen),
                _ => self.funding(unseen),
            },
            200..=255 => self.funding(unseen),
        }
    }

    /// Enough to act at once.
    fn funding(&self, account: AccountKey) -> Draft {
        let source = self.sender_from(usize::from(self.record.sender), 2_000_000);
        let draft = self.transfer(source, account);
        Draft { amount: AmountChoice::UpTo(500_000 + self.literal() % TOS), ..draft }
    }
}

/// Smaller parts.
impl Scene<'_> {
    pub(super) fn literal(&self) -> u64 {
        u64::from(self.record.literal)
    }

    pub(super) fn plain_transfer(&self) -> Draft {
        let source = self.sender();
        self.transfer(source, self.receiver(&source))
    }

    /// Outputs whose amounts are settled already.
    pub(super) fn drafted(&self, source: AccountKey, transfers: Vec<Transfer>) -> Draft {
        Draft { amount: AmountChoice::AsDrafted, ..self.right_draft(source, Payload::Transfers(transfers)) }
    }

    fn other_than(&self, source: &AccountKey, wanted: AccountKey) -> AccountKey {
        if wanted == *source { self.receiver(source) } else { wanted }
    }
}

/// An asset that no genesis knows.
pub(super) fn unknown_asset() -> AssetId {
    AssetId([0xaa; 32])
}
