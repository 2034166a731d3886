//! The table is complete and agrees with itself.

use std::collections::HashSet;

use super::*;

/// Every (path, keyword) pair of keepalived 2.4.3.
const PAIRS: &str = include_str!("pairs.tsv");

fn context(path: &str) -> Context {
    *Context::ALL.iter().find(|context| context.path() == path).unwrap_or_else(|| panic!("no context {path}"))
}

#[test]
fn every_keyword_of_keepalived_is_declared_where_it_may_stand() {
    let missing: Vec<_> = PAIRS
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(path, name)| find(context(path), name).is_none())
        .collect();
    assert!(missing.is_empty(), "not declared: {missing:?}");
    assert_eq!(PAIRS.lines().count(), 657);
}

#[test]
fn keywords_of_keepalived_are_not_called_our_own() {
    for (path, name) in PAIRS.lines().filter_map(|line| line.split_once('\t')) {
        assert!(find(context(path), name).is_some_and(|keyword| !keyword.is_own()), "{name} in {path}");
    }
    assert!(find(Context::HttpGet, "basic_auth").is_some_and(Keyword::is_own));
}

#[test]
fn no_keyword_is_declared_twice_in_a_context() {
    let mut seen = HashSet::new();
    for keyword in all() {
        for context in keyword.contexts {
            assert!(seen.insert((context, keyword.name)), "{} twice in {context}", keyword.name);
        }
    }
}

#[test]
fn a_block_keyword_opens_the_context_that_bears_its_path() {
    for keyword in all() {
        let Some(opened) = keyword.arguments.block() else { continue };
        for context in keyword.contexts {
            let path = match *context {
                Context::Root => String::new(),
                // The checkers of a sorry server are those of a real server.
                Context::SorryServerCheck => format!("{}/", Context::RealServer.path()),
                context => format!("{}/", context.path()),
            };
            assert_eq!(opened.path(), format!("{path}{}", keyword.name));
        }
    }
}

#[test]
fn contexts_are_numbered_in_their_order() {
    for (number, &context) in Context::ALL.iter().enumerate() {
        assert_eq!(context as usize, number);
    }
}

#[test]
fn every_context_but_the_root_can_be_opened() {
    let opened: HashSet<_> = all().filter_map(|keyword| keyword.arguments.block()).collect();
    let orphans: Vec<_> = Context::ALL
        .iter()
        .filter(|context| **context != Context::Root && !opened.contains(context))
        .collect();
    assert!(orphans.is_empty(), "{orphans:?}");
}

#[test]
fn every_keyword_says_what_it_means() {
    for keyword in all() {
        assert!(
            keyword.meaning.len() > 5 && keyword.meaning.ends_with('.'),
            "{}: {}",
            keyword.name,
            keyword.meaning
        );
        let release = keyword.since.split('.').all(|part| part.parse::<u8>().is_ok());
        assert!(release || keyword.is_own(), "{}", keyword.name);
    }
}

#[test]
fn the_word_that_replaces_an_old_one_exists() {
    for keyword in all() {
        let (Status::Deprecated(instead) | Status::OldSpelling(instead)) = keyword.status else { continue };
        if !instead.contains(' ') {
            assert!(keyword.contexts.iter().all(|&context| find(context, instead).is_some()), "{instead}");
        }
    }
}

#[test]
fn grammar_prints_as_it_is_written_in_a_file() {
    let printed = |context, name| find(context, name).expect(name).to_string();
    assert_eq!(printed(Context::VrrpInstance, "advert_int"), "advert_int <seconds:0.01..255, 6 decimals>");
    assert_eq!(printed(Context::VrrpScript, "weight"), "weight <-253..253> [reverse]");
    assert_eq!(printed(Context::Root, "vrrp_instance"), "vrrp_instance <name> { ... }");
    assert_eq!(printed(Context::VrrpInstance, "nopreempt"), "nopreempt");
    assert_eq!(printed(Context::UnicastPeers, LINE), "<ip> [min_ttl <0..255>] [max_ttl <0..255>]");
}

#[test]
fn an_unknown_word_explains_nothing() {
    assert!(explain("prioritty").is_empty());
    assert!(explain(LINE).is_empty());
    assert_eq!(explain("priority").len(), 3);
}

/// Options of lines (`dev`, `via`) are read by tables of their own; so are the scripts of FIFOs, by the name of the FIFO.
#[test]
fn every_keyword_that_acts_has_a_name_in_the_code() {
    let missing: Vec<_> = all()
        .filter(|keyword| keyword.status == Status::Acts && keyword.name.contains('_'))
        .map(|keyword| keyword.name)
        .filter(|name| !name.ends_with("notify_fifo_script") && !word::ALL.contains(name))
        .collect();
    assert!(missing.is_empty(), "they say that they act, and no code reads them: {missing:?}");
}

#[test]
fn every_name_in_the_code_is_a_keyword() {
    let unknown: Vec<_> = word::ALL.iter().filter(|name| explain(name).is_empty()).collect();
    assert!(unknown.is_empty(), "not in a table: {unknown:?}");
}
