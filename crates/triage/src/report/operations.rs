//! The page's operations: lanes as they went wrong and as they go right, and every operation in a table to step through.

use std::collections::BTreeSet;

use maud::{Markup, html};
use seriatim_explore::model::{Action, Object, Step};

use super::case::Report;
use super::svg;
use super::timeline::{Timeline, changes};
use super::words::words;

/// Operations written out.
const MOST_OPERATIONS: usize = 3_000;

/// What the tasks did, drawn and as a table.
pub(super) fn operations(report: &Report<'_>, timeline: &Timeline<'_>) -> Markup {
    html! {
        p.legend {
            span { b.dot {} " reads" } span { b.dot.writes {} " writes" }
            @if timeline.guilty.is_some() { span { b.dot.bad {} " the two whose order matters" } }
            @if timeline.story.iter().any(|at| !timeline.is_guilty(*at)) { span { b.dot.story {} " part of it" } }
            span { b.dash {} " gives way" } span { b.dash.preempted {} " preempted" }
        }
        @if timeline.range.start > 0 { p.faint { (timeline.range.start) " operations before this block are left out." } }
        div.beside[report.turned.is_some()] {
            figure {
                @if report.turned.is_some() { figcaption.wrong { "As it went wrong" } }
                (svg::lanes(report, timeline))
            }
            @if let Some(turned) = &report.turned {
                figure.good {
                    figcaption.right { "The two the other way round: every oracle agrees" }
                    (svg::lanes(report, turned))
                }
            }
        }
        p.faint { "Drawn: first what touches objects that tasks use side by side, at most " (svg::MOST_OPERATIONS) " operations." }
        (stepper(report, timeline))
        (table(report, timeline))
    }
}

/// The buttons and filters, and what the operation at hand shows. Without scripts the table is there alone.
fn stepper(report: &Report<'_>, timeline: &Timeline<'_>) -> Markup {
    let steps = &timeline.steps[timeline.range.clone()];
    let objects: BTreeSet<Object<'_>> = steps.iter().filter_map(|step| step.action.object()).collect();
    html! {
        div.stepper hidden {
            button type="button" data-step="-1" aria-label="Back one operation" { "◀ back" }
            button type="button" data-step="1" aria-label="Forward one operation" { "forward ▶" }
            label { "object " select #object { option value="" { "all" } @for object in &objects {
                @let name = report.names.shorten(&object.to_string());
                option value=(name) { (name) }
            } } }
            label { "task " select #task { option value="" { "all" } @for (_, name) in &timeline.tasks { option value=(name) { (name) } } } }
            span.faint { "keys: ← and →, Home for the first guilty one" }
        }
        output.detail aria-live="polite" { "Point at an operation, tap it or reach it with the tab key: its full text appears here." }
        div.now hidden {
            p.faint { "Values after it; the one it set is marked." }
            div.scroll { table { tbody {} } }
        }
    }
}

/// Every operation of the block, for whoever misses one in the drawing.
fn table(report: &Report<'_>, timeline: &Timeline<'_>) -> Markup {
    let count = timeline.range.len();
    html! {
        details.operations {
            summary { "All " (count) " operations of this block" }
            div.scroll { table #operations {
                thead { tr { th.number { "#" } th { "task" } th { "operation" } th { "value" } th { "line" } } }
                tbody { @for position in timeline.range.clone().take(MOST_OPERATIONS) { (row(report, timeline, position)) } }
            } }
            @if count > MOST_OPERATIONS { p.faint { "The first " (MOST_OPERATIONS) "; the file has all." } }
        }
    }
}

fn row(report: &Report<'_>, timeline: &Timeline<'_>, position: usize) -> Markup {
    let step = &timeline.steps[position];
    let words = words(report, timeline, position);
    let object = step.action.object().map(|object| report.names.shorten(&object.to_string()));
    let value = leaves(step).map(|value| report.names.shorten(&value));
    html! {
        tr data-n=(position) data-o=[object] data-v=[value] data-t=(timeline.name(step.task))
            .bad[timeline.is_guilty(position)] .story[timeline.story.contains(&position)] .writes[changes(&step.action)] {
            td.number { (position) } td { (timeline.name(step.task)) } td { (words.did) } td { (words.value) }
            td.place title=(step.place) { (step.place.short().unwrap_or_default()) }
        }
    }
}

/// What an entry, an atomic or a lock holds after the operation, if that is known.
fn leaves(step: &Step) -> Option<String> {
    let or_absent = |value: Option<String>| value.unwrap_or_else(|| "absent".to_owned());
    match &step.action {
        Action::Lock { .. } | Action::Unlock { .. } => step.guarded.as_ref().map(ToString::to_string),
        Action::Load { value, .. } | Action::Store { value, .. } | Action::Exchange { new: value, .. } => {
            Some(value.to_string())
        }
        Action::ExchangeFailed { found, .. } => Some(found.to_string()),
        Action::Read { found, .. } | Action::LookFor { found, .. } | Action::Hold { found, .. } => {
            Some(or_absent(found.as_ref().map(ToString::to_string)))
        }
        Action::InsertIfAbsent { found, .. } => found.as_ref().map(ToString::to_string),
        Action::Insert { value, .. } | Action::Leave { left: value, .. } => Some(value.to_string()),
        _ => None,
    }
}
