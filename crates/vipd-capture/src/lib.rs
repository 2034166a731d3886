//! `vipd capture`: what frames say about VRRP, from an interface or from a file.

mod live;
mod picture;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use nix::net::if_::if_nametoindex;
use vrrp_capture::{Capture, Severity, read_file, text};
use vrrp_linux::socket::Device;

/// The findings.
pub struct Found {
    /// As text, or as JSON.
    pub report: String,
    /// Nothing of it is an error.
    pub is_sound: bool,
}

/// Listens on an interface for a time, or reads a file.
///
/// # Errors
/// Why nothing could be captured, or the picture could not be written.
pub fn run(source: &str, time: Option<Duration>, json: bool, svg: Option<&Path>) -> Result<Found, String> {
    let mut capture = Capture::default();
    let remark = match if_nametoindex(source) {
        Ok(index) => {
            let device = Device { index, name: source.to_owned() };
            live::listen(&device, time, &mut capture, !json)?
        }
        Err(_) if source.contains(['/', '.']) => from_file(source, time, &mut capture)?,
        Err(_) => {
            return Err(format!("this machine has no interface '{source}'; a file is named with its path"));
        }
    };
    let report = capture.report();
    if let Some(svg) = svg {
        let written = std::fs::write(svg, picture::chart(&report).to_svg());
        written.map_err(|error| format!("{}: {error}", svg.display()))?;
    }
    let is_sound = report.findings.iter().all(|finding| finding.severity != Severity::Error);
    let report = if json {
        serde_json::to_string(&report).map_err(|error| error.to_string())?
    } else {
        let remark = remark.map(|remark| format!("{remark}\n")).unwrap_or_default();
        format!("{remark}{}", text::report(&report, &TimeZone::system()))
    };
    Ok(Found { report, is_sound })
}

/// Packets before a damaged place count; the remark reports the place.
fn from_file(path: &str, time: Option<Duration>, capture: &mut Capture) -> Result<Option<String>, String> {
    if time.is_some() {
        return Err("--for says how long to listen on an interface; a file is read to its end".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
    match read_file(file, capture) {
        Ok(()) => Ok(None),
        Err(error) if capture.report().frames == 0 => Err(format!("{path}: {error}")),
        Err(error) => Ok(Some(format!("{path}: {error}; everything before that place was read"))),
    }
}
