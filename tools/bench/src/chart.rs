//! The measurements as a chart.

use std::fmt::{self, Write as _};

use super::{quantiles::Quantiles, row::Row};

/// The widths of the chart, of the names and of the longest bar.
const WIDTH: f64 = 900.0;
const NAMES: f64 = 150.0;
const BARS: f64 = 520.0;
/// The heights of the head, of an operation's row and of a bar.
const HEAD: f64 = 76.0;
const ROW: f64 = 40.0;
const BAR: f64 = 12.0;
const FOOT: f64 = 24.0;

/// The colours of Anteroom, the npm client, the floor, lines and text.
const BLUE: &str = "#2f6fc4";
const GREY: &str = "#b3b8bf";
const FLOOR: &str = "#d4570a";
const LINE: &str = "#e6e8eb";
const TEXT: &str = "#1c2024";

/// Returns a pair of bars for each operation, as parts of the npm client's median: the npm client and
/// Anteroom, each with its fastest and slowest round, and the floor.
pub(super) fn svg(rows: &[Row]) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write_svg(&mut svg, rows);
    svg
}

fn write_svg(svg: &mut String, rows: &[Row]) -> fmt::Result {
    let height = ROW.mul_add(rows.len() as f64, HEAD + FOOT);
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" \
         fill=\"{TEXT}\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"bold\">Time per operation, on one \
         core, as a part of the npm client's</text>"
    )?;
    write_legend(svg)?;
    // A bar or a whisker is cut off at the end of the scale.
    let longest = rows.iter().map(Row::slowdown).fold(1.0, f64::max);
    let scale = BARS / (1.25 * longest);
    for step in 0..=4 {
        let x = (f64::from(step) * 0.25).mul_add(scale, NAMES);
        writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.0}\" y2=\"{:.0}\" stroke=\"{LINE}\"/>\
             <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"11\">{}%</text>",
            HEAD - 6.0,
            height - FOOT,
            height - 8.0,
            step * 25
        )?;
    }
    for (row, place) in rows.iter().zip(0_u16..) {
        write_operation(svg, row, ROW.mul_add(f64::from(place), HEAD), scale)?;
    }
    writeln!(svg, "</svg>")
}

fn write_legend(svg: &mut String) -> fmt::Result {
    let entries = [
        (16.0, GREY, "npm client"),
        (116.0, BLUE, "Anteroom"),
        (206.0, FLOOR, "modelled floor"),
    ];
    for (x, colour, name) in entries {
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"40\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"50\">{name}</text>",
            x + 18.0
        )?;
    }
    writeln!(
        svg,
        "<text x=\"330\" y=\"50\">bars: medians; whiskers: fastest and slowest round</text>"
    )
}

fn write_operation(svg: &mut String, row: &Row, top: f64, scale: f64) -> fmt::Result {
    let middle = top + BAR + 4.0;
    writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"{middle:.0}\" text-anchor=\"end\">{}</text>",
        NAMES - 10.0,
        row.operation.replace('_', " ")
    )?;
    let (npm, ours) = row.shares();
    write_bar(svg, &npm, top, scale, GREY)?;
    write_bar(svg, &ours, top + BAR + 1.0, scale, BLUE)?;
    let floor = row.floor_share().mul_add(scale, NAMES);
    writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"2\" height=\"{:.0}\" fill=\"{FLOOR}\"/>\
         <text x=\"{:.0}\" y=\"{middle:.0}\">{:.1} times as fast, {:.2} floors</text>",
        floor - 1.0,
        top + BAR - 1.0,
        BAR + 4.0,
        NAMES + BARS + 12.0,
        row.ratio,
        row.to_floor
    )
}

/// Draws a median's bar with its whisker.
fn write_bar(
    svg: &mut String,
    shares: &Quantiles,
    top: f64,
    scale: f64,
    colour: &str,
) -> fmt::Result {
    let at = |share: f64| NAMES + (share * scale).min(BARS);
    let (first, last, middle) = (at(shares.min), at(shares.max), top + BAR / 2.0);
    writeln!(
        svg,
        "<rect x=\"{NAMES}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" \
         fill=\"{colour}\"/><path d=\"M{first:.1} {:.1}v6m0 -3H{last:.1}m0 -3v6\" \
         stroke=\"{TEXT}\" fill=\"none\"/>",
        at(shares.median) - NAMES,
        middle - 3.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;

    #[test]
    fn what_is_far_off_stays_inside() {
        let times = |times: [f64; 3]| Quantiles::of(times.to_vec()).unwrap();
        let npm = times([90.0, 100.0, 5_000.0]);
        let row = Row::new(Operation::AuthIssue, times([25.0, 30.0, 900.0]), npm, 20.0);
        let svg = svg(&[row]);
        assert!(svg.contains(">auth issue<") && svg.contains(">3.3 times as fast, 1.25 floors<"));
        let edge = format!("H{:.1}m", NAMES + BARS);
        assert_eq!(svg.matches(&edge).count(), 2, "{svg}");
    }
}
