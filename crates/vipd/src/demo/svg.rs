//! The timeline as a picture: a lane for each router, one for the address, one for what the client lost.

use std::fmt::Write as _;
use std::time::Duration;

use super::observe::{LossRun, spans};
use crate::lab::Stamp;

/// What the picture shows. All lists are in order of time.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// Left edge.
    pub(super) start: Stamp,
    /// Right edge.
    pub(super) end: Stamp,
    /// Below the title: which daemon, which interval.
    pub(super) subtitle: String,
    /// For each router: when its daemon started and ended.
    pub(super) running: [Vec<(Stamp, bool)>; 2],
    /// For each router: when it got the address and lost it.
    pub(super) holding: [Vec<(Stamp, bool)>; 2],
    /// What the client lost.
    pub(super) losses: Vec<LossRun>,
    /// What was done, and when.
    pub(super) events: Vec<(Stamp, String)>,
}

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 84.0;
const LANE: f64 = 46.0;
const BAR: f64 = 28.0;

const ACTIVE: &str = "#2e9e5b";
const BACKUP: &str = "#9db7d5";
const DOWN: &str = "#d9d9d9";
const LOST: &str = "#d62728";
const HOLDERS: [&str; 2] = ["#1f77b4", "#ff7f0e"];

impl Timeline {
    /// The picture as SVG text.
    pub(super) fn to_svg(&self) -> String {
        let lanes_end = TOP + 4.0 * LANE;
        let height = lanes_end + 60.0 + 18.0 * f64::from(u32::try_from(self.events.len()).unwrap_or(0));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
             <text x=\"20\" y=\"28\" font-size=\"18\" font-weight=\"bold\">Who holds the address</text>\n\
             <text x=\"20\" y=\"48\" fill=\"#555\">{}</text>\n",
            escape(&self.subtitle)
        );
        legend(&mut svg);
        self.axis(&mut svg, lanes_end);
        for (lane, name) in ["router A", "router B", "address", "client"].iter().enumerate() {
            text(&mut svg, 20.0, lane_top(lane) + 19.0, "", name);
        }
        for (router, colour) in HOLDERS.iter().enumerate() {
            self.router_lane(&mut svg, router);
            for (from, to) in self.spans(&self.holding, router) {
                self.bar(
                    &mut svg,
                    2,
                    from,
                    to,
                    colour,
                    ["A holds it", "B holds it"].get(router).unwrap_or(&""),
                );
            }
        }
        self.client_lane(&mut svg);
        self.markers(&mut svg, lanes_end);
        svg.push_str("</svg>\n");
        svg
    }

    fn router_lane(&self, svg: &mut String, router: usize) {
        self.bar(svg, router, self.start, self.end, DOWN, "down");
        for (from, to) in self.spans(&self.running, router) {
            self.bar(svg, router, from, to, BACKUP, "Backup");
        }
        for (from, to) in self.spans(&self.holding, router) {
            self.bar(svg, router, from, to, ACTIVE, "Active");
        }
    }

    fn client_lane(&self, svg: &mut String) {
        self.bar(svg, 3, self.start, self.end, "#eef5ee", "answered");
        for run in &self.losses {
            let title = format!("{} lost", run.count);
            self.bar(svg, 3, run.from, run.to, LOST, &title);
            if run.count > 1 {
                let y = lane_top(3) + BAR + 14.0;
                text(svg, self.x(run.from), y, "fill=\"#d62728\" font-size=\"11\"", &title);
            }
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
            let (number, x) = (index + 1, self.x(*at));
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#333\" stroke-dasharray=\"3 3\"/>",
                TOP - 4.0
            );
            text(svg, x, TOP - 8.0, "text-anchor=\"middle\" font-weight=\"bold\"", &number.to_string());
            let line = format!("{number}  at {:.3} s: {what}", at.since(self.start).as_secs_f64());
            text(svg, LEFT, bottom + 52.0 + 18.0 * f64::from(u32::try_from(index).unwrap_or(0)), "", &line);
        }
    }

    /// A span that ended between two pixels is still drawn: every lost packet shows.
    fn bar(&self, svg: &mut String, lane: usize, from: Stamp, to: Stamp, colour: &str, title: &str) {
        let (x, right) = (self.x(from), self.x(to));
        let (y, width) = (lane_top(lane), (right - x).max(0.7));
        let length = to.since(from).as_secs_f64();
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{colour}\">\
             <title>{}, {length:.3} s</title></rect>",
            escape(title)
        );
    }

    fn x(&self, at: Stamp) -> f64 {
        let length = self.end.since(self.start).as_secs_f64().max(0.001);
        let share = (at.since(self.start).as_secs_f64() / length).clamp(0.0, 1.0);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn spans(&self, changes: &[Vec<(Stamp, bool)>; 2], router: usize) -> Vec<(Stamp, Stamp)> {
        changes.get(router).map(|changes| spans(changes, self.end)).unwrap_or_default()
    }
}

fn legend(svg: &mut String) {
    let entries = [("Active", ACTIVE), ("Backup", BACKUP), ("down", DOWN), ("lost", LOST)];
    for (index, (name, colour)) in (0_u32..).zip(entries) {
        let x = WIDTH - 380.0 + 95.0 * f64::from(index);
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"20\" width=\"14\" height=\"14\" fill=\"{colour}\"/>");
        text(svg, x + 20.0, 32.0, "", name);
    }
}

fn lane_top(lane: usize) -> f64 {
    TOP + LANE * f64::from(u32::try_from(lane).unwrap_or(0)) + 4.0
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
        Timeline {
            start: at(0),
            end: at(10_600),
            subtitle: "a <b> & \"c\"".to_owned(),
            running: [vec![(at(0), true), (at(5_000), false)], vec![(at(0), true)]],
            holding: [vec![(at(1_000), true), (at(5_000), false)], vec![(at(8_000), true)]],
            losses: vec![LossRun { from: at(5_000), to: at(5_000), count: 1 }],
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
    fn text_cannot_break_the_markup() {
        let svg = timeline().to_svg();
        assert!(svg.contains("a &lt;b&gt; &amp; &quot;c&quot;"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn the_active_bar_ends_where_the_address_was_lost() {
        let svg = timeline().to_svg();
        let active: Vec<_> = svg.lines().filter(|line| line.contains("<title>Active, ")).collect();
        assert_eq!(active.len(), 2);
        assert!(active[0].contains("Active, 4.000 s"), "{}", active[0]);
        assert!(active[1].contains("Active, 2.600 s"), "{}", active[1]);
    }
}
