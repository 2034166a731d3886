//! The keyword table and the code that acts on it say the same.

use crate::keywords::{self, Arguments, Context, Keyword, LINE, Status};

use super::load_str;

/// Something the keyword takes.
fn sample(keyword: &Keyword) -> String {
    match keyword.arguments {
        Arguments::Integer { min, max, .. } => min.max(1).min(max).to_string(),
        Arguments::Decimal { min, .. } => min.div_ceil(1_000_000).max(1).to_string(),
        Arguments::Weight { .. } => "5".to_owned(),
        Arguments::Choice(words) | Arguments::ChoiceAnyCase(words) => words[0].to_owned(),
        Arguments::Address | Arguments::Prefix => "192.0.2.9".to_owned(),
        Arguments::Multicast4 | Arguments::Multicast => "224.0.0.77".to_owned(),
        Arguments::Multicast6 => "ff02::77".to_owned(),
        Arguments::Command | Arguments::OptionalCommand => "/bin/true".to_owned(),
        Arguments::Block(_) | Arguments::Lines(_) => "{\n}".to_owned(),
        Arguments::NamedBlock(_) | Arguments::NamedLines(_) | Arguments::KeyedBlock(..) => {
            "x {\n}".to_owned()
        }
        Arguments::None
        | Arguments::Ignored
        | Arguments::Switch
        | Arguments::OptionalInteger { .. }
        | Arguments::OptionalChoice(_)
        | Arguments::OptionalWord(_) => String::new(),
        Arguments::Words(_) if keyword.name == "regex_options" => "caseless".to_owned(),
        Arguments::Word(_) if keyword.name == "config_save_dir" => "/x".to_owned(),
        Arguments::Word(_)
        | Arguments::Words(_)
        | Arguments::Secret(_)
        | Arguments::Interface
        | Arguments::User
        | Arguments::Fifo => "x".to_owned(),
        Arguments::Form(_) => match keyword.name {
            "umask" => "022".to_owned(),
            "scope" => "link".to_owned(),
            "brd" | "broadcast" => "+".to_owned(),
            "peer" => "192.0.2.3".to_owned(),
            "preferred_lft" => "forever".to_owned(),
            "vrrp_rx_bufs_policy" => "MTU".to_owned(),
            _ => "x".to_owned(),
        },
    }
}

/// A configuration that uses the keyword in the context.
fn using(context: Context, keyword: &Keyword) -> String {
    let line = format!("{} {}", keyword.name, sample(keyword));
    match context {
        Context::VirtualAddresses | Context::ExcludedAddresses => {
            inside(context, &format!("192.0.2.1/24 {line}"))
        }
        _ => inside(context, &line),
    }
}

/// The line in the blocks that lead to the context.
fn inside(context: Context, line: &str) -> String {
    let mut text = line.to_owned();
    for name in context.path().split('/').rev().filter(|name| !name.is_empty()) {
        let key = match name {
            "vrrp_instance" | "vrrp_script" | "track_file" | "bfd_instance" => " A",
            "virtual_server" | "real_server" => " 192.0.2.1 80",
            _ => "",
        };
        text = format!("{name}{key} {{\n{text}\n}}");
    }
    text
}

#[test]
fn a_keyword_acts_if_and_only_if_the_table_says_so() {
    let contexts = [
        Context::Root,
        Context::GlobalDefs,
        Context::VrrpScript,
        Context::VrrpInstance,
        Context::Authentication,
        Context::VirtualAddresses,
        Context::ExcludedAddresses,
        Context::Ssl,
        Context::TrackFile,
        Context::BfdInstance,
    ];
    let of_servers = |context: &&Context| context.path().starts_with("virtual_server");
    for context in contexts.into_iter().chain(Context::ALL.iter().filter(of_servers).copied()) {
        // Includes are gone before lowering, and lines have no name.
        let here = keywords::within(context)
            .filter(|keyword| keyword.name != LINE && !keyword.name.starts_with("include"));
        for keyword in here {
            let loaded = load_str(&using(context, keyword));
            let idle = loaded.diagnostics.iter().any(|finding| {
                matches!(finding.code, "not-acted-on" | "no-effect" | "refused")
                    && finding.message.contains(&format!("`{}`", keyword.name))
            });
            let acts = acts(context, keyword);
            assert_eq!(idle, !acts, "{} in {context}: {:?}", keyword.name, loaded.diagnostics);
            assert!(!loaded.diagnostics.has_code("unknown-keyword"), "{} in {context}", keyword.name);
            assert!(!loaded.diagnostics.has_code("unknown-option"), "{} in {context}", keyword.name);
        }
    }
}

/// Whether it acts, or is an old spelling of what does.
fn acts(context: Context, keyword: &Keyword) -> bool {
    match keyword.status {
        Status::Acts => true,
        Status::Deprecated(instead) | Status::OldSpelling(instead) => {
            match keywords::find(context, instead) {
                Some(instead) => instead.status == Status::Acts,
                // Replaced by more than one word.
                None => matches!(keyword.name, "native_ipv6" | "host" | "lvs_sync_daemon_interface"),
            }
        }
        Status::Ignored | Status::NoEffect(_) | Status::Refused(_) => false,
    }
}

#[test]
fn keywords_that_abort_keepalived_without_argument_are_reported_as_such() {
    let fixed = [Context::GlobalDefs, Context::VrrpInstance, Context::VrrpScript, Context::TrackFile];
    // Nothing is read inside of what nothing acts on, or of what the text around it does not open.
    let of_servers = |context: &&Context| {
        context.path().starts_with("virtual_server/") || **context == Context::VirtualServer
    };
    for context in fixed.into_iter().chain(Context::ALL.iter().filter(of_servers).copied()) {
        for keyword in keywords::within(context).filter(|keyword| keyword.aborts) {
            let text = inside(context, keyword.name);
            assert_eq!(super::exit_code(&load_str(&text).diagnostics), 2, "{text}");
        }
    }
}

#[test]
fn every_choice_and_range_of_the_table_is_checked() {
    for keyword in keywords::within(Context::VirtualServer) {
        if matches!(
            keyword.arguments,
            Arguments::Integer { .. } | Arguments::Choice(_) | Arguments::Decimal { .. }
        ) {
            let text = format!("virtual_server 192.0.2.1 80 {{\n{} nonsense\n}}", keyword.name);
            assert!(load_str(&text).diagnostics.has_code("bad-value"), "{text}");
        }
    }
}
