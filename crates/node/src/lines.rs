//! A chain as lines of JSON: how it begins, then one block or rewind a line, in the order in which they happen. What a node
//! writes another one reads.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use seriatim_tos::ledger::{Block, Genesis, GenesisError, Parameters, Topoheight};

/// The version of the lines that this build writes and reads.
pub const LINES_VERSION: u32 = 1;

/// The first line: how the chain begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub version: u32,
    pub parameters: Parameters,
    pub genesis: Genesis,
}

/// One further line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// The first block of an ordering run.
    Block(Block),
    /// A further block of the ordering run of the line before.
    Further(Block),
    /// Everything above this topoheight is undone.
    Rewind(Topoheight),
}

/// Why lines are none. Lines count from 1; the head is the first, if it stands there.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    #[error("no lines: the text is empty")]
    Empty,
    #[error("line {line}: cannot be read: {source}")]
    Io { line: u64, source: std::io::Error },
    /// `line` may be one of several of a file that holds the head alone.
    #[error("line {line}: not parameters and a genesis: {source}")]
    Head { line: u64, source: serde_json::Error },
    #[error("line {line}: version {found}, this build reads version {LINES_VERSION}")]
    Version { line: u64, found: u64 },
    #[error("line {line}: genesis: {source}")]
    Genesis { line: u64, source: GenesisError },
    #[error("line {line}: neither a block nor a rewind: {source}")]
    Line { line: u64, source: serde_json::Error },
    #[error("line {line}: a further block, but the line before it is no block")]
    NoRun { line: u64 },
    #[error("line {line}: a rewind to {to}, the top is {top}")]
    RewindAboveTop { line: u64, to: Topoheight, top: Topoheight },
}

impl Head {
    /// How a chain begins.
    pub fn new(parameters: Parameters, genesis: Genesis) -> Self {
        Self { version: LINES_VERSION, parameters, genesis }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Text that is none, another version, or a genesis that no chain can start from.
    pub fn from_json(text: &[u8], line: u64) -> Result<Self, LinesError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let head = |source| LinesError::Head { line, source };
        let Versioned { version } = serde_json::from_slice(text).map_err(head)?;
        if version != u64::from(LINES_VERSION) {
            return Err(LinesError::Version { line, found: version });
        }
        let read: Self = serde_json::from_slice(text).map_err(head)?;
        read.genesis.validate().map_err(|source| LinesError::Genesis { line, source })?;
        Ok(read)
    }
}

/// Reads lines one by one; empty ones are passed over.
///
/// # Examples
/// ```
/// use seriatim_node::lines::{Head, LinesError, Reader, write_line};
/// use seriatim_tos::ledger::{AccountKey, Genesis, Parameters, SignatureScheme};
///
/// let scheme = SignatureScheme::Ed25519;
/// let parameters = Parameters { signature_scheme: scheme, dev_account: AccountKey([1; 32]), block_time_ms: 15_000 };
/// let mut text = Vec::new();
/// write_line(&mut text, &Head::new(parameters, Genesis::default()))?;
/// text.extend(b"{\"rewound\": 3}\n");
/// let (mut reader, head) = Reader::with_head(&*text)?;
/// assert_eq!(head.parameters.signature_scheme, scheme);
/// let refused = reader.next_line().unwrap_err();
/// assert!(matches!(refused, LinesError::Line { line: 2, .. }), "no such event");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> Reader<R> {
    /// Lines whose head is the first of them.
    ///
    /// # Errors
    /// There is none.
    pub fn with_head(input: R) -> Result<(Self, Head), LinesError> {
        let mut reader = Self::without_head(input);
        let text = reader.text()?.ok_or(LinesError::Empty)?;
        let head = Head::from_json(&text, reader.line)?;
        Ok((reader, head))
    }

    /// Lines whose head is elsewhere.
    pub fn without_head(input: R) -> Self {
        Self { input, line: 0 }
    }

    /// The number of the line that was read last.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next line. None: there is none.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn next_line(&mut self) -> Result<Option<Line>, LinesError> {
        let Some(text) = self.text()? else { return Ok(None) };
        let line = self.line;
        serde_json::from_slice(&text).map(Some).map_err(|source| LinesError::Line { line, source })
    }

    fn text(&mut self) -> Result<Option<Vec<u8>>, LinesError> {
        loop {
            let mut text = Vec::new();
            self.line += 1;
            let line = self.line;
            let read = self.input.read_until(b'\n', &mut text).map_err(|source| LinesError::Io { line, source })?;
            if read == 0 {
                return Ok(None);
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(text));
            }
        }
    }
}

/// Writes one line.
///
/// # Errors
/// The writer's.
pub fn write_line(out: &mut impl Write, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
