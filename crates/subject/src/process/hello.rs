//! The first line of a subject's process.

use serde::{Deserialize, Serialize};

use super::shown::{self, excerpt};
use crate::{Capabilities, SubjectError};

/// The version of the protocol that this build speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// What it says before it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    pub capabilities: Capabilities,
}

impl Hello {
    /// Reads the line.
    ///
    /// # Errors
    /// [`SubjectError::Protocol`]: no hello, one of another version, or capabilities that nobody can ask.
    pub(super) fn read(line: &[u8]) -> Result<Self, SubjectError> {
        #[derive(Deserialize)]
        struct Versioned {
            protocol: u64,
        }
        let Versioned { protocol } = shown::read("a hello", line)?;
        if protocol != u64::from(PROTOCOL_VERSION) {
            let text = format!("protocol version {protocol}, this build speaks version {PROTOCOL_VERSION}");
            return Err(SubjectError::Protocol(text));
        }
        let hello: Self = shown::read("a hello", line)?;
        if let Err(text) = hello.capabilities.check() {
            let line = excerpt(&String::from_utf8_lossy(line));
            return Err(SubjectError::Protocol(format!("capabilities.{text}: {line}")));
        }
        Ok(hello)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> String {
        match Hello::read(line.as_bytes()) {
            Err(SubjectError::Protocol(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_version_and_a_name_are_a_hello() {
        let hello = Hello::read(br#"{"protocol":1,"capabilities":{"name":"mine"}}"#).unwrap();
        assert_eq!(hello, Hello { protocol: 1, capabilities: Capabilities::new("mine") });
    }

    #[test]
    fn what_is_no_hello_is_refused_with_the_value() {
        assert_eq!(refusal(r#"{"protocol":2,"news":0}"#), "protocol version 2, this build speaks version 1");
        assert!(refusal(r#"{"protocol":"1"}"#).starts_with("not a hello: invalid type: string \"1\""));
        assert!(refusal("ready").starts_with("not a hello"));
        let idle = refusal(r#"{"protocol":1,"capabilities":{"name":"mine","supports":{"workers":[0]}}}"#);
        assert!(idle.starts_with("capabilities.supports.workers: "), "{idle}");
        assert!(idle.contains("[0]"), "{idle}");
    }
}
