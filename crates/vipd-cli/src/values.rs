//! Values of options, in keepalived's notation.

use super::Request;
use vipd_log::LogFormat;

/// `LOG_DAEMON`, shifted as in a syslog priority.
pub(super) const FACILITY_DAEMON: u8 = 3 << 3;
const FACILITY_USER: u8 = 1 << 3;
/// `LOG_LOCAL0`, not shifted.
const LOCAL0: u8 = 16;

/// `-S`: `0` to `7`, `local0` to `local7`, `user` or `daemon`.
pub(super) fn facility(text: &str) -> Result<u8, String> {
    match text {
        "daemon" => return Ok(FACILITY_DAEMON),
        "user" => return Ok(FACILITY_USER),
        _ => {}
    }
    match text.strip_prefix("local").unwrap_or(text).as_bytes() {
        [digit @ b'0'..=b'7'] => Ok((LOCAL0 + (digit - b'0')) << 3),
        _ => Err(format!("Invalid log facility '{text}'")),
    }
}

/// `--log-format`
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("vipd: --log-format takes text or json, not '{text}'\n")),
    }
}

/// `-u`: a number as C writes them (`022` is octal).
pub(super) fn umask(text: &str) -> Result<u32, String> {
    let parsed = if let Some(hex) = text.strip_prefix("0x") {
        u32::from_str_radix(hex, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        u32::from_str_radix(text, 8)
    } else {
        text.parse()
    };
    parsed.ok().filter(|&mask| mask <= 0o777).ok_or_else(|| format!("Invalid --umask option {text}"))
}

/// `--signum`: the number of the signal that asks for this.
pub(super) fn signal_number(function: &str) -> Request {
    let number = match function {
        "STOP" => libc::SIGTERM,
        "RELOAD" => libc::SIGHUP,
        "DATA" => libc::SIGUSR1,
        "STATS" => libc::SIGUSR2,
        "STATS_CLEAR" => libc::SIGRTMAX() - 1,
        "JSON" => libc::SIGRTMIN() + 2,
        _ => return Request::PrintError(format!("Unknown sigfunc {function}\n"), 1),
    };
    Request::Print(format!("{number}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facilities_are_keepalived_s_words() {
        assert_eq!(facility("daemon"), Ok(24));
        assert_eq!(facility("user"), Ok(8));
        assert_eq!(facility("0"), Ok(128));
        assert_eq!(facility("local7"), Ok(184));
        for wrong in ["8", "local8", "local", "", "mail", "local07"] {
            assert!(facility(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_format_of_the_log_is_text_or_json() {
        assert_eq!(log_format("json"), Ok(LogFormat::Json));
        assert_eq!(log_format("text"), Ok(LogFormat::Text));
        let error = "vipd: --log-format takes text or json, not 'JSON'\n";
        assert_eq!(log_format("JSON"), Err(error.to_owned()));
    }

    #[test]
    fn masks_are_numbers_as_in_c() {
        assert_eq!(umask("022"), Ok(0o22));
        assert_eq!(umask("0x12"), Ok(0o22));
        assert_eq!(umask("18"), Ok(0o22));
        assert_eq!(umask("0"), Ok(0));
        for wrong in ["", "08", "01000", "rwx", "-1"] {
            assert!(umask(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn signal_numbers_are_the_ones_keepalived_prints() {
        let expected = [
            ("STOP", "15\n"),
            ("RELOAD", "1\n"),
            ("DATA", "10\n"),
            ("STATS", "12\n"),
            ("STATS_CLEAR", "63\n"),
            ("JSON", "36\n"),
        ];
        for (function, number) in expected {
            assert_eq!(signal_number(function), Request::Print(number.to_owned()));
        }
        assert!(matches!(signal_number("FOO"), Request::PrintError(_, 1)));
    }
}
