//! `track_file`, `vrrp_track_process` and `interface_up_down_delays`: what they mean, with their defaults.

use std::time::Duration;

use keepalived_conf::model::Config;
use keepalived_conf::model::trackers::{ParameterPattern, ProcessPattern, TrackProcess, Tracked};
use keepalived_conf::{exit_code, load_str};

fn config(text: &str) -> Config {
    let loaded = load_str(text);
    assert_eq!(exit_code(&loaded.diagnostics), 0, "{text}");
    loaded.config
}

fn process(lines: &str) -> TrackProcess {
    config(&format!("vrrp_track_process P {{\n{lines}\n}}\n")).track_processes.remove(0)
}

/// An instance that tracks two files and two processes by these lines.
fn tracking(priority: u8, files: &str, processes: &str) -> Config {
    let text = format!(
        "track_file A {{\n file /run/a\n}}\ntrack_file B {{\n file /run/b\n weight -2 reverse\n}}\n\
         vrrp_track_process P {{\n process p\n}}\nvrrp_track_process Q {{\n process q\n weight 0 reverse\n}}\n\
         vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n virtual_ipaddress {{\n \
         192.0.2.1/24\n }}\n track_file {{\n{files}\n }}\n track_process {{\n{processes}\n }}\n}}\n"
    );
    load_str(&text).config
}

fn tracked(index: usize, weight: i16, reverse: bool) -> Tracked {
    Tracked { index, weight, reverse }
}

#[test]
fn a_process_is_one_that_has_the_name_unless_more_is_said() {
    let least = process("process haproxy");
    assert_eq!(least.pattern, ProcessPattern::Name("haproxy".to_owned()));
    assert_eq!((least.quorum, least.quorum_max, least.weight, least.reverse), (1, None, 1, false));
    assert_eq!((least.fork_delay, least.terminate_delay), (Duration::ZERO, Duration::ZERO));
}

#[test]
fn parameters_and_full_command_ask_for_the_command_line() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    for (lines, program, parameters) in [
        ("process /bin/x\nfull_command", "/bin/x", ParameterPattern::Any),
        ("process /bin/x\nparam_match", "/bin/x", ParameterPattern::Exactly(Vec::new())),
        ("process /bin/x a b", "/bin/x", ParameterPattern::Exactly(words(&["a", "b"]))),
        ("process \"/bin/a b\" c \"d e\"", "/bin/a b", ParameterPattern::Exactly(words(&["c", "d e"]))),
        ("process /bin/x\nparam_match initial", "/bin/x", ParameterPattern::Any),
        ("process /bin/x\nparam_match partial", "/bin/x", ParameterPattern::Any),
        ("process /bin/x a\nparam_match partial", "/bin/x", ParameterPattern::First(words(&["a"]))),
        ("param_match initial\nprocess /bin/x a", "/bin/x", ParameterPattern::Beginning(words(&["a"]))),
    ] {
        let expected = ProcessPattern::CommandLine { program: program.to_owned(), parameters };
        assert_eq!(process(lines).pattern, expected, "{lines}");
    }
}

#[test]
fn delays_and_quorums_are_what_the_file_says() {
    let both = process("process x\ndelay 1.5\nquorum 2\nquorum_max 3\nweight -254 reverse");
    assert_eq!(
        (both.fork_delay, both.terminate_delay),
        (Duration::from_millis(1_500), Duration::from_millis(1_500))
    );
    assert_eq!((both.quorum, both.quorum_max, both.weight, both.reverse), (2, Some(3), -254, true));
    let each = process("process x\ndelay 1\nfork_delay 0.25\nterminate_delay 3");
    assert_eq!((each.fork_delay, each.terminate_delay), (Duration::from_millis(250), Duration::from_secs(3)));
}

#[test]
fn a_line_has_the_weight_of_its_tracker_unless_it_says_another() {
    let instance = &tracking(100, "A\nB", "P\nQ").instances[0];
    assert_eq!(instance.track_files, [tracked(0, 1, false), tracked(1, -2, true)]);
    assert_eq!(instance.track_processes, [tracked(0, 1, false), tracked(1, 0, true)]);
    let instance = &tracking(100, "B weight 254\nA weight 3 reverse", "Q weight -254 noreverse").instances[0];
    assert_eq!(instance.track_files, [tracked(1, 254, true), tracked(0, 3, true)]);
    assert_eq!(instance.track_processes, [tracked(1, -254, false)]);
}

#[test]
fn of_two_lines_for_one_tracker_the_first_counts_and_an_unknown_one_is_left_out() {
    let instance =
        &tracking(100, "A weight 5\nA weight 6\nC", "P\n }\n track_process {\nP weight 9\nQ").instances[0];
    assert_eq!(instance.track_files, [tracked(0, 5, false)]);
    assert_eq!(instance.track_processes, [tracked(0, 1, false), tracked(1, 0, true)]);
}

#[test]
fn the_owner_follows_no_weight_of_a_file() {
    let instance = &tracking(255, "A\nB", "P").instances[0];
    assert_eq!(instance.track_files, [tracked(0, 0, false)], "keepalived takes the default weight as 0");
}

#[test]
fn delays_of_interfaces_are_seconds_with_decimals_and_up_counts_at_once_unless_said() {
    let text = "interface_up_down_delays {\n eth0 4\n eth1 0.5 2.25\n eth0 1 255\n}\n";
    let delays: Vec<_> = config(text)
        .interface_delays
        .into_iter()
        .map(|line| (line.interface, line.down.as_millis(), line.up.as_millis()))
        .collect();
    assert_eq!(delays, [("eth1".to_owned(), 500, 2_250), ("eth0".to_owned(), 1_000, 255_000)]);
    assert_eq!(config("interface_up_down_delays {\n eth0 4\n}\n").interface_delays[0].up, Duration::ZERO);
}
