//! Bar charts, drawn as SVG.

use minijinja::Value;

use crate::http::pages::values::context;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 60.0;
/// The part of its column that a bar takes.
const BAR: f64 = 0.75;

/// Returns the bars of a chart. Each is as high as its value in proportion to the greatest one.
pub(super) fn bars(values: impl IntoIterator<Item = i64>) -> Value {
    let values: Vec<i64> = values.into_iter().collect();
    let greatest = values.iter().copied().max().unwrap_or_default().max(1);
    let columns = u32::try_from(values.len()).map_or(1.0, f64::from).max(1.0);
    let column = WIDTH / columns;
    let mut left = 0.0;
    let bars: Vec<_> = values
        .iter()
        .map(|value| {
            // A small value is still visible.
            let height = HEIGHT * ratio(*value, greatest);
            let height = if *value > 0 { height.max(1.0) } else { 0.0 };
            let bar = context! {
                x => rounded(left + column * (1.0 - BAR) / 2.0),
                y => rounded(HEIGHT - height),
                width => rounded(column * BAR),
                height => rounded(height),
            };
            left += column;
            bar
        })
        .collect();
    context! { bars, greatest, sum => values.iter().sum::<i64>(), width => rounded(WIDTH), height => rounded(HEIGHT) }
}

/// Returns a part of a whole, to a thousandth.
fn ratio(part: i64, whole: i64) -> f64 {
    let thousandths = part.saturating_mul(1000) / whole;
    f64::from(u32::try_from(thousandths).unwrap_or(1000)) / 1000.0
}

fn rounded(length: f64) -> String {
    format!("{length:.1}")
}
