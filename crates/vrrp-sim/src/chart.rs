//! A timeline as a picture: a row for each router of a host, a bar for each time it served, a line for each fault.

use std::fmt::Write as _;
use std::time::Duration;

/// The content of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// The line above it.
    pub title: String,
    /// Its length.
    pub length: Duration,
    /// Its rows, from above.
    pub rows: Vec<Row>,
    /// Events and their times.
    pub marks: Vec<Mark>,
}

/// A row with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// When something was so.
    pub bars: Vec<Bar>,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Since when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
    /// Drawn as something that is wrong.
    pub alarming: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The time.
    pub at: Duration,
    /// The label.
    pub label: String,
}

/// Pixels.
const LEFT: f64 = 220.0;
const WIDTH: f64 = 800.0;
const ROW: usize = 26;
const TOP: usize = 40;

impl Chart {
    /// The picture as a document of its own.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let rows_end = TOP + ROW * self.rows.len();
        let height = rows_end + 40 + 18 * self.marks.len();
        let width = LEFT + WIDTH + 20.0;
        let mut svg = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"10\" \
             y=\"22\" font-weight=\"bold\">{}</text>",
            escaped(&self.title)
        );
        for (place, row) in self.rows.iter().enumerate() {
            self.row(&mut svg, TOP + ROW * place, row);
        }
        self.axis(&mut svg, rows_end);
        for (place, mark) in self.marks.iter().enumerate() {
            let (x, y) = (self.x(mark.at), rows_end + 50 + 18 * place);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#b00020\" stroke-dasharray=\"3 3\"/>\n<text \
                 x=\"10\" y=\"{y}\">{}  {}</text>",
                rows_end,
                escaped(&format!("{:.1} s", mark.at.as_secs_f64())),
                escaped(&mark.label)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn row(&self, svg: &mut String, y: usize, row: &Row) {
        let _ = writeln!(svg, "<text x=\"10\" y=\"{}\">{}</text>", y + 17, escaped(&row.label));
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{}\" width=\"{WIDTH}\" height=\"18\" fill=\"#eeeeee\"/>",
            y + 4
        );
        for bar in &row.bars {
            let (from, until) = (self.x(bar.from), self.x(bar.until));
            let color = if bar.alarming { "#b00020" } else { "#2e7d32" };
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{}\" width=\"{:.1}\" height=\"18\" fill=\"{color}\"/>",
                y + 4,
                (until - from).max(1.0)
            );
        }
    }

    fn axis(&self, svg: &mut String, y: usize) {
        for tenth in 0..=10_u32 {
            let at = self.length * tenth / 10;
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" font-size=\"10\" text-anchor=\"middle\">{:.1} s</text>",
                self.x(at),
                y + 16,
                at.as_secs_f64()
            );
        }
    }

    fn x(&self, at: Duration) -> f64 {
        let length = self.length.as_secs_f64().max(0.001);
        LEFT + WIDTH * (at.as_secs_f64() / length).min(1.0)
    }
}

/// Text as XML takes it; characters that XML cannot hold become a replacement character.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_well_formed_whatever_things_are_called() {
        let secs = Duration::from_secs;
        let chart = Chart {
            title: "a & b".to_owned(),
            length: secs(10),
            rows: vec![Row {
                label: "<lb1> \"web\"\u{1b}".to_owned(),
                bars: vec![Bar { from: secs(0), until: secs(5), alarming: false }],
            }],
            marks: vec![Mark { at: secs(5), label: "lb1 </svg>".to_owned() }],
        };
        let svg = chart.to_svg();
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;lb1&gt; &quot;web&quot;\u{fffd}"), "{svg}");
        assert!(svg.contains("width=\"400.0\""), "half of the width: {svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
        for element in ["text", "svg"] {
            let (opened, closed) = (format!("<{element} "), format!("</{element}>"));
            assert_eq!(svg.matches(&opened).count(), svg.matches(&closed).count(), "{element}");
        }
    }
}
