//! Every execution comes to its end. What kept one from it is told by who waited for what: a task that waits for a lock, a
//! shard or a worker waits for another task that holds it, which is a deadlock; if all wait only for permits or for
//! tasks to end, nobody is left who could give them, and a wake-up was lost.

use super::{Difference, Oracle};
use crate::explore::{Ending, Observation};
use crate::runtime::model::Waiting;

/// The observation of an execution that ended, or why it did not.
pub(super) fn check(ending: &Ending) -> Result<&Observation, Box<(Oracle, Difference)>> {
    match ending {
        Ending::Complete(observation) => Ok(observation),
        Ending::Endless(bound) => {
            let difference = Difference::new("steps of the execution", format!("at most {bound}"), "more");
            Err(Box::new((Oracle::Livelock, difference)))
        }
        Ending::Stuck(waiting) => {
            let tasks: Vec<String> = waiting.iter().map(Waiting::to_string).collect();
            let tasks = if tasks.is_empty() {
                vec!["all sleep, on nothing that the model knows and anybody could give".to_owned()]
            } else {
                tasks
            };
            let held = waiting.iter().any(Waiting::held_by_another);
            let oracle = if held { Oracle::Deadlock } else { Oracle::LostWakeup };
            let difference = Difference::new("tasks that can never go on", "none", tasks.join("; "));
            Err(Box::new((oracle, difference)))
        }
    }
}
