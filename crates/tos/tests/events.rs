//! Events and spans, as a subscriber of a node sees them. They have a process of their own: if a thread without a subscriber
//! meets an event for the first time just as another thread gets a subscriber, tracing may conclude that nobody listens.

use std::fmt::Write;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};

use seriatim_testkit::ledger::parameters;
use seriatim_testkit::test_mode::{AMPLE, Node, SHORT, blocks, genesis, native_shadow, right, shadow, testing};
use seriatim_testkit::wait;
use seriatim_tos::chain::{ChainConfig, ExecutionPath, Modes, Rollout, ShadowThreads};
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::BlockAbort;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Each event as a line: level, the span that it is in, its message and fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

/// Fields as `name=value`, in order.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "seriatim::chain" {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let span = context.lookup_current().map_or(String::new(), |span| {
            format!(" in {}{}", span.name(), span.extensions().get::<Fields>().unwrap().0)
        });
        self.0.lock().unwrap().push(format!("{}{}{span}", event.metadata().level(), fields.0));
    }
}

/// The events of `act` on this thread.
fn told(act: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines.clone()), act);
    let lines = lines.0.lock().unwrap();
    lines.clone()
}

fn of_level(lines: &[String], level: Level) -> Vec<&String> {
    lines.iter().filter(|line| line.starts_with(level.as_str())).collect()
}

#[test]
fn a_block_added_is_told_in_its_span() {
    let block = &blocks(1)[0];
    let v3 = ShadowThreads::of(native_shadow(ExecutionPath::Parallel)).unwrap();
    let mut node = Node::new(&genesis(), parameters(), Modes::new(testing(AMPLE), Some(v3)).unwrap());
    let lines = told(|| drop(node.add(block).unwrap()));
    let hash = block.hash();
    let span = format!(" in block topoheight=1 hash={hash} transactions=5 mode=\"test\" path=\"sequential\"");
    assert_eq!(lines, [format!("DEBUG message=block added path=\"sequential\" receipts=5{span}")]);
}

#[test]
fn a_mismatch_is_an_error_with_its_line_and_the_stage_follows() {
    let block = &blocks(1)[0];
    let wrong = shadow(|_| Box::pin(async { Err(BlockError::Aborted(BlockAbort::FeesOverflow)) }));
    let mut rollout = Rollout::new(NonZeroU64::MIN);
    rollout.advance();
    let config = ChainConfig { test_mode_budget: AMPLE, ..ChainConfig::default() };
    let mut node = Node::new(&genesis(), parameters(), Modes::rolled_out(config, wrong, rollout).unwrap());
    let lines = told(|| drop(node.add(block).unwrap()));
    let errors = of_level(&lines, Level::ERROR);
    assert_eq!(errors.len(), 1, "{lines:#?}");
    let line = node.one_mismatch().to_string();
    assert!(errors[0].contains(&format!("message=mismatch: {line}")), "{errors:?}");
    assert!(errors[0].contains("kind=\"outcome\"") && errors[0].contains("defect=true"), "{errors:?}");
    assert!(errors[0].contains(" in block topoheight=1"), "{errors:?}");
    let stages = of_level(&lines, Level::INFO);
    assert!(stages.len() == 1 && stages[0].contains("stage=TestMode held=true"), "{lines:#?}");
}

#[test]
fn a_fallback_a_skip_and_a_rewind_are_told() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let stuck = shadow(move |given| {
        let held = Arc::clone(&held);
        Box::pin(async move {
            let _ = held.lock().unwrap().recv();
            right(given).await
        })
    });
    let modes = Modes::new(testing(SHORT), Some(stuck)).unwrap();
    let mut node = Node::new(&genesis(), parameters(), modes);
    let lines = told(|| {
        for block in &blocks(2) {
            node.add(block).unwrap();
        }
        wait(node.chain.rewind(1)).unwrap();
    });
    release.send(()).unwrap();
    drop(release);
    assert_eq!(of_level(&lines, Level::ERROR).len(), 1, "late: {lines:#?}");
    let skipped = of_level(&lines, Level::WARN);
    assert!(skipped.len() == 1 && skipped[0].contains("skipped"), "{lines:#?}");
    assert_eq!(of_level(&lines, Level::INFO), ["INFO message=rewound to=1 blocks=1"]);
}

/// A search runs blocks by `apply`, which emits no event.
#[test]
fn applying_tells_nothing() {
    let mut node = Node::new(&genesis(), parameters(), Modes::off());
    let lines = told(|| {
        let block = &blocks(1)[0];
        wait(node.chain.ordering_run().apply(block, ExecutionPath::Parallel)).unwrap();
    });
    assert_eq!(lines, Vec::<String>::new());
}
