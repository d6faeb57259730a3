//! Commands that the steps run. Each is shown before it runs, so that a reader of the log can repeat it.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::tally::Tally;

/// A command and the variables that it gets beside the inherited ones.
#[derive(Clone, Debug, Default)]
pub struct Run {
    variables: Vec<(String, String)>,
    words: Vec<String>,
}

/// A command that did not run or did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("`{command}` does not start: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` was lost: {source}")]
    Lost { command: String, source: io::Error },
    #[error("`{command}` failed: {status}")]
    Failed { command: String, status: ExitStatus },
}

impl RunError {
    /// The command's own code. A signal has none and becomes 1.
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed { status, .. } => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
            Self::Start { .. } | Self::Lost { .. } => 1,
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.variables.iter().map(|(name, value)| format!("{name}={value:?}"));
        let words = variables.chain(self.words.iter().cloned()).collect::<Vec<_>>();
        f.write_str(&words.join(" "))
    }
}

impl Run {
    /// A command without spaces inside its words.
    pub fn of(words: &str) -> Self {
        Self { variables: Vec::new(), words: words.split_whitespace().map(str::to_owned).collect() }
    }

    pub fn arg(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    pub fn args<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the command is there: it runs in silence and succeeds.
    pub fn succeeds(&self, root: &Path) -> bool {
        let silent = self.command(root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        silent.is_ok_and(|status| status.success())
    }

    /// Runs it to its end.
    pub fn run(&self, root: &Path) -> Result<(), RunError> {
        self.show();
        let status = self.command(root).status().map_err(|source| self.start(source))?;
        self.judge(status)
    }

    /// Runs it to its end and returns what it printed.
    pub fn output(&self, root: &Path) -> Result<String, RunError> {
        let output = self.command(root).stderr(Stdio::inherit()).output().map_err(|source| self.start(source))?;
        self.judge(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs test binaries: passes their lines on, and counts their tests even if some fail.
    pub fn run_tests(&self, root: &Path, tally: &mut Tally, to: &mut dyn Write) -> Result<(), RunError> {
        self.show();
        let mut child = self.command(root).stdout(Stdio::piped()).spawn().map_err(|source| self.start(source))?;
        let lost = |source| RunError::Lost { command: self.to_string(), source };
        let mut printed = BufReader::new(child.stdout.take().expect("its output was asked for"));
        let mut line = Vec::new();
        // Bytes, because a test may print what is no text.
        while printed.read_until(b'\n', &mut line).map_err(lost)? > 0 {
            to.write_all(&line).map_err(lost)?;
            tally.read(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let status = child.wait().map_err(lost)?;
        self.judge(status)
    }

    fn show(&self) {
        println!("$ {self}");
    }

    fn command(&self, root: &Path) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(root);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn start(&self, source: io::Error) -> RunError {
        RunError::Start { command: self.to_string(), source }
    }

    fn judge(&self, status: ExitStatus) -> Result<(), RunError> {
        if status.success() { Ok(()) } else { Err(RunError::Failed { command: self.to_string(), status }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_its_code() {
        let failed = Run::of("bash -c").arg("exit 7").run(Path::new(".")).unwrap_err();
        assert_eq!((failed.code(), failed.to_string().as_str()), (7, "`bash -c exit 7` failed: exit status: 7"));
    }

    #[test]
    fn tests_are_counted_although_they_fail() {
        let mut tally = Tally::default();
        let lines = "printf 'test result: FAILED. 1 passed; 2 failed;\\n\\377\\n'; exit 101";
        let mut passed_on = Vec::new();
        let failed = Run::of("bash -c").arg(lines).run_tests(Path::new("."), &mut tally, &mut passed_on).unwrap_err();
        assert_eq!((failed.code(), tally), (101, Tally { passed: 1, failed: 2 }));
        assert!(passed_on.ends_with(b"2 failed;\n\xff\n"), "{passed_on:?}");
    }

    #[test]
    fn a_missing_program_does_not_succeed() {
        let missing = Run::of("no-such-program --version");
        assert!(!missing.succeeds(Path::new(".")));
        assert_eq!(missing.run(Path::new(".")).unwrap_err().code(), 1);
    }

    #[test]
    fn variables_are_passed_and_shown() {
        let run = Run::of("bash -c").arg("printf %s \"$COLOUR\"").variable("COLOUR", "sea green");
        assert_eq!(run.output(Path::new(".")).unwrap(), "sea green");
        assert!(run.to_string().starts_with("COLOUR=\"sea green\" bash"));
    }
}
