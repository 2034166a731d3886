//! The timeline as a picture: lanes with bars, one below the other, and the events with their times.

use std::fmt::Write as _;
use std::time::Duration;

use super::losses::LossRun;
use vip_lab::Stamp;

/// Content of the picture.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// Heading.
    pub(super) title: &'static str,
    /// Below the title: which daemon, which interval.
    pub(super) subtitle: String,
    /// Left edge.
    pub(super) start: Stamp,
    /// Right edge.
    pub(super) end: Stamp,
    /// Colours and their meanings.
    pub(super) legend: Vec<(&'static str, &'static str)>,
    /// From top to bottom.
    pub(super) lanes: Vec<Lane>,
    /// Steps of the story, with their times.
    pub(super) events: Vec<(Stamp, String)>,
}

/// One lane. A later bar covers an earlier one.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// At its left end.
    pub(super) name: String,
    /// Its bars.
    pub(super) bars: Vec<Bar>,
}

/// A span of time.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    pub(super) colour: &'static str,
    /// Shown when one points at it.
    pub(super) title: String,
    /// Shown below it.
    pub(super) label: bool,
}

pub(super) const GOOD: &str = "#2e9e5b";
pub(super) const READY: &str = "#9db7d5";
pub(super) const DOWN: &str = "#d9d9d9";
pub(super) const LOST: &str = "#d62728";
pub(super) const ANSWERED: &str = "#eef5ee";
pub(super) const ONE: &str = "#1f77b4";
pub(super) const OTHER: &str = "#ff7f0e";

impl Bar {
    /// A bar without a label.
    pub(super) fn new((from, to): (Stamp, Stamp), colour: &'static str, title: impl Into<String>) -> Self {
        Self { from, to, colour, title: title.into(), label: false }
    }
}

impl Lane {
    /// A lane with these bars.
    pub(super) fn new(name: impl Into<String>, bars: Vec<Bar>) -> Self {
        Self { name: name.into(), bars }
    }

    /// A client's lane: answered all the time, but for these.
    pub(super) fn client(name: impl Into<String>, whole: (Stamp, Stamp), losses: &[LossRun]) -> Self {
        let lost = |run: &LossRun| Bar {
            label: run.count > 1,
            ..Bar::new((run.from, run.to), LOST, format!("{} lost", run.count))
        };
        let answered = Bar::new(whole, ANSWERED, "answered");
        Self::new(name, std::iter::once(answered).chain(losses.iter().map(lost)).collect())
    }
}

/// Changes as spans in which it was so.
pub(super) fn spans(changes: &[(Stamp, bool)], end: Stamp) -> Vec<(Stamp, Stamp)> {
    let ends = changes.iter().map(|(at, _)| *at).skip(1).chain([end]);
    changes.iter().zip(ends).filter(|((_, held), _)| *held).map(|((from, _), to)| (*from, to)).collect()
}

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 84.0;
const LANE: f64 = 46.0;
const BAR: f64 = 28.0;
const LABEL: f64 = 48.0;

impl Timeline {
    /// The picture as SVG text.
    pub(super) fn to_svg(&self) -> String {
        let lanes_end = TOP + place(self.lanes.len()) * LANE;
        let height = lanes_end + 60.0 + 18.0 * place(self.events.len());
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
             <text x=\"20\" y=\"28\" font-size=\"18\" font-weight=\"bold\">{}</text>\n\
             <text x=\"20\" y=\"48\" fill=\"#555\">{}</text>\n",
            escape(self.title),
            escape(&self.subtitle)
        );
        self.legend(&mut svg);
        self.axis(&mut svg, lanes_end);
        for (index, lane) in self.lanes.iter().enumerate() {
            let top = TOP + LANE * place(index) + 4.0;
            text(&mut svg, 20.0, top + 19.0, "", &lane.name);
            // A label that would cover the one before it is left out.
            let mut free = LEFT;
            for bar in &lane.bars {
                self.bar(&mut svg, top, bar);
                if bar.label && self.x(bar.from) >= free {
                    self.label(&mut svg, top, bar);
                    free = self.x(bar.from) + LABEL;
                }
            }
        }
        self.markers(&mut svg, lanes_end);
        svg.push_str("</svg>\n");
        svg
    }

    fn legend(&self, svg: &mut String) {
        let left = WIDTH - 95.0 * place(self.legend.len());
        for (index, (name, colour)) in self.legend.iter().enumerate() {
            let x = left + 95.0 * place(index);
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"20\" width=\"14\" height=\"14\" fill=\"{colour}\"/>");
            text(svg, x + 20.0, 32.0, "", name);
        }
    }

    fn axis(&self, svg: &mut String, bottom: f64) {
        let length = self.end.since(self.start).as_secs_f64();
        let step =
            [0.5, 1.0, 2.0, 5.0, 10.0, 30.0].into_iter().find(|step| length / step <= 16.0).unwrap_or(60.0);
        let mut at = 0.0;
        while at <= length {
            let x = self.x(self.start.plus(Duration::from_secs_f64(at)));
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#eee\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#777\">{at} s</text>",
                bottom + 24.0
            );
            at += step;
        }
    }

    fn markers(&self, svg: &mut String, bottom: f64) {
        for (index, (at, what)) in self.events.iter().enumerate() {
            let (nth, x) = (index + 1, self.x(*at));
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#333\" stroke-dasharray=\"3 3\"/>",
                TOP - 4.0
            );
            text(svg, x, TOP - 8.0, "text-anchor=\"middle\" font-weight=\"bold\"", &nth.to_string());
            let line = format!("{nth}  at {:.3} s: {what}", at.since(self.start).as_secs_f64());
            text(svg, LEFT, bottom + 52.0 + 18.0 * place(index), "", &line);
        }
    }

    /// A span that ended between two pixels is still drawn: every lost packet shows.
    fn bar(&self, svg: &mut String, y: f64, bar: &Bar) {
        let (x, right) = (self.x(bar.from), self.x(bar.to));
        let (width, colour) = ((right - x).max(0.7), bar.colour);
        let length = bar.to.since(bar.from).as_secs_f64();
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{colour}\">\
             <title>{}, {length:.3} s</title></rect>",
            escape(&bar.title)
        );
    }

    fn label(&self, svg: &mut String, y: f64, bar: &Bar) {
        let attributes = format!("fill=\"{}\" font-size=\"11\"", bar.colour);
        text(svg, self.x(bar.from), y + BAR + 14.0, &attributes, &bar.title);
    }

    fn x(&self, at: Stamp) -> f64 {
        let length = self.end.since(self.start).as_secs_f64().max(0.001);
        let share = (at.since(self.start).as_secs_f64() / length).clamp(0.0, 1.0);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }
}

/// A small count as a coordinate.
fn place(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(0))
}

fn text(svg: &mut String, x: f64, y: f64, attributes: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{}</text>", escape(text));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    fn timeline() -> Timeline {
        let whole = (at(0), at(10_600));
        Timeline {
            title: "title",
            subtitle: "a <b> & \"c\"".to_owned(),
            start: whole.0,
            end: whole.1,
            legend: vec![("good", GOOD)],
            lanes: vec![
                Lane::new("A", vec![Bar::new((at(1_000), at(5_000)), GOOD, "Active")]),
                Lane::client("client", whole, &[LossRun { from: at(5_000), to: at(5_000), count: 1 }]),
            ],
            events: vec![(at(5_000), "A loses power".to_owned())],
        }
    }

    #[test]
    fn a_second_has_the_same_width_everywhere() {
        let timeline = timeline();
        let widths: Vec<_> =
            [0, 4_000, 9_000].iter().map(|&ms| timeline.x(at(ms + 1_000)) - timeline.x(at(ms))).collect();
        assert!(widths.iter().all(|width| (width - 100.0).abs() < 1e-6), "{widths:?}");
    }

    #[test]
    fn a_single_lost_packet_is_visible() {
        let svg = timeline().to_svg();
        let lost = svg.lines().find(|line| line.contains(">1 lost,")).unwrap();
        assert!(lost.contains("width=\"0.7\""), "{lost}");
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        let whole = (at(0), at(10_600));
        let losses = [(1_000, 1_100), (1_200, 1_300), (5_000, 5_100)];
        let losses = losses.map(|(from, to)| LossRun { from: at(from), to: at(to), count: 7 });
        let svg = Timeline { lanes: vec![Lane::client("client", whole, &losses)], ..timeline() }.to_svg();
        assert_eq!(svg.matches(">7 lost</text>").count(), 2);
        assert_eq!(svg.matches("<title>7 lost,").count(), 3);
    }

    #[test]
    fn text_cannot_break_the_markup() {
        let svg = timeline().to_svg();
        assert!(svg.contains("a &lt;b&gt; &amp; &quot;c&quot;"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn a_bar_is_as_long_as_its_span() {
        let svg = timeline().to_svg();
        assert!(svg.contains("<title>Active, 4.000 s</title>"), "{svg}");
    }

    #[test]
    fn the_last_state_lasts_to_the_end() {
        let changes = [(at(0), false), (at(10), true), (at(20), false), (at(30), true)];
        assert_eq!(spans(&changes, at(40)), [(at(10), at(20)), (at(30), at(40))]);
    }
}
