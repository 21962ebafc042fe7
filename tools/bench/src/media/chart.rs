//! The rows as a chart.

use std::fmt::{self, Write as _};

use super::row::Row;

/// The widths of the chart, of the names and of the longest bar.
const WIDTH: f64 = 900.0;
const NAMES: f64 = 230.0;
const BARS: f64 = 440.0;
/// The heights of the head, of a row, of a bar and of the foot.
const HEAD: f64 = 76.0;
const ROW: f64 = 40.0;
const BAR: f64 = 12.0;
const FOOT: f64 = 24.0;

/// The colours of Anteroom, Janus, the floor, lines and text.
const BLUE: &str = "#2f6fc4";
const GREY: &str = "#b3b8bf";
const FLOOR: &str = "#d4570a";
const LINE: &str = "#e6e8eb";
const TEXT: &str = "#1c2024";

/// Returns a pair of bars for each row: the CPU time for a packet of Janus and of Anteroom, each with its fastest
/// and slowest window, and the floor.
pub(super) fn svg(rows: &[Row], floor: f64) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write_svg(&mut svg, rows, floor);
    svg
}

fn write_svg(svg: &mut String, rows: &[Row], floor: f64) -> fmt::Result {
    let pairs: Vec<&[Row]> = rows.chunks(2).collect();
    let height = ROW.mul_add(pairs.len() as f64, HEAD + FOOT);
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" \
         fill=\"{TEXT}\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"bold\">CPU time for a forwarded packet, in \
         microseconds</text>"
    )?;
    for (x, colour, name) in [
        (16.0, GREY, "Janus VideoRoom"),
        (146.0, BLUE, "Anteroom"),
        (236.0, FLOOR, "floor: SRTP and send_to"),
    ] {
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"40\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"50\">{name}</text>",
            x + 18.0
        )?;
    }
    writeln!(
        svg,
        "<text x=\"410\" y=\"50\">bars: medians; whiskers: fastest and slowest window</text>"
    )?;
    let longest = rows.iter().map(|row| row.us_range.max).fold(1.0, f64::max);
    let scale = BARS / longest;
    let step = if longest > 20.0 { 10.0 } else { 5.0 };
    let mut value = 0.0;
    while value <= longest {
        let x = NAMES + value * scale;
        writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.0}\" y2=\"{:.0}\" stroke=\"{LINE}\"/>\
             <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"11\">{value:.0}</text>",
            HEAD - 6.0,
            height - FOOT,
            height - 8.0
        )?;
        value += step;
    }
    for (pair, place) in pairs.iter().zip(0_u16..) {
        write_pair(svg, pair, ROW.mul_add(f64::from(place), HEAD), scale, floor)?;
    }
    writeln!(svg, "</svg>")
}

fn write_pair(svg: &mut String, pair: &[Row], top: f64, scale: f64, floor: f64) -> fmt::Result {
    let [ours, janus] = pair else {
        return Ok(());
    };
    let middle = top + BAR + 4.0;
    let estimation = if ours.estimation { "with" } else { "without" };
    writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"{middle:.0}\" text-anchor=\"end\">{} x {}, {estimation} estimation</text>",
        NAMES - 10.0,
        ours.publishers,
        ours.viewers
    )?;
    for (row, top, colour) in [(janus, top, GREY), (ours, top + BAR + 1.0, BLUE)] {
        let at = |micros: f64| NAMES + micros * scale;
        let middle = top + BAR / 2.0;
        writeln!(
            svg,
            "<rect x=\"{NAMES}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
             <path d=\"M{:.1} {:.1}v6m0 -3H{:.1}m0 -3v6\" stroke=\"{TEXT}\" fill=\"none\"/>",
            row.us_per_packet * scale,
            at(row.us_range.min),
            middle - 3.0,
            at(row.us_range.max)
        )?;
    }
    writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"2\" height=\"{:.0}\" fill=\"{FLOOR}\"/>\
         <text x=\"{:.0}\" y=\"{middle:.0}\">{:.2} of Janus, {:.1} floors</text>",
        NAMES + floor * scale - 1.0,
        top + BAR - 1.0,
        BAR + 4.0,
        NAMES + BARS + 16.0,
        1.0 / ours.ratio,
        ours.to_floor
    )
}
