//! One process, from its start to the end of its group.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, waitid};

use super::pipes::{Deadline, Pipes, Stopped, Waited};
use super::shown::excerpt;
use super::{ProcessConfig, groups};
use crate::SubjectError;

/// How long a process that has closed a pipe may take to end.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked at whether a silent process is still there: another may hold its pipes open.
const SLICE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    /// Also the number of its group.
    pid: Pid,
    pipes: Pipes,
    answer_bytes: usize,
}

impl Child {
    /// Starts it, in a group of its own, so that a Ctrl-C at the terminal reaches the harness alone.
    ///
    /// # Errors
    /// [`SubjectError::Start`].
    pub(super) fn spawn(config: &ProcessConfig) -> Result<Self, SubjectError> {
        let fail = |error: std::io::Error| SubjectError::Start {
            command: excerpt(&config.command.join(" ")),
            reason: error.to_string(),
        };
        let (program, arguments) = config
            .command
            .split_first()
            .ok_or_else(|| SubjectError::Start { command: String::new(), reason: "the command is empty".to_owned() })?;
        let mut command = Command::new(program);
        command.args(arguments).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(fail)?;
        let pid = Pid::from_child(&process);
        groups::add(pid);
        let limited = config.memory_bytes.map_or(Ok(()), |bytes| limit_memory(pid, bytes));
        let input = process.stdin.take().expect("it is piped");
        let output = process.stdout.take().expect("it is piped");
        let errors = process.stderr.take().expect("it is piped");
        match limited.and_then(|()| Pipes::new(input, output, errors)) {
            Ok(pipes) => Ok(Self { process, pid, pipes, answer_bytes: config.answer_bytes }),
            Err(error) => {
                groups::end(pid);
                let _ = process.wait();
                Err(fail(error))
            }
        }
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a line and gives the one that comes back, both with their time in `limit`.
    ///
    /// # Errors
    /// All but [`SubjectError::Start`].
    pub(super) fn exchange(&mut self, line: &[u8], limit: Duration) -> Result<&[u8], SubjectError> {
        let deadline = Deadline::after(limit);
        self.pipes.rest();
        // What is there by now, nobody asked for.
        self.refuse_early()?;
        self.send(line, deadline)?;
        self.line(deadline)
    }

    /// The line that it writes unasked.
    ///
    /// # Errors
    /// As for [`Self::exchange`].
    pub(super) fn receive(&mut self, limit: Duration) -> Result<&[u8], SubjectError> {
        self.line(Deadline::after(limit))
    }

    fn refuse_early(&mut self) -> Result<(), SubjectError> {
        match self.pipes.read() {
            Err(Stopped::Closed) => return Err(self.crashed()),
            Ok(_) | Err(Stopped::Empty) => {}
        }
        let rest = self.pipes.rest();
        if rest.is_empty() {
            return Ok(());
        }
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = excerpt(&String::from_utf8_lossy(line));
        Err(SubjectError::Protocol(format!("something was written before the request that it might answer: {line}")))
    }

    fn send(&mut self, line: &[u8], deadline: Deadline) -> Result<(), SubjectError> {
        let mut sent = 0;
        loop {
            match self.pipes.write(&line[sent..]) {
                Ok(written) => sent += written,
                Err(Stopped::Closed) => return Err(self.crashed()),
                Err(Stopped::Empty) => {
                    self.wait(true, deadline)?;
                    self.refuse_early()?;
                }
            }
            if sent == line.len() {
                return Ok(());
            }
        }
    }

    fn line(&mut self, deadline: Deadline) -> Result<&[u8], SubjectError> {
        let mut from = 0;
        let length = loop {
            match self.pipes.line_end(from) {
                Some(end) if end <= self.answer_bytes => break end,
                None if self.pipes.rest().len() <= self.answer_bytes => {}
                _ => {
                    let begin = excerpt(&String::from_utf8_lossy(&self.pipes.rest()[..self.answer_bytes.min(400)]));
                    let limit = self.answer_bytes;
                    return Err(SubjectError::Protocol(format!("a line longer than {limit} bytes: {begin}")));
                }
            }
            from = match self.pipes.read() {
                Ok(before) => before,
                Err(Stopped::Closed) => return Err(self.crashed()),
                Err(Stopped::Empty) => {
                    self.wait(false, deadline)?;
                    continue;
                }
            };
            // It may write fast enough never to be waited for.
            if deadline.remaining().is_none() {
                return Err(hang(deadline));
            }
        };
        Ok(self.pipes.line(length))
    }

    /// Waits for a pipe, but no longer than the process lives.
    fn wait(&mut self, writing: bool, deadline: Deadline) -> Result<(), SubjectError> {
        loop {
            let Some(left) = deadline.remaining() else { return Err(hang(deadline)) };
            match self.pipes.wait(writing, left.min(SLICE)) {
                Waited::Ready => return Ok(()),
                Waited::Nothing if self.status().is_none() => {}
                // It may have written just before its end.
                Waited::Nothing => {
                    return match self.pipes.wait(writing, Duration::ZERO) {
                        Waited::Ready => Ok(()),
                        Waited::Nothing => Err(self.crashed()),
                    };
                }
            }
        }
    }

    /// How it ended, if it has; it is not reaped, so its number stays taken.
    fn status(&self) -> Option<WaitIdStatus> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid), options).ok().flatten()
    }

    /// What is to be said of a process that closed a pipe or ended. Its group is gone after it.
    fn crashed(&mut self) -> SubjectError {
        let grace = Deadline::after(GRACE);
        let mut status = self.status();
        while status.is_none() && grace.remaining().is_some() {
            sleep(Duration::from_millis(1));
            status = self.status();
        }
        groups::end(self.pid);
        let status = match status {
            None => "a closed pipe, but went on".to_owned(),
            Some(status) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => format!("exit status {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => "an unknown status".to_owned(),
            },
        };
        SubjectError::Crash { status, stderr: self.pipes.last_errors() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        groups::end(self.pid);
        // A killed process ends; there is nobody to tell if the system says otherwise.
        let _ = self.process.wait();
    }
}

fn hang(deadline: Deadline) -> SubjectError {
    SubjectError::Hang { limit_ms: u64::try_from(deadline.limit.as_millis()).unwrap_or(u64::MAX) }
}

/// Limits the address space of the process and of those it will start, at most to what the harness itself may have.
#[cfg(target_os = "linux")]
fn limit_memory(pid: Pid, bytes: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

    let most = getrlimit(Resource::As).maximum.map_or(bytes, |most| most.min(bytes));
    match prlimit(Some(pid), Resource::As, Rlimit { current: Some(most), maximum: Some(most) }) {
        // It has ended already.
        Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: Pid, _: u64) -> std::io::Result<()> {
    Ok(())
}
