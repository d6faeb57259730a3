//! What a subject's process is started with.

use std::time::Duration;

/// A program with its arguments, and the limits it is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// Program and arguments; never empty. The program is looked up as the system does.
    pub command: Vec<String>,
    /// Most time from the request's first byte to the answer's last.
    pub request_limit: Duration,
    /// Most time from the start to the hello.
    pub start_limit: Duration,
    /// Address space of each of its processes. None: as the harness's own. Linux only.
    pub memory_bytes: Option<u64>,
    /// The longest line it may write, without the newline.
    pub answer_bytes: usize,
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the command is empty")]
    Empty,
    #[error("a quote in the command is not closed, or it ends with a backslash: {0}")]
    Unbalanced(String),
    #[error("the command has a zero byte")]
    ZeroByte,
}

impl ProcessConfig {
    /// The command with 10 s for start and answer, 2 GiB of memory, and lines up to 16 MiB.
    ///
    /// # Errors
    /// A command that no system can start.
    pub fn new(command: Vec<String>) -> Result<Self, ConfigError> {
        if command.first().is_none_or(String::is_empty) {
            return Err(ConfigError::Empty);
        }
        if command.iter().any(|word| word.contains('\0')) {
            return Err(ConfigError::ZeroByte);
        }
        Ok(Self {
            command,
            request_limit: Duration::from_secs(10),
            start_limit: Duration::from_secs(10),
            memory_bytes: Some(2 << 30),
            answer_bytes: 16 << 20,
        })
    }

    /// Splits a text into words as a POSIX shell does: blanks, quotes, backslashes, comments. No shell is run, so nothing is
    /// expanded.
    ///
    /// # Errors
    /// No word, or a quote that is not closed.
    ///
    /// # Examples
    /// ```
    /// use seriatim_subject::process::{ConfigError, ProcessConfig};
    ///
    /// let config = ProcessConfig::parse("python3 'my adapter.py' --workers $N")?;
    /// assert_eq!(config.command, ["python3", "my adapter.py", "--workers", "$N"]);
    /// assert_eq!(ProcessConfig::parse("  "), Err(ConfigError::Empty));
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::new(shlex::split(text).ok_or_else(|| ConfigError::Unbalanced(text.to_owned()))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_without_a_shell() {
        let command = ProcessConfig::parse("./adapter --flag 'a b' $HOME \"c\"").unwrap().command;
        assert_eq!(command, ["./adapter", "--flag", "a b", "$HOME", "c"]);
    }

    #[test]
    fn what_cannot_be_started_is_refused() {
        assert_eq!(ProcessConfig::parse(" "), Err(ConfigError::Empty));
        assert_eq!(ProcessConfig::parse("''"), Err(ConfigError::Empty));
        assert_eq!(ProcessConfig::parse("a 'b"), Err(ConfigError::Unbalanced("a 'b".to_owned())));
        assert_eq!(ProcessConfig::parse("a b\0"), Err(ConfigError::ZeroByte));
    }
}
