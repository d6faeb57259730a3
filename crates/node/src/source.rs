//! Where a node's blocks come from: a devnet that it makes itself, or lines. Both can be gone on with from any place.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::BufRead;
use std::sync::Arc;

use seriatim_lab::workload::{ConflictClass, Devnet, DevnetStep, Segment, Step};
use seriatim_tos::ledger::{BlockMetadata, Hash, Parameters, Receipt, SealedBlock, Topoheight};
use seriatim_tos::storage::{LedgerState, StorageError};

use super::lines::{Line, LinesError, Reader};
use super::state::{NOTHING, Position};
use super::view::{Parts, ledger_at};
use super::{Divergence, NodeError, NodeStorage};

/// One thing that happens to the chain.
#[derive(Debug)]
pub(super) enum Event {
    Block {
        block: Arc<SealedBlock>,
        begins_run: bool,
        /// What the reference says of its transactions, where one was asked.
        expected: Option<Vec<Receipt>>,
    },
    Rewind(Topoheight),
}

/// What a source has given so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// The topoheight above which counting began.
    pub(super) base: Topoheight,
    /// How many blocks and rewinds were given since then.
    pub(super) events: u64,
    /// The digest of those blocks and rewinds, in order.
    pub(super) digest: Hash,
}

impl Given {
    fn nothing_above(base: Topoheight) -> Self {
        Self { base, events: 0, digest: NOTHING }
    }

    fn add(&mut self, event: &Event) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.digest.0);
        let written = match event {
            Event::Block { block, begins_run, .. } => borsh::to_writer(&mut hasher, &(true, begins_run, &***block)),
            Event::Rewind(to) => borsh::to_writer(&mut hasher, &(false, to)),
        };
        written.expect("a hasher takes everything");
        self.digest = Hash(*hasher.finalize().as_bytes());
        self.events += 1;
    }
}

pub(super) enum Source {
    Devnet(Box<DevnetSource>),
    Lines(LineSource),
}

impl Source {
    /// All that it gave.
    pub(super) fn given(&self) -> Given {
        match self {
            Self::Devnet(devnet) => devnet.given,
            Self::Lines(lines) => lines.given,
        }
    }

    /// What happens next. None: nothing more.
    pub(super) async fn next<S: NodeStorage>(
        &mut self,
        storage: &S,
        figures: &mut Made,
    ) -> Result<Option<Event>, NodeError> {
        match self {
            Self::Devnet(devnet) => devnet.next(storage, figures).await.map(Some),
            Self::Lines(lines) => lines.next(),
        }
    }

    /// Passes over what `position` has behind it. The blocks of the ordering run under way are given.
    pub(super) async fn pass_to<S: NodeStorage>(
        &mut self,
        storage: &S,
        position: &Position,
    ) -> Result<Vec<Arc<SealedBlock>>, NodeError> {
        let mut of_run = Vec::new();
        let first_of_run = position.run.as_ref().map_or(u64::MAX, |run| run.event);
        while self.given().events < position.events {
            let event = self.given().events;
            match self.next(storage, &mut Made::default()).await? {
                None => return Err(NodeError::TooFewBlocks { events: position.events, found: event }),
                Some(Event::Block { block, .. }) if event >= first_of_run => of_run.push(block),
                Some(_) => {}
            }
        }
        if self.given().digest != position.digest {
            return Err(NodeError::OtherBlocks { events: position.events });
        }
        Ok(of_run)
    }
}

/// What a devnet's blocks were made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub(super) classes: BTreeMap<&'static str, u64>,
    pub(super) shape_blocks: u64,
    /// Segments whose ledger was compared with the reference's.
    pub(super) segments_compared: u64,
}

pub(super) struct DevnetSource {
    devnet: Devnet,
    parts: Parts,
    given: Given,
    segment: Segment,
    /// The next events, with what the blocks were made of.
    pending: VecDeque<(Event, Vec<ConflictClass>, bool)>,
}

impl DevnetSource {
    /// The source from the beginning of the segment that begins at `base`.
    pub(super) async fn open<S: NodeStorage>(
        storage: &S,
        devnet: Devnet,
        base: Topoheight,
    ) -> Result<Self, StorageError> {
        let assets: BTreeSet<_> = devnet.assets().into_iter().collect();
        let parts = devnet.accounts().into_iter().map(|account| (account, assets.clone())).collect();
        let segment = begin(storage, &devnet, &parts, base).await?;
        Ok(Self { devnet, parts, given: Given::nothing_above(base), segment, pending: VecDeque::new() })
    }

    async fn next<S: NodeStorage>(&mut self, storage: &S, figures: &mut Made) -> Result<Event, NodeError> {
        loop {
            if let Some((event, classes, shaped)) = self.pending.pop_front() {
                self.given.add(&event);
                figures.shape_blocks += u64::from(shaped);
                for class in classes {
                    *figures.classes.entry(class.name()).or_default() += 1;
                }
                return Ok(event);
            }
            match self.segment.next_step() {
                Some(step) => self.take(step),
                None => self.next_segment(storage, figures).await?,
            }
        }
    }

    fn take(&mut self, step: DevnetStep) {
        let DevnetStep { step, receipts, classes, shaped } = step;
        match step {
            Step::Rewind(to) => self.pending.push_back((Event::Rewind(to), Vec::new(), false)),
            Step::Run(blocks) => {
                let made = blocks.into_iter().zip(receipts).zip(classes.into_iter().zip(shaped)).enumerate();
                self.pending.extend(made.map(|(index, ((block, receipts), (classes, shaped)))| {
                    let (block, begins_run) = (block.seal(), index == 0);
                    (Event::Block { block, begins_run, expected: Some(receipts) }, classes, shaped)
                }));
            }
        }
    }

    /// The ledger must be what the reference came to, in all that the segment touched.
    async fn next_segment<S: NodeStorage>(&mut self, storage: &S, figures: &mut Made) -> Result<(), NodeError> {
        let (top, metadata) = storage.top().await?;
        compare(storage, self.segment.ledger(), top, &metadata).await?;
        figures.segments_compared += 1;
        self.given = Given::nothing_above(top);
        self.segment = begin(storage, &self.devnet, &self.parts, top).await?;
        Ok(())
    }
}

async fn begin<S: NodeStorage>(
    storage: &S,
    devnet: &Devnet,
    parts: &Parts,
    base: Topoheight,
) -> Result<Segment, StorageError> {
    let ledger = ledger_at(storage, parts, base).await?;
    Ok(devnet.segment(devnet.segment_above(base), ledger))
}

async fn compare<S: NodeStorage>(
    storage: &S,
    expected: &LedgerState,
    top: Topoheight,
    metadata: &BlockMetadata,
) -> Result<(), NodeError> {
    let differs = |what: String, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        Err(NodeError::Diverged(Box::new(Divergence { topoheight: top, what, expected, found })))
    };
    let wanted = expected.metadata.get(&expected.top);
    if (expected.top, wanted) != (top, Some(metadata)) {
        return differs("top and its metadata".to_owned(), &(expected.top, wanted), &(top, metadata));
    }
    for (key, topoheight) in &expected.newest {
        let wanted = expected.versions.get(key).and_then(|history| history.get(topoheight));
        let found = storage.version_at(*key, top).await?;
        if found.as_ref().map(|(at, version)| (at, version)) != wanted.map(|version| (topoheight, version)) {
            return differs(key.to_string(), &(topoheight, wanted), &found);
        }
    }
    for (account, topoheight) in &expected.registrations {
        let found = storage.account(*account).await?.map(|stored| stored.registered);
        if found != Some(*topoheight) {
            return differs(format!("registration of {account:?}"), topoheight, &found);
        }
    }
    Ok(())
}

pub(super) struct LineSource {
    reader: Reader<Box<dyn BufRead + Send>>,
    given: Given,
    /// Whether a further block may follow.
    in_run: bool,
}

impl LineSource {
    pub(super) fn new(reader: Reader<Box<dyn BufRead + Send>>, base: Topoheight) -> Self {
        Self { reader, given: Given::nothing_above(base), in_run: false }
    }

    fn next(&mut self) -> Result<Option<Event>, NodeError> {
        let Some(line) = self.reader.next_line()? else { return Ok(None) };
        let event = match line {
            Line::Further(_) if !self.in_run => return Err(LinesError::NoRun { line: self.reader.line() }.into()),
            Line::Block(block) => Event::Block { block: block.seal(), begins_run: true, expected: None },
            Line::Further(block) => Event::Block { block: block.seal(), begins_run: false, expected: None },
            Line::Rewind(to) => Event::Rewind(to),
        };
        self.in_run = matches!(event, Event::Block { .. });
        self.given.add(&event);
        Ok(Some(event))
    }

    /// Names the line that wants the impossible.
    pub(super) fn rewind_above_top(&self, to: Topoheight, top: Topoheight) -> LinesError {
        LinesError::RewindAboveTop { line: self.reader.line(), to, top }
    }
}

/// How a chain is given to a node.
pub enum Blocks {
    /// It makes its own.
    Devnet(Devnet),
    /// It reads them.
    Lines { reader: Reader<Box<dyn BufRead + Send>>, parameters: Parameters },
}
