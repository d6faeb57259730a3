//! The three pipes of a child, waited for together. All are set not to block: whoever does not read, writes too much or holds
//! a pipe open costs its time limit and no more.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;

use super::shown::shortened;

/// Lines of standard error that are kept, and characters of each.
const TAIL_LINES: usize = 20;
const TAIL_CHARS: usize = 200;
/// Bytes read at once, and so the most that is held beyond the line that is waited for.
const CHUNK: usize = 64 << 10;

/// When an exchange must be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    end: Instant,
    pub(super) limit: Duration,
}

impl Deadline {
    /// A limit beyond a year is a year.
    pub(super) fn after(limit: Duration) -> Self {
        let limit = limit.min(Duration::from_hours(365 * 24));
        Self { end: now() + limit, limit }
    }

    /// What is left; none when it is over.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.end.checked_duration_since(now()).filter(|left| !left.is_zero())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the clock tells that a process does not answer; an answer in time is the same at any time"
)]
fn now() -> Instant {
    Instant::now()
}

/// What became of waiting.
#[derive(Debug)]
pub(super) enum Waited {
    /// Something can be done, or was: try again.
    Ready,
    /// Nothing within the slice of time.
    Nothing,
}

/// Why a pipe gives nothing.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Nothing there now.
    Empty,
    /// The other end is closed, or the system reports an error, which comes to the same.
    Closed,
}

#[derive(Debug)]
pub(super) struct Pipes {
    input: ChildStdin,
    output: ChildStdout,
    errors: Option<ChildStderr>,
    /// What was read: first `used` bytes of a line that was handed out, then what follows it.
    buffer: Vec<u8>,
    used: usize,
    chunk: Box<[u8]>,
    tail: Tail,
}

impl Pipes {
    /// # Errors
    /// The system's.
    pub(super) fn new(input: ChildStdin, output: ChildStdout, errors: ChildStderr) -> io::Result<Self> {
        ioctl_fionbio(&input, true)?;
        ioctl_fionbio(&output, true)?;
        ioctl_fionbio(&errors, true)?;
        let chunk = vec![0; CHUNK].into();
        Ok(Self { input, output, errors: Some(errors), buffer: Vec::new(), used: 0, chunk, tail: Tail::default() })
    }

    /// Forgets the line that was handed out, and gives what was read beyond it.
    pub(super) fn rest(&mut self) -> &[u8] {
        self.buffer.drain(..std::mem::take(&mut self.used));
        &self.buffer
    }

    /// The length of the first line in the buffer, if it is whole; only what lies behind `from` is looked through.
    pub(super) fn line_end(&self, from: usize) -> Option<usize> {
        self.buffer[from..].iter().position(|byte| *byte == b'\n').map(|at| from + at)
    }

    /// The first line, which has that length. It is forgotten by the next [`Self::rest`].
    pub(super) fn line(&mut self, length: usize) -> &[u8] {
        self.used = length + 1;
        &self.buffer[..length]
    }

    /// Reads once, behind the buffer. Gives the buffer's length before.
    pub(super) fn read(&mut self) -> Result<usize, Stopped> {
        let length = read_once(&mut self.output, &mut self.chunk)?;
        let before = self.buffer.len();
        self.buffer.extend_from_slice(&self.chunk[..length]);
        Ok(before)
    }

    /// Writes what the pipe takes at once, and gives how much.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, Stopped> {
        loop {
            match self.input.write(bytes) {
                Ok(written) => return Ok(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Stopped::Empty),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Stopped::Closed),
            }
        }
    }

    /// Waits until there is something to read, or, if `writing`, room to write. Standard error is read on the way.
    pub(super) fn wait(&mut self, writing: bool, time: Duration) -> Waited {
        let (mut input, mut errors) = (PollFlags::empty(), PollFlags::empty());
        let ready = {
            let mut waiting = Vec::with_capacity(3);
            waiting.push(PollFd::new(&self.output, PollFlags::IN));
            if let Some(pipe) = &self.errors {
                waiting.push(PollFd::new(pipe, PollFlags::IN));
            }
            if writing {
                waiting.push(PollFd::new(&self.input, PollFlags::OUT));
            }
            // Rounded up, so that the last slice ends after the deadline and not over and over just before it.
            let time = Timespec::try_from(time + Duration::from_micros(100)).expect("a limit of less than 2^63 s");
            let ready = poll(&mut waiting, Some(&time));
            if writing {
                input = waiting[waiting.len() - 1].revents();
            }
            if self.errors.is_some() {
                errors = waiting[1].revents();
            }
            ready.is_ok_and(|count| count > 0) && (!input.is_empty() || !waiting[0].revents().is_empty())
        };
        if !errors.is_empty() {
            self.read_errors();
        }
        if ready || !errors.is_empty() { Waited::Ready } else { Waited::Nothing }
    }

    /// One chunk of standard error.
    fn read_errors(&mut self) -> bool {
        let Some(pipe) = &mut self.errors else { return false };
        match read_once(pipe, &mut self.chunk) {
            Ok(length) => {
                self.tail.add(&self.chunk[..length]);
                true
            }
            Err(Stopped::Empty) => false,
            Err(Stopped::Closed) => {
                self.errors = None;
                false
            }
        }
    }

    /// The last lines of standard error, with what is still in the pipe. A process that escaped from the group may go on
    /// writing, so that has an end, too.
    pub(super) fn last_errors(&mut self) -> String {
        for _ in 0..32 {
            if !self.read_errors() {
                break;
            }
        }
        self.tail.text()
    }
}

fn read_once(pipe: &mut impl Read, chunk: &mut [u8]) -> Result<usize, Stopped> {
    loop {
        match pipe.read(chunk) {
            Ok(0) => return Err(Stopped::Closed),
            Ok(length) => return Ok(length),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Stopped::Empty),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Stopped::Closed),
        }
    }
}

/// The end of a text that may have none.
#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
    /// The beginning of the line that is not over.
    open: Vec<u8>,
}

impl Tail {
    fn add(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            // A character has at most 4 bytes.
            let room = (4 * TAIL_CHARS + 4).saturating_sub(self.open.len());
            self.open.extend_from_slice(&part[..part.len().min(room)]);
            if parts.peek().is_some() {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if self.lines.len() == TAIL_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(shortened(String::from_utf8_lossy(&self.open).trim_end(), TAIL_CHARS));
        self.open.clear();
    }

    fn text(&mut self) -> String {
        if !self.open.is_empty() {
            self.end_line();
        }
        self.lines.make_contiguous().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_cut() {
        let mut tail = Tail::default();
        for number in 0..100 {
            tail.add(format!("{number} {}\n", "x".repeat(1_000)).as_bytes());
        }
        let text = tail.text();
        assert_eq!(text.lines().count(), TAIL_LINES);
        assert!(text.starts_with("80 xxx"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() == TAIL_CHARS && line.ends_with('…')));
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_breaks_no_terminal() {
        let mut tail = Tail::default();
        for _ in 0..1_000 {
            tail.add(&[0x1b; 1_000]);
        }
        assert!(tail.open.len() <= 4 * TAIL_CHARS + 4);
        let text = tail.text();
        assert!(text.chars().count() <= TAIL_CHARS, "{text}");
        assert!(!text.chars().any(char::is_control), "{text}");
        assert_eq!(Tail::default().text(), "");
    }
}
