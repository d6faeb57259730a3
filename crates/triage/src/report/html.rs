//! The report as one page: no network, no file beside it, every text escaped by construction.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::case::Report;
use super::operations::operations;
use super::points::{FaultPoints, PointRow};
use super::svg;
use super::timeline::Timeline;

/// Lines of a table; scenarios may have hundreds.
const MOST_LINES: usize = 200;
/// Characters of a value that are never broken into lines.
const UNBROKEN: usize = 22;
/// Characters of one value shown without opening it.
const MOST_CHARACTERS: usize = 400;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Whatever a text smuggles in, the page may fetch nothing and run nothing but its own lines.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A page that needs nothing but itself.
pub(super) fn page(title: &str, body: &Markup, script: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                @if !script.is_empty() { script { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string()
}

impl Report<'_> {
    /// The report as a page.
    pub fn html(&self) -> String {
        let title = self.title();
        let body = html! {
            header { h1 { (title) } p.faint { (self.place()) " · subject " (self.names.shorten(&self.artifact.subject)) } }
            (self.difference_section())
            (self.state_section())
            (self.explanation_section())
            (self.lanes_section())
            div.pair { div { (self.transactions_section()) (self.balances_section()) } div { (self.graph_section()) } }
            (self.origin_section())
        };
        page(&title, &body, SCRIPT)
    }

    fn difference_section(&self) -> Markup {
        html! {
            section {
                h2 { "Expected and actual" }
                div.scroll { table.difference.narrow {
                    @let has_before = self.differing.iter().any(|difference| self.before(difference).is_some());
                    thead { tr { th { "field" } @if has_before { th { "before" } } th { "reference" } th { "subject" } th {} } }
                    tbody { @for difference in &self.differing {
                        tr {
                            th { (self.name_of(difference)) }
                            @if has_before { td data-th="before" { (self.before(difference).unwrap_or("–")) } }
                            @let (expected, actual) = (self.value(&difference.expected), self.actual(difference));
                            td data-th="reference" { (long(&expected, &actual)) }
                            td.bad data-th="subject" { (long(&actual, &expected)) }
                            td data-th="so" { (difference.distance().unwrap_or_default()) }
                        }
                    } }
                } }
                @if !self.equal.is_empty() { p.faint { "Equal: " (self.equal.join("; ")) "." } }
            }
        }
    }

    fn state_section(&self) -> Markup {
        let further = self.further_state();
        if further.is_empty() {
            return Markup::default();
        }
        html! {
            section {
                h2 { "State after the block, where it differs" }
                div.scroll { table.narrow {
                    thead { tr { th { "key" } th { "before" } th { "reference" } th { "subject" } } }
                    tbody { @for line in further.iter().take(MOST_LINES) {
                        tr {
                            th { (line.name) }
                            td data-th="before" { (long(&line.before, &line.before)) }
                            td data-th="reference" { (long(&line.expected, &line.actual)) }
                            td.bad data-th="subject" { (long(&line.actual, &line.expected)) }
                        }
                    } }
                } }
                (limit(further.len(), "keys"))
            }
        }
    }

    fn explanation_section(&self) -> Markup {
        let Some(explanation) = &self.retraced.explanation else { return Markup::default() };
        html! {
            section {
                h2 { "Why: " (explanation.anomaly) }
                ol { @for sentence in &explanation.sentences { li { (self.names.shorten(sentence)) } } }
                (self.lines_of_source())
            }
        }
    }

    /// The lines of the source that the anomaly is made of, as far as they can be read here.
    fn lines_of_source(&self) -> Markup {
        let mut places: Vec<_> = self.timeline.iter().flat_map(Timeline::places).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return Markup::default();
        }
        html! {
            table.source { tbody { @for place in &places {
                tr { td.place { (place) } td { @if let Some(source) = place.source() { code { (source) } } } }
            } } }
        }
    }

    fn lanes_section(&self) -> Markup {
        html! {
            section {
                h2 { "What the tasks did" }
                @if let Some(note) = &self.retraced.note { p { (self.names.shorten(note)) } }
                @match (&self.retraced.points, &self.timeline) {
                    (Some(points), _) => (points_table(points)),
                    (None, None) => p.faint { "No operations are known of this block." },
                    (None, Some(timeline)) => (operations(self, timeline)),
                }
            }
        }
    }

    fn transactions_section(&self) -> Markup {
        let Some(block) = self.block else { return Markup::default() };
        let culprits = &self.artifact.violation.difference.place.transactions;
        html! {
            section {
                h2 { "Block " (block) }
                div.scroll tabindex="0" role="region" aria-label="Transactions" { table.narrow {
                    @let is_known = self.transactions.iter().any(|line| line.actual.is_some());
                    thead { tr {
                        th { "tx" } th { "source" } th { "does" } th.number { "fee" } th.number { "nonce" } th { "reference" }
                        @if is_known { th { "subject" } }
                    } }
                    tbody { @for (index, line) in self.transactions.iter().enumerate().take(MOST_LINES) {
                        tr .culprit[culprits.contains(&index)] {
                            th { span.only-narrow { "tx " } (index) } td data-th="source" { (line.source) } td data-th="does" { (line.does) }
                            td.number data-th="fee" { (line.fee) } td.number data-th="nonce" { (line.nonce) } td data-th="reference" { (long(&line.expected, line.actual.as_deref().unwrap_or_default())) }
                            @match &line.actual {
                                None if !is_known => {},
                                None => td.faint data-th="subject" { "not known" },
                                Some(actual) if *actual == line.expected => td.faint data-th="subject" { span.short { "the same" } },
                                Some(actual) => td.bad data-th="subject" { (long(actual, &line.expected)) },
                            }
                        }
                    } }
                } }
                (limit(self.transactions.len(), "transactions"))
                p.faint.names { @for (name, account, role) in self.accounts() {
                    span { b { (name) } " " code title=(account) { (format!("{account:?}")) } (role) }
                } }
            }
        }
    }

    fn graph_section(&self) -> Markup {
        if self.transactions.is_empty() {
            return Markup::default();
        }
        html! {
            section {
                h2 { "Who conflicts with whom" }
                p.faint { "An edge: two transactions share these accounts. A column: transactions that share none, which may run side by side." }
                (svg::conflict_graph(self))
            }
        }
    }

    fn balances_section(&self) -> Markup {
        if self.balances.is_empty() {
            return Markup::default();
        }
        let amount = |amount: Option<u64>| amount.map_or_else(|| "–".to_owned(), |amount| amount.to_string());
        html! {
            section {
                h2 { "Balances it starts from" }
                div.scroll { table {
                    thead { tr { th { "account" } th { "asset" } th.number { "genesis" } th.number { "before the block" } } }
                    tbody { @for line in self.balances.iter().take(MOST_LINES) {
                        tr {
                            th { (line.account) } td { (line.asset) } td.number { (amount(line.genesis)) }
                            td.number .changed[line.before != line.genesis] { (amount(line.before)) }
                        }
                    } }
                } }
                (limit(self.balances.len(), "balances"))
            }
        }
    }

    fn origin_section(&self) -> Markup {
        html! {
            section {
                h2 { "Again" }
                pre { (self.again) }
                dl { @for (name, value) in self.facts() { dt { (name) } dd { (value) } } }
            }
        }
    }
}

fn points_table(points: &FaultPoints) -> Markup {
    html! {
        @if let Some(why) = points.why() { p { (why) } }
        p { (points.introduction()) }
        table { tbody { @for row in points.rows() {
            tr.culprit[matches!(row, PointRow::Struck { .. })] {
                td.number { (row.numbers()) }
                td { (row.words()) }
            }
        } } }
    }
}

/// A value: unbroken if it is short, folded if it is long. What stays in sight is where it differs from `other`.
fn long(text: &str, other: &str) -> Markup {
    let length = text.chars().count();
    if length <= UNBROKEN {
        return html! { span.short { (text) } };
    }
    if length <= MOST_CHARACTERS {
        return html! { (text) };
    }
    let same = text.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    // Where nothing differs, its beginning.
    let from = if same == length { 0 } else { same.saturating_sub(MOST_CHARACTERS / 4) };
    let shown: String = text.chars().skip(from).take(MOST_CHARACTERS / 2).collect();
    let dots = |is_cut: bool| if is_cut { "…" } else { "" };
    let is_cut = from + MOST_CHARACTERS / 2 < length;
    html! { details { summary { (dots(from > 0)) (shown) (dots(is_cut)) } (text) } }
}

fn limit(all: usize, what: &str) -> Markup {
    html! { @if all > MOST_LINES { p.faint { "The first " (MOST_LINES) " of " (all) " " (what) "." } } }
}
