//! Lines over logarithmic axes, as an SVG that a browser and a forge show.

use maud::{Markup, PreEscaped, html};

/// One line.
pub struct Series {
    pub name: &'static str,
    /// They stand from left to right, and all are above 0.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    pub fn new(name: &'static str) -> Self {
        Self { name, points: Vec::new() }
    }
}

/// One set of axes.
pub struct Panel {
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    pub series: Vec<Series>,
}

const COLOURS: [&str; 4] = ["#1b6ca8", "#c8553d", "#2a9d5c", "#8a5a9e"];
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 330.0;
/// The axes within their panel: left, top, right, bottom.
const FRAME: (f64, f64, f64, f64) = (70.0, 40.0, 410.0, 275.0);

/// The panels below each other.
pub fn page(panels: &[Panel]) -> String {
    let height = HEIGHT * panels.len() as f64;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height) font-family="sans-serif" font-size="12" {
            rect width="100%" height="100%" fill="white" {}
            @for (index, one) in panels.iter().enumerate() {
                g transform=(format!("translate(0 {})", HEIGHT * index as f64)) { (panel(one)) }
            }
        }
    }
    .into_string()
}

/// An axis from the power of ten below the least value to the one above the greatest.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let logs = values.map(f64::log10);
        let from = logs.clone().fold(f64::INFINITY, f64::min).floor();
        let to = logs.fold(f64::NEG_INFINITY, f64::max).ceil();
        Self { from, to: if to > from { to } else { from + 1.0 } }
    }

    /// A number from 0 to 1.
    fn at(&self, value: f64) -> f64 {
        (value.log10() - self.from) / (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.from as i32..=self.to as i32).map(|power| 10f64.powi(power))
    }
}

fn panel(panel: &Panel) -> Markup {
    let Panel { title, x, y, series } = panel;
    let points = || series.iter().flat_map(|series| series.points.iter().copied());
    if points().next().is_none() {
        return html! { text x="20" y="24" { (title) ": nothing was measured" } };
    }
    let (across, up) = (Axis::of(points().map(|point| point.0)), Axis::of(points().map(|point| point.1)));
    let (left, top, right, bottom) = FRAME;
    let place = |(x, y): (f64, f64)| (left + across.at(x) * (right - left), bottom - up.at(y) * (bottom - top));
    let number = |value: f64| {
        if value >= 1.0 { format!("{value}") } else { format!("{value:.3}").trim_end_matches('0').to_owned() }
    };
    html! {
        text x=(left) y="24" font-size="15" font-weight="bold" { (title) }
        @for tick in across.ticks() {
            @let (x, _) = place((tick, 10f64.powf(up.from)));
            line x1=(x) x2=(x) y1=(top) y2=(bottom) stroke="#ddd" {}
            text x=(x) y=(bottom + 18.0) text-anchor="middle" { (number(tick)) }
        }
        @for tick in up.ticks() {
            @let (_, y) = place((10f64.powf(across.from), tick));
            line x1=(left) x2=(right) y1=(y) y2=(y) stroke="#ddd" {}
            text x=(left - 8.0) y=(y + 4.0) text-anchor="end" { (number(tick)) }
        }
        text x=(f64::midpoint(left, right)) y=(bottom + 38.0) text-anchor="middle" { (x) }
        text transform=(format!("translate(16 {}) rotate(-90)", f64::midpoint(top, bottom))) text-anchor="middle" { (y) }
        @for (index, one) in series.iter().enumerate() {
            @let colour = COLOURS[index % COLOURS.len()];
            @let line = one.points.iter().map(|point| place(*point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
            polyline points=(PreEscaped(line)) fill="none" stroke=(colour) stroke-width="2" {}
            @for (x, y) in one.points.iter().map(|point| place(*point)) {
                circle cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="3" fill=(colour) {}
            }
            @let y = top + 16.0 + 20.0 * index as f64;
            rect x=(right + 14.0) y=(y - 9.0) width="10" height="10" fill=(colour) {}
            text x=(right + 30.0) y=(y) { (one.name) }
        }
    }
}
