//! What was signed before and comes again: as it is, or once its source has what it lacked.

use seriatim_tos::ledger::{Amount, Payload};

use super::conflicts::Intent;
use super::context::{GeneratorContext, Unpaid, output};
use super::draft::{AmountChoice, Draft};

impl GeneratorContext<'_> {
    pub(super) fn duplicate(&self) -> Intent {
        let signed = &self.memory.signed;
        match self.record.detail {
            144..=199 if let Some(intent) = self.unpaid() => intent,
            144..=255 if !signed.is_empty() => {
                let near = if self.record.detail & 1 == 0 { signed.len().min(4) } else { signed.len() };
                Intent::Again(signed[signed.len() - 1 - self.record.literal as usize % near].clone())
            }
            _ => Intent::Fresh(self.plain()),
        }
    }

    /// An orphan that now has enough comes again; if there is none, one that has not gets what it lacks.
    pub(super) fn unpaid(&self) -> Option<Intent> {
        let able = self.missing().find(|(_, missing)| *missing == 0);
        match able {
            Some((unpaid, _)) => Some(Intent::Again(unpaid.transaction.clone())),
            None => self.rescue().map(Intent::Fresh),
        }
    }

    /// Pays the source of an orphan what it lacked.
    fn rescue(&self) -> Option<Draft> {
        let (unpaid, missing) = self.missing().find(|(_, missing)| *missing > 0)?;
        let Unpaid { transaction, asset, .. } = unpaid;
        let poor = transaction.body.source;
        let source = self.sender_from(usize::from(self.record.sender), 200_000);
        let transfer = output(*asset, poor);
        let amount = AmountChoice::UpTo(missing);
        (source != poor).then(|| Draft { amount, ..self.right_draft(source, Payload::Transfers(vec![transfer])) })
    }

    /// The orphans that can still be executed, newest first, and what each still lacks.
    fn missing(&self) -> impl Iterator<Item = (&Unpaid, Amount)> {
        let in_time = |unpaid: &&Unpaid| {
            let body = &unpaid.transaction.body;
            body.nonce >= self.reference.next_nonce(&body.source)
        };
        self.memory.unpaid.iter().rev().filter(in_time).map(|unpaid| {
            let available = self.reference.balance(&unpaid.transaction.body.source, &unpaid.asset);
            (unpaid, unpaid.required.saturating_sub(available))
        })
    }
}
