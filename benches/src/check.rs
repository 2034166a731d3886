//! Cost of a test of the configuration (`-t`): CPU time and memory of the process, by size of the file.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::Failure;
use crate::configuration::Configuration;
use crate::contender::Contender;
use crate::options::Options;
use crate::report::{Table, Unit};
use crate::theory::Protocol;

/// First word of the command line with which this program measures one child: only a process that had no other
/// child knows the resource usage of this one.
pub(crate) const CHILD: &str = "child";

pub(crate) fn measure(
    contenders: &[Contender],
    options: &Options,
    show: &mut impl FnMut(Table),
) -> Result<(), Failure> {
    for instances in [1, 1000, 10_000] {
        let protocol = Protocol { version: 3, interval: Duration::from_secs(1) };
        let configuration =
            Configuration { protocol, instances, priority: 100, serves: false, excluded: None };
        let what = format!("{instances} instances");
        show(compare(contenders, options, &what, &configuration.text())?);
    }
    show(compare(contenders, options, "1000 virtual servers of 10 real servers", &balancer(1000, 10))?);
    Ok(())
}

/// The cost of a test of this text, contender by contender.
fn compare(contenders: &[Contender], options: &Options, what: &str, text: &str) -> Result<Table, Failure> {
    let path = std::env::temp_dir().join(format!("vipd-bench-{}.conf", std::process::id()));
    std::fs::write(&path, text)?;
    let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
    let title = format!("configuration check, {what}, {} octets", text.len());
    let mut table = Table::new(title, labels, &MEASURES);
    for _trial in 0..options.trials {
        for (daemon, contender) in contenders.iter().enumerate() {
            match usage(contender, &path) {
                Ok(values) => table.add(daemon, values.map(Some)),
                Err(failure) => table.complain(daemon, failure),
            }
        }
    }
    std::fs::remove_file(&path)?;
    Ok(table)
}

/// So many virtual servers, each with so many real servers that are checked by HTTP.
fn balancer(virtual_servers: u32, real_servers: u32) -> String {
    let mut text = String::new();
    for number in 0..virtual_servers {
        let address = Ipv4Addr::from_bits(0x0a00_0001 + number);
        let _ = write!(
            text,
            "virtual_server {address} 80 {{\n    delay_loop 6\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP\n"
        );
        for real in 0..real_servers {
            let address = Ipv4Addr::from_bits(0xac10_0001 + number * real_servers + real);
            let _ = write!(text, "    real_server {address} 80 {{\n{CHECKER}    }}\n");
        }
        text += "}\n";
    }
    text
}

const CHECKER: &str = "        weight 1
        HTTP_GET {
            url {
                path /
                status_code 200
            }
            connect_timeout 3
            retry 3
            delay_before_retry 3
        }
";

const MEASURES: [(&str, Unit); 2] = [("CPU, ms", Unit::Micros), ("greatest RSS, kB", Unit::Count)];

/// Has this program run the check as its only child.
fn usage(contender: &Contender, configuration: &Path) -> Result<[i64; 2], Failure> {
    let check = contender.check(configuration);
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CHILD).arg(check.get_program()).args(check.get_args());
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    parse(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| "the check could not be run".into())
}

fn parse(line: &str) -> Option<[i64; 2]> {
    let (cpu_us, rss_kb) = line.trim().split_once(' ')?;
    Some([cpu_us.parse().ok()?, rss_kb.parse().ok()?])
}

/// Runs a command to its end and prints its CPU time (us) and greatest RSS (kB).
pub(crate) fn child(words: &[String]) -> Result<(), Failure> {
    let (program, arguments) = words.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A check that finds something ends with another status: its findings do not matter here.
    command.status()?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu_us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    println!("{cpu_us} {}", usage.max_rss());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balancer_has_a_check_for_each_real_server() {
        let text = balancer(3, 10);
        assert_eq!(text.matches("real_server ").count(), 30);
        assert_eq!(text.matches("HTTP_GET {").count(), 30);
        assert!(text.contains("real_server 172.16.0.30 80 {\n        weight 1\n"));
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn a_child_reports_time_and_memory() {
        assert_eq!(parse("2150 4096\n"), Some([2150, 4096]));
        assert_eq!(parse(""), None);
    }
}
