//! Text into HTML. Every name, reason and line of output is of somebody else.

use std::fmt::{self, Write};

use vipd_status::{State, Timestamp, clean};

/// Text as content or as the value of a quoted attribute.
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        for character in clean(&text).chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A value in the query of an address, in a quoted attribute.
pub(super) fn query(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// A name that leads to its explanation. The script shows that without leaving the page.
pub(super) struct Link<'a>(pub(super) &'a str);

impl fmt::Display for Link<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<a href=\"/explain?name={}\">{}</a>", query(self.0), Text(self.0))
    }
}

/// A moment. The script shows how long ago it is; without it, it is the time in UTC.
pub(super) struct Moment(pub(super) Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (exact, shown) =
            (self.0.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"), self.0.strftime("%Y-%m-%d %H:%M:%S"));
        write!(f, "<time datetime=\"{exact}\">{shown}</time>")
    }
}

/// A moment that may not be known.
pub(super) fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "–".to_owned(), |at| Moment(at).to_string())
}

/// A state, by colour, shape and word.
pub(super) struct Badge(pub(super) State);

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        badge(f, class(self.0), self.0.word())
    }
}

/// The class of a state in the style sheet.
pub(super) fn class(state: State) -> &'static str {
    match state {
        State::Init => "init",
        State::Backup => "backup",
        State::Master => "master",
        State::Fault => "fault",
        State::Stop => "stop",
    }
}

/// Writes a badge: the style sheet gives the class its colour and its shape.
pub(super) fn badge(out: &mut impl Write, class: &str, word: &str) -> fmt::Result {
    write!(out, "<b class=\"badge {class}\">{word}</b>")
}

/// A number with thousands apart: `1,204`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as people say it: `1.2 GB`, in powers of 1,000.
pub(super) fn volume(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut tenths, mut unit) = (u128::from(bytes) * 10, "B");
    for larger in UNITS {
        if tenths < 10_000 {
            break;
        }
        (tenths, unit) = (tenths / 1_000, larger);
    }
    if tenths < 1_000 && unit != "B" {
        return format!("{}.{} {unit}", tenths / 10, tenths % 10);
    }
    format!("{} {unit}", tenths / 10)
}

/// Milliseconds as people say it.
pub(super) fn millis(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// A count with its noun: `1 instance`, `2 instances`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_others_becomes_markup() {
        let hostile = "<script>alert('x')</script>\" onload=\"y\u{202e}\n&amp;";
        assert_eq!(
            Text(hostile).to_string(),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;y\u{fffd}\u{fffd}&amp;amp;"
        );
        assert_eq!(query("a&b \"c\"#"), "a%26b+%22c%22%23");
    }

    #[test]
    fn numbers_are_as_people_say_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 999, 1_000, 1_250_000, 99_900_000, 123_000_000_000].map(volume),
            ["0 B", "999 B", "1.0 kB", "1.2 MB", "99.9 MB", "123 GB"]
        );
        assert_eq!(volume(u64::MAX), "18.4 EB");
        assert_eq!(
            [250, 1_805, 61_000, 7_260_000].map(millis),
            ["250 ms", "1.8 s", "1 min 1 s", "2 h 1 min"]
        );
    }
}
