//! A schedule as a value: which task ran at each step, and under which inputs of the model. It is recorded by our own
//! wrapper around whatever scheduler chose, so that it outlives engines' replay formats.

mod version_2;

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::model::{ModelSettings, Step};
pub use version_2::ScheduleV2;

/// The version of a schedule's encodings that this build writes. It reads version 2 as well, which had other steps.
pub const SCHEDULE_VERSION: u32 = 3;
/// The engine whose steps a schedule counts. Another version may place its scheduling points elsewhere.
pub(crate) const SHUTTLE_VERSION: &str = "shuttle 0.9.9";

/// One interleaving of one scenario.
///
/// # Examples
/// ```
/// use seriatim_explore::{Choices, Schedule, ScheduleError};
///
/// let schedule = Schedule { choices: Choices(vec![0, 0, 1, 0]), ..Schedule::straight() };
/// assert_eq!(Schedule::from_json(&schedule.to_json())?, schedule);
/// assert_eq!(Schedule::from_bytes(&schedule.to_bytes())?, schedule);
///
/// let other = Schedule { engine: "shuttle 9.9.9".to_owned(), ..schedule };
/// assert!(matches!(Schedule::from_json(&other.to_json()), Err(ScheduleError::Engine { .. })));
/// # Ok::<(), ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Schedule {
    #[serde(deserialize_with = "version")]
    pub version: u32,
    pub engine: String,
    /// The executor runs at most so many tasks at a time.
    pub max_parallelism: u32,
    /// Workers of the model; 0: as many as tasks.
    pub workers: u32,
    pub shards: u64,
    pub placement_seed: u64,
    /// Where the choices came from; they do not depend on it any more.
    pub strategy: String,
    pub seed: u64,
    pub choices: Choices,
    /// What the tasks did, up to 10 000 operations, for people and to tell where a changed
    /// executor first does something else. The compact form leaves them out.
    #[borsh(skip)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// The task that ran at each step, forced steps included. Task 0 is the execution's own thread, the others are numbered in
/// order of spawning.
///
/// # Examples
/// ```
/// use seriatim_explore::Choices;
///
/// let choices: Choices = "0*5 1*3 0".parse()?; // Task 0 for five steps, task 1 for three, task 0 for one.
/// assert_eq!(choices.runs().collect::<Vec<_>>(), [(0, 5), (1, 3), (0, 1)]);
/// assert_eq!(choices.context_switches(), 2);
/// assert_eq!(choices.to_string(), "0*5 1*3 0");
/// # Ok::<(), seriatim_explore::ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices(pub Vec<u32>);

/// Why bytes or text are no schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("not an encoded schedule: {0}")]
    Bytes(std::io::Error),
    #[error("not a schedule: {0}")]
    Json(#[from] serde_json::Error),
    #[error("schedule version {found}, this build reads versions {} and {SCHEDULE_VERSION}", version_2::VERSION)]
    Version { found: u32 },
    #[error("step {position} is none that a schedule of version {} has", version_2::VERSION)]
    Step { position: usize },
    #[error("schedule for {found}, this build replays {SHUTTLE_VERSION}")]
    Engine { found: String },
    #[error("choice {position}: {text:?} is neither a task nor task*count")]
    Choice { position: usize, text: String },
}

impl Schedule {
    /// A schedule without choices yet.
    pub fn new(max_parallelism: usize, settings: ModelSettings, strategy: impl Into<String>, seed: u64) -> Self {
        Self {
            version: SCHEDULE_VERSION,
            engine: SHUTTLE_VERSION.to_owned(),
            max_parallelism: max_parallelism as u32,
            workers: settings.workers.unwrap_or(0) as u32,
            shards: settings.shards,
            placement_seed: settings.placement_seed,
            strategy: strategy.into(),
            seed,
            choices: Choices::default(),
            steps: Vec::new(),
        }
    }

    /// No choices, under the plainest inputs: two tasks at a time, as few as can meet; as many workers as tasks; and each
    /// key in a shard of its own, mostly, so that nothing waits that need not.
    pub fn straight() -> Self {
        let settings = ModelSettings { workers: None, shards: 64, placement_seed: 0 };
        Self::new(2, settings, "straight", 0)
    }

    /// The inputs of the model.
    pub fn settings(&self) -> ModelSettings {
        ModelSettings {
            workers: (self.workers > 0).then_some(self.workers as usize),
            shards: self.shards.max(1),
            placement_seed: self.placement_seed,
        }
    }

    /// The compact form.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory fails only beyond 2^32 elements, which no schedule has")
    }

    /// Reads the compact form back.
    ///
    /// # Errors
    /// Bytes that are none, another version, another engine.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ScheduleError> {
        let mut schedule = Self::try_from_slice(bytes).map_err(ScheduleError::Bytes)?;
        schedule.version = present(schedule.version);
        schedule.check()?;
        Ok(schedule)
    }

    /// The text form.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with text keys")
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// Text that is none (with line and column), another version, another engine.
    pub fn from_json(text: &str) -> Result<Self, ScheduleError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        let schedule: Self = match version {
            version_2::VERSION => serde_json::from_str::<ScheduleV2>(text)?.try_into()?,
            _ => serde_json::from_str(text)?,
        };
        schedule.check()?;
        Ok(schedule)
    }

    /// Refuses what this build cannot replay.
    ///
    /// # Errors
    /// Another version, another engine.
    pub fn check(&self) -> Result<(), ScheduleError> {
        if self.version != SCHEDULE_VERSION {
            Err(ScheduleError::Version { found: self.version })
        } else if self.engine != SHUTTLE_VERSION {
            Err(ScheduleError::Engine { found: self.engine.clone() })
        } else {
            Ok(())
        }
    }
}

/// A schedule of version 2 without steps is one of the present version.
fn present(version: u32) -> u32 {
    if version == version_2::VERSION { SCHEDULE_VERSION } else { version }
}

/// The steps are of the present version where this is read: those of version 2 are no steps to it.
fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    <u32 as Deserialize>::deserialize(deserializer).map(present)
}

impl Choices {
    /// Maximal runs of one task.
    pub fn runs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.chunk_by(PartialEq::eq).map(|run| (run[0], run.len() as u32))
    }

    /// Switches from one task to another.
    pub fn context_switches(&self) -> usize {
        self.runs().count().saturating_sub(1)
    }
}

/// `0*5 1*3 0`: task 0 for five steps, task 1 for three, task 0 for one.
impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (task, count)) in self.runs().enumerate() {
            let space = if index == 0 { "" } else { " " };
            match count {
                1 => write!(f, "{space}{task}")?,
                count => write!(f, "{space}{task}*{count}")?,
            }
        }
        Ok(())
    }
}

/// Longer runs are refused rather than given memory to.
const LONGEST_RUN: u32 = 10_000_000;

impl FromStr for Choices {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut choices = Vec::new();
        for (position, text) in text.split_whitespace().enumerate() {
            let wrong = || ScheduleError::Choice { position, text: text.to_owned() };
            let (task, count) = text.split_once('*').unwrap_or((text, "1"));
            let task: u32 = task.parse().map_err(|_| wrong())?;
            let count: u32 = count.parse().map_err(|_| wrong())?;
            if !(1..=LONGEST_RUN).contains(&count) || choices.len() > LONGEST_RUN as usize {
                return Err(wrong());
            }
            choices.extend(std::iter::repeat_n(task, count as usize));
        }
        Ok(Self(choices))
    }
}

impl BorshSerialize for Choices {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        let runs: Vec<(u32, u32)> = self.runs().collect();
        BorshSerialize::serialize(&runs, writer)
    }
}

impl BorshDeserialize for Choices {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let runs = Vec::<(u32, u32)>::deserialize_reader(reader)?;
        let mut choices = Vec::new();
        for (task, count) in runs {
            let repeats = choices.last() == Some(&task);
            if count == 0 || count > LONGEST_RUN || choices.len() > LONGEST_RUN as usize || repeats {
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a run is empty, too long or split"));
            }
            choices.extend(std::iter::repeat_n(task, count as usize));
        }
        Ok(Self(choices))
    }
}

impl Serialize for Choices {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Action;

    fn schedule() -> Schedule {
        let settings = ModelSettings { workers: Some(2), shards: 4, placement_seed: 9 };
        let mut schedule = Schedule::new(8, settings, "random", 7);
        schedule.choices = Choices(vec![0, 0, 0, 1, 1, 2, 0]);
        schedule
    }

    #[test]
    fn a_schedule_reads_back_from_its_bytes_and_its_json() {
        let schedule = schedule();
        assert_eq!(Schedule::from_bytes(&schedule.to_bytes()).unwrap(), schedule);
        let json = serde_json::to_string(&schedule).unwrap();
        assert!(json.contains("\"0*3 1*2 2 0\""), "{json}");
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
        assert_eq!(schedule.choices.context_switches(), 3);
    }

    #[test]
    fn schedules_of_version_2_are_read() {
        let old = Schedule { version: 2, ..schedule() };
        assert_eq!(Schedule::from_bytes(&old.to_bytes()).unwrap(), schedule());
        assert_eq!(Schedule::from_json(&old.to_json()).unwrap(), schedule());
        let step = r#"[{"at": 4, "task": 1, "operation": "store", "object": "fees", "result": "5"}]"#;
        let with_steps = old.to_json().replace("\"choices\"", &format!("\"steps\": {step}, \"choices\""));
        let action = Action::Store { atomic: "fees".into(), value: 5 };
        assert_eq!(Schedule::from_json(&with_steps).unwrap().steps, [Step::new(4, 1, action)]);
        let unknown = with_steps.replace("store", "dance");
        assert!(matches!(Schedule::from_json(&unknown), Err(ScheduleError::Step { position: 0 })));
    }

    #[test]
    fn other_versions_engines_and_damaged_forms_are_refused() {
        let newer = Schedule { version: 1, ..schedule() };
        assert!(matches!(Schedule::from_bytes(&newer.to_bytes()), Err(ScheduleError::Version { found: 1 })));
        let other = Schedule { engine: "loom".to_owned(), ..schedule() };
        assert!(matches!(Schedule::from_bytes(&other.to_bytes()), Err(ScheduleError::Engine { .. })));
        let bytes = schedule().to_bytes();
        assert!((0..bytes.len()).all(|cut| Schedule::from_bytes(&bytes[..cut]).is_err()));
        for text in ["0*", "x", "0*0", "1*99999999999", "-1"] {
            let error = format!("0 {text}").parse::<Choices>().unwrap_err();
            assert!(matches!(error, ScheduleError::Choice { position: 1, .. }), "{text}: {error}");
        }
    }
}
