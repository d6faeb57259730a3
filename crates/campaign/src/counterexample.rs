//! A violation that a campaign met: how often, where first, and the artifact that is kept of it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::{CampaignConfig, First, Hang, Recipe};
use seriatim_explore::Schedule;
use seriatim_lab::compare::{PlainViolation, Signature, Violation};
use seriatim_lab::drive::FaultPoint;
use seriatim_lab::workload::{Plan, Scenario, Shape, build};
use seriatim_lab::{BuiltinSubject, CANARY_PLANS, Interleavings, interleave};
use seriatim_tos::ledger::SignatureScheme;
use seriatim_triage::report::{Artifact, Origin, Smaller, Stored};

/// One kind of violation, by the first execution that shows it.
#[derive(Debug, Serialize)]
pub struct Counterexample {
    /// Position of that execution in the campaign, from 0.
    pub index: u64,
    /// Executions that show a violation of this signature, as far as the campaign went on.
    pub times: u64,
    pub case: String,
    pub signature: Signature,
    #[serde(serialize_with = "PlainViolation::serialize_of")]
    pub violation: Violation,
    /// Where the artifact is, if it was stored.
    #[serde(serialize_with = "lossy")]
    pub path: Option<PathBuf>,
    /// Whether an artifact of the same signature was there before.
    pub known: bool,
    #[serde(skip)]
    pub artifact: Artifact,
    /// How the external subject is started that it was met in, as one word of a shell.
    #[serde(skip)]
    pub command: Option<String>,
}

/// A violation as an execution shows it.
#[derive(Debug)]
pub(super) struct Found {
    pub recipe: Recipe,
    pub violation: Violation,
    pub scenario: Scenario,
    /// The schedule of a violation under shuttle.
    pub schedule: Option<Schedule>,
    /// The fault of a violation under one.
    pub fault: Option<FaultPoint>,
}

impl Counterexample {
    pub(super) fn new(config: &CampaignConfig, first: First<Found>) -> Self {
        let First { index, times, found } = first;
        let Found { recipe, violation, scenario, schedule, fault } = found;
        let (words, plan) = match recipe {
            Recipe::Plan { seed } => (format!("plan of seed {seed}"), Some(seed)),
            Recipe::Interleaving { seed } => (format!("plan of seed {seed}, interleaved"), Some(seed)),
            Recipe::Faults { seed } => (format!("plan of seed {seed}, under faults"), Some(seed)),
            Recipe::Shape { index, seed } => (format!("real shape {index}, balances of seed {seed}"), None),
        };
        let plan = plan.map(|seed| hex::encode(Plan::from_seed(seed).to_bytes()));
        let subject = match recipe {
            Recipe::Interleaving { .. } | Recipe::Faults { .. } => config.subject.to_string(),
            Recipe::Plan { .. } | Recipe::Shape { .. } => config.subject.on_tokio().to_owned(),
        };
        let origin = Origin { found_by: format!("campaign, {words}"), seed: config.seed, index, plan };
        let artifact = Artifact::new(subject, origin, violation, scenario, schedule).under(fault);
        Self::of(index, times, words, artifact)
    }

    /// An artifact, met first at that position of a campaign; `case` says in what.
    pub fn of(index: u64, times: u64, case: String, artifact: Artifact) -> Self {
        let (signature, violation) = (artifact.signature.clone(), artifact.violation.clone());
        Self { index, times, case, signature, violation, path: None, known: false, artifact, command: None }
    }

    /// The execution at an index, which hangs.
    pub fn hang(config: &CampaignConfig, shapes: &[Shape], index: u64, hang: Hang) -> Self {
        let recipe = config.recipe(index, shapes.len());
        let scenario = recipe.build(shapes).scenario;
        let violation = hang.violation("time of the execution");
        let found = Found { recipe, violation, scenario, schedule: None, fault: None };
        Self::new(config, First { index, times: 1, found })
    }

    /// Puts a smaller case in the place of the one that was met.
    pub fn shrink(&mut self, smaller: Artifact) {
        self.signature = smaller.signature.clone();
        self.violation = smaller.violation.clone();
        self.artifact = smaller;
    }

    /// Stores the artifact in `folder`, unless one of the same signature is there.
    ///
    /// # Errors
    /// The file system's, with nothing left behind.
    pub fn store(&mut self, folder: &Path) -> std::io::Result<()> {
        let stored = self.artifact.store(folder)?;
        self.known = matches!(stored, Stored::Known(_));
        self.path = Some(stored.path().to_owned());
        Ok(())
    }
}

/// A path need not be text; in a report it is shown as far as it is.
#[expect(clippy::ref_option, reason = "serde calls it with what the field holds")]
fn lossy<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.display().to_string()).serialize(serializer)
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "VIOLATION in execution {} ({})", self.index + 1, self.case)?;
        writeln!(f, "  oracle   {}", self.violation.oracle.name())?;
        writeln!(f, "  subject  {}", self.violation.subject)?;
        writeln!(f, "  where    {}", self.violation.difference)?;
        if self.times > 1 {
            writeln!(f, "  times    {} executions show it", self.times)?;
        }
        if let Some(smaller) = &self.artifact.smaller {
            let Smaller { transactions, accounts, tries, preemptions, context_switches, .. } = smaller;
            write!(f, "  smaller  {} of {} transactions", transactions.1, transactions.0)?;
            write!(f, ", {} of {} accounts", accounts.1, accounts.0)?;
            if self.artifact.schedule.is_some() {
                let plural = |count: u64| if count == 1 { "" } else { "s" };
                write!(f, ", {preemptions} preemption{}", plural(*preemptions))?;
                write!(f, ", {context_switches} switch{}", if *context_switches == 1 { "" } else { "es" })?;
            }
            writeln!(f, " (after {tries} executions)")?;
        }
        if let Some(rate) = self.artifact.rate {
            let less = match rate.repeats {
                0 => "too seldom to be made smaller".to_owned(),
                repeats => format!("each attempt at less was repeated up to {repeats} times (99 %)"),
            };
            writeln!(f, "  rate     fails {rate}; {less}")?;
        }
        if let Some(path) = &self.path {
            let known = if self.known { " (there before, and left as it was)" } else { "" };
            writeln!(f, "  kept     {}{known}", path.display())?;
            let path = path.display().to_string();
            // Of an external subject that nobody starts by a command there is none to paste.
            match (&self.command, self.artifact.is_external()) {
                (None, true) => {}
                (None, false) => {
                    writeln!(f, "  again    {}", self.artifact.replay_command(&path))?;
                    writeln!(f, "  look     seriatim report {path}")?;
                }
                (Some(command), _) => {
                    let reporter = if self.artifact.is_process() { "seriatim" } else { command };
                    writeln!(f, "  again    {}", self.artifact.replay_command_with(&path, command))?;
                    writeln!(f, "  look     {reporter} report {path}")?;
                }
            }
        }
        Ok(())
    }
}

/// The canaries' plans under shuttle, for executors that hang on tokio: the first violation, if there is one.
pub fn interleave_canary_plans(config: &CampaignConfig) -> Option<Counterexample> {
    (0..CANARY_PLANS).find_map(|seed| {
        let built = build(&Plan::from_seed(seed), SignatureScheme::Tagged);
        let Interleavings { verdict, schedule, .. } = interleave(&built, BuiltinSubject::Parallel, seed);
        let violation = *verdict.into_violation()?;
        let recipe = Recipe::Interleaving { seed };
        let found = Found { recipe, violation, scenario: built.scenario, schedule, fault: None };
        Some(Counterexample::new(config, First { index: seed, times: 1, found }))
    })
}
