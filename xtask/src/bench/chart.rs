//! The measurements as a chart.

use std::fmt::Write as _;

use super::report::Row;

const LABELS: f64 = 130.0;
const BARS: f64 = 560.0;
const HEIGHT: f64 = 44.0;

/// Bars of each operation, as parts of the npm client's time: the npm client, Anteroom, the floor.
pub(super) fn svg(rows: &[Row]) -> String {
    let height = HEIGHT * (rows.len() as f64) + 40.0;
    let width = LABELS + BARS + 130.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"20\">Time per operation against the npm client \
         (grey: npm client, blue: Anteroom, black line: modelled floor)</text>\n"
    );
    let longest = rows.iter().map(Row::slowdown).fold(1.0, f64::max);
    let mut top = 34.0;
    for row in rows {
        let scale = BARS / longest;
        let (ours, floor) = (row.slowdown() * scale, row.floor_share() * scale);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"8\" y=\"{:.0}\">{}</text>\
             <rect x=\"{LABELS}\" y=\"{top:.0}\" width=\"{scale:.1}\" height=\"14\" fill=\"#bbb\"/>\
             <rect x=\"{LABELS}\" y=\"{:.0}\" width=\"{ours:.1}\" height=\"14\" fill=\"#37c\"/>\
             <rect x=\"{:.1}\" y=\"{:.0}\" width=\"2\" height=\"18\" fill=\"#000\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            top + 18.0,
            row.name(),
            top + 15.0,
            LABELS + floor,
            top + 13.0,
            LABELS + scale.max(ours) + 8.0,
            top + 18.0,
            row.summary(),
        );
        top += HEIGHT;
    }
    svg.push_str("</svg>\n");
    svg
}
