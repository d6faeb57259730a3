//! A subject in any language: a child process that is asked over its standard input and answers over its standard output,
//! one JSON object a line. `docs/book/reference/subject-protocol.md` is the protocol.
//!
//! Nothing that the child does can block, flood or break the harness. Both pipes and its standard error are waited for
//! together, with one limit for a whole exchange, and without threads; what it writes is read no faster than it is used; what
//! is shown of it is short and without control characters. After a fault the whole process group is killed, and the next
//! request starts a new one.

mod check;
mod child;
mod config;
mod groups;
mod hello;
mod pipes;
mod shown;

pub use check::{CheckReport, Finding, check, sample_requests};
pub use config::{ConfigError, ProcessConfig};
pub use groups::kill_all;
pub use hello::{Hello, PROTOCOL_VERSION};

use super::{Answer, Capabilities, Request, Subject, SubjectError};
use child::Child;
use shown::excerpt;

/// A subject in another process. There is at most one process of it at a time, and none after it is dropped.
///
/// # Examples
/// The example is compiled and not run, because it starts a process.
///
/// ```no_run
/// use seriatim_subject::process::{ProcessConfig, ProcessSubject, sample_requests};
/// use seriatim_subject::Subject;
///
/// let mut adapter = ProcessSubject::start(ProcessConfig::parse("python3 examples/subjects/ledger.py")?)?;
/// let (what, request) = sample_requests(&adapter.capabilities()).remove(0);
/// let answer = adapter.execute(&request)?;
/// assert_eq!(answer.outcomes.len(), request.block.transactions.len(), "{what}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ProcessSubject {
    config: ProcessConfig,
    hello: Hello,
    /// None: the last one was at fault, and the next request starts another.
    child: Option<Child>,
    restarts: u64,
    /// The line to send, kept for its memory.
    line: Vec<u8>,
}

impl ProcessSubject {
    /// Starts the program and reads its hello.
    ///
    /// # Errors
    /// [`SubjectError::Start`] when there is no such program, [`SubjectError::Protocol`] when its first line is no hello that
    /// this build understands, [`SubjectError::Hang`] when there is none in time, [`SubjectError::Crash`] when it ends before.
    pub fn start(config: ProcessConfig) -> Result<Self, SubjectError> {
        let (child, hello) = greeted(&config)?;
        Ok(Self { config, hello, child: Some(child), restarts: 0, line: Vec::new() })
    }

    /// What it was started with.
    pub fn config(&self) -> &ProcessConfig {
        &self.config
    }

    /// What it said first.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The process, which is also its group, if one is running.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The child that is running, or a new one.
    fn child(&mut self) -> Result<&mut Child, SubjectError> {
        if self.child.is_none() {
            self.restarts += 1;
            let (child, hello) = greeted(&self.config)?;
            if hello != self.hello {
                let [new, first] =
                    [&hello, &self.hello].map(|hello| excerpt(&serde_json::to_string(hello).expect("plain data")));
                return Err(SubjectError::Protocol(format!("another hello after a restart: {new}, first {first}")));
            }
            self.child = Some(child);
        }
        Ok(self.child.as_mut().expect("it was started"))
    }

    /// Sends a line and gives the line that comes back, without their newlines. After a fault the process is gone.
    fn exchange<T>(
        &mut self,
        line: &[u8],
        read: impl FnOnce(&[u8]) -> Result<T, SubjectError>,
    ) -> Result<T, SubjectError> {
        let limit = self.config.request_limit;
        let answer = match self.child()?.exchange(line, limit) {
            Ok(answer) => read(answer),
            Err(error) => Err(error),
        };
        if answer.is_err() {
            self.child = None;
        }
        answer
    }
}

impl Subject for ProcessSubject {
    fn capabilities(&self) -> Capabilities {
        self.hello.capabilities.clone()
    }

    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        serde_json::to_writer(&mut line, request).expect("plain data with text keys");
        line.push(b'\n');
        let answer = self.exchange(&line, |answer| read_answer(answer, request.id));
        self.line = line;
        answer
    }

    /// How many processes were started after the first one.
    fn restarts(&self) -> u64 {
        self.restarts
    }
}

/// A process that has said its hello.
fn greeted(config: &ProcessConfig) -> Result<(Child, Hello), SubjectError> {
    let mut child = Child::spawn(config)?;
    let hello = Hello::read(child.receive(config.start_limit)?)?;
    Ok((child, hello))
}

/// The answer to the request of that id.
fn read_answer(line: &[u8], id: u64) -> Result<Answer, SubjectError> {
    let answer: Answer = shown::read("an answer", line)?;
    if answer.id == id {
        return Ok(answer);
    }
    Err(SubjectError::Protocol(format!("an answer to request {}, asked was {id}", answer.id)))
}
