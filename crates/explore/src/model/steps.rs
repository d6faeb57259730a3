//! What each modelled operation did, in the order in which they happened. It is recorded only when somebody asked for it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::shown::{Anatomy, Shown, set_anatomy};

/// One operation of one task. A file does not keep where it was called and what a lock guarded; they are no part of what
/// the task did, and two steps are equal with other ones: a line that has moved does not make another step.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Position of the choice that let the task run: several operations may follow one choice.
    pub at: usize,
    pub task: u64,
    pub action: Action,
    #[serde(skip)]
    pub place: Place,
    /// What a lock of its own guards, when it is taken and, after a writer, when it is given back.
    #[serde(skip)]
    pub guarded: Option<Shown>,
}

impl Step {
    /// A step of which nobody knows more than a file keeps.
    pub fn new(at: usize, task: u64, action: Action) -> Self {
        Self { at, task, action, place: Place::default(), guarded: None }
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        let Self { at, task, action, place: _, guarded: _ } = self;
        (*at, *task, action) == (other.at, other.task, &other.action)
    }
}

impl Eq for Step {}

/// The line of the source that called an operation. Only a recording of this build has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Option<&'static Location<'static>>);

impl Place {
    /// The caller's line.
    #[track_caller]
    pub const fn here() -> Self {
        Self(Some(Location::caller()))
    }

    /// The line that somebody else has noted; None: nobody has.
    pub const fn of(caller: Option<&'static Location<'static>>) -> Self {
        Self(caller)
    }

    /// The file, as the compiler was given it, and the line, from 1. None: nobody recorded it.
    pub fn line(self) -> Option<(&'static str, u32)> {
        self.0.map(|location| (location.file(), location.line()))
    }

    /// The column, in characters from 1, at which the operation begins.
    pub(super) fn column(self) -> Option<usize> {
        self.0.map(|location| location.column() as usize)
    }

    /// The text of the line, without the space around it. The compiler names a file from where it was run; here it is looked
    /// for from the current folder and those above it, and from where this crate was compiled. None: nobody recorded the
    /// place, or the file is not there.
    pub fn source(self) -> Option<String> {
        Some(self.whole_line()?.trim().to_owned())
    }

    /// The same with the space around it.
    pub(super) fn whole_line(self) -> Option<String> {
        let (file, line) = self.line()?;
        let here = std::env::current_dir().unwrap_or_default();
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = here
            .ancestors()
            .chain(compiled.ancestors())
            .find_map(|folder| std::fs::read_to_string(folder.join(file)).ok())?;
        Some(text.lines().nth(line as usize - 1)?.to_owned())
    }

    /// `state.rs:123`. None: nobody recorded it.
    pub fn short(self) -> Option<String> {
        let (file, line) = self.line()?;
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        Some(format!("{name}:{line}"))
    }
}

/// `crates/tos/src/execution/parallel/state.rs:123`; nothing where nobody recorded it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line().map_or(Ok(()), |(file, line)| write!(f, "{file}:{line}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}: {}", self.task, self.action)
    }
}

thread_local! {
    static AT: Cell<usize> = const { Cell::new(0) };
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// More are not recorded: an execution without end tells nothing new.
pub(crate) const MOST_STEPS: usize = 10_000;

/// Records from now on, beginning with nothing. Values of the types that `anatomy` knows can be compared by their facts.
pub(crate) fn record_steps(anatomy: Anatomy) {
    set_anatomy(anatomy);
    STEPS.set(Some(Vec::new()));
}

/// Says to which position of the schedule the next steps belong. The scheduler calls it at each choice.
pub(crate) fn begin_step(at: usize) {
    AT.set(at);
}

/// What was recorded; nothing more is recorded after it.
pub(crate) fn take_steps() -> Vec<Step> {
    STEPS.take().unwrap_or_default()
}

pub(super) fn are_recorded() -> bool {
    STEPS.with_borrow(Option::is_some)
}

/// Records something that helps to understand the operations of a runtime, and that no line of an executor calls for
/// itself. Task and action are asked for only if somebody records.
pub fn trace(task: impl FnOnce() -> u64, action: impl FnOnce() -> Action) {
    trace_at(Place::default(), task, action);
}

/// Records an operation of the runtime that was called at `place`.
pub fn trace_at(place: Place, task: impl FnOnce() -> u64, action: impl FnOnce() -> Action) {
    trace_guarded(place, task, || (action(), None));
}

/// The same of an operation on a lock, with the value behind it.
pub(super) fn trace_guarded(
    place: Place,
    task: impl FnOnce() -> u64,
    action: impl FnOnce() -> (Action, Option<Shown>),
) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps.as_mut().filter(|steps| steps.len() < MOST_STEPS) {
            let (action, guarded) = action();
            steps.push(Step { at: AT.get(), task: task(), action, place, guarded });
        }
    });
}
