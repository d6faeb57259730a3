//! A disk in memory that keeps a journal, can fail, and says which files a crash can leave. For tests of what lies on a disk.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::redb::StorageBackend;

/// What was done to a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The file has so many bytes now.
    Length(u64),
    /// Bytes are written from this offset on.
    Write(u64, Vec<u8>),
    /// What came before survives a crash.
    Sync,
}

/// Clones are handles on the same disk. Locks are not supported: there is one process.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    bytes: Vec<u8>,
    journal: Vec<Event>,
    /// How many more events succeed. None: all.
    left: Option<usize>,
    /// Whether only one event is refused then.
    once: bool,
    failed: bool,
}

impl Disk {
    /// A disk with one file.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { bytes, journal: Vec::new(), left: None, once: false, failed: false })))
    }

    /// The file as it is.
    pub fn content(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// Everything that was done to the disk, oldest first.
    pub fn journal(&self) -> Vec<Event> {
        self.state().journal.clone()
    }

    /// The disk is full after so many more events: all that come then are refused.
    pub fn fail_after(&self, events: usize) {
        let mut state = self.state();
        (state.left, state.once) = (Some(events), false);
    }

    /// One event is refused after so many more, and those behind it are not.
    pub fn fail_once_after(&self, events: usize) {
        let mut state = self.state();
        (state.left, state.once) = (Some(events), true);
    }

    /// Whether an event was refused.
    pub fn failed(&self) -> bool {
        self.state().failed
    }

    /// No event is refused any more.
    pub fn repair(&self) {
        self.state().left = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, event: Event) -> io::Result<()> {
        let mut state = self.state();
        if state.left == Some(0) {
            state.failed = true;
            if state.once {
                state.left = None;
            }
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.left = state.left.map(|left| left - 1);
        apply(&mut state.bytes, &event);
        state.journal.push(event);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let from = offset as usize;
        let bytes = state.bytes.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.add(Event::Length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.add(Event::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.add(Event::Write(offset, data.to_vec()))
    }
}

fn apply(bytes: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Length(len) => bytes.resize(*len as usize, 0),
        Event::Write(offset, data) => {
            let (from, to) = (*offset as usize, *offset as usize + data.len());
            if bytes.len() < to {
                bytes.resize(to, 0);
            }
            bytes[from..to].copy_from_slice(data);
        }
        Event::Sync => {}
    }
}

/// A file that a crash can leave.
#[derive(Clone, Debug)]
pub struct Image {
    /// Which of the writes since the last sync it has.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Random choices of the writes since the last sync, each point.
const SUBSETS: u64 = 4;

/// The files that a crash after `journal` can leave, where the disk held `base` before it.
pub fn images(base: &[u8], journal: &[Event], seed: u64) -> Vec<Image> {
    let synced = journal.iter().rposition(|event| *event == Event::Sync).map_or(0, |sync| sync + 1);
    let (safe, pending) = journal.split_at(synced);
    let mut bytes = base.to_vec();
    for event in safe {
        apply(&mut bytes, event);
    }
    let image = |name: &str, events: Vec<Event>| {
        let mut bytes = bytes.clone();
        for event in &events {
            apply(&mut bytes, event);
        }
        Image { name: name.to_owned(), bytes }
    };
    let mut images = vec![image("everything written", pending.to_vec())];
    if pending.is_empty() {
        return images;
    }
    images.push(image("only what was synced", Vec::new()));
    if let Some((Event::Write(offset, data), before)) = pending.split_last() {
        let half = Event::Write(*offset, data[..data.len() / 2].to_vec());
        images.push(image("the last write torn", [before, std::slice::from_ref(&half)].concat()));
        images.push(image("the last write torn and alone", vec![half]));
    }
    for subset in 0..SUBSETS {
        let mut chance = seed * SUBSETS + subset;
        let chosen = pending.iter().filter(|_| coin(&mut chance)).cloned().collect();
        images.push(image(&format!("subset {subset} of what was not synced"), chosen));
    }
    images
}

/// The last bit of `SplitMix64`.
fn coin(state: &mut u64) -> bool {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ mixed >> 31) & 1 == 1
}
