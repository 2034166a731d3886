//! Configurations that do not take the place of the one in force, by what they say alone.
//!
//! At a start a file is judged as keepalived does: the readable part of it counts. At a reload there is something
//! better, so a text that is damaged, or that would leave nothing in service, changes nothing.

use keepalived_conf::model::Config;

use super::kept::Kept;
use super::load::LoadedConfig;

/// The reason to refuse the new configuration, with the place and what to do; `None` if its text is sound.
pub(super) fn refusal(new: &LoadedConfig, in_force: &Kept) -> Option<String> {
    if let Some((why, _)) = &new.unusable {
        return Some(why.clone());
    }
    new.damage.clone().or_else(|| lost_file(new, in_force)).or_else(|| nothing_left(&new.config, in_force))
}

/// An included file that the configuration in force came from is not there any more, though the `include` is.
fn lost_file(new: &LoadedConfig, in_force: &Kept) -> Option<String> {
    let lost = new.absent.iter().find(|path| in_force.comes_from(path))?;
    Some(format!(
        "the included file {} is gone; bring it back, or remove the line that includes it, and reload again",
        lost.display()
    ))
}

fn nothing_left(new: &Config, in_force: &Kept) -> Option<String> {
    let (instances, servers) = (in_force.instances(), in_force.config.virtual_servers.len());
    let none_left = new.instances.is_empty() && new.virtual_servers.is_empty();
    (none_left && instances + servers > 0).then(|| {
        format!(
            "it has no vrrp_instance and no virtual_server, but in service are {instances} and {servers} of them; to \
             take everything out of service stop the daemon"
        )
    })
}

/// Objects that a reload removes altogether: it may be meant, but has to be said loudly.
pub(super) fn loss(new: &Config, in_force: &Kept) -> Option<String> {
    let lost = |what: &str, before: usize, now: usize| {
        (before > 0 && now == 0)
            .then(|| format!("this reload takes every {what} out of service: {before} of them"))
    };
    lost("vrrp_instance", in_force.instances(), new.instances.len())
        .or_else(|| lost("virtual_server", in_force.config.virtual_servers.len(), new.virtual_servers.len()))
}

#[cfg(test)]
mod tests {
    use keepalived_conf::{MemoryFiles, Options, load};

    use super::*;
    use crate::parent::load::ReadConfig;

    const GOOD: &str = "vrrp_instance V {\n interface eth0\n virtual_router_id 7\n virtual_ipaddress {\n  192.0.2.1\n }\n}\n";

    fn reading<const N: usize>(files: [(&str, &str); N]) -> LoadedConfig {
        let files = MemoryFiles::from(files);
        ReadConfig::of(load("/c/k.conf".as_ref(), &Options::new(&files))).into()
    }

    fn kept<const N: usize>(files: [(&str, &str); N]) -> Kept {
        reading(files).into()
    }

    fn of(text: &str) -> Option<String> {
        refusal(&reading([("/c/k.conf", text)]), &kept([("/c/k.conf", GOOD)]))
    }

    #[test]
    fn a_sound_configuration_is_taken_mistakes_and_all() {
        assert_eq!(of(GOOD), None);
        assert_eq!(of(&GOOD.replace("interface", "prioritty 7\n interface")), None);
    }

    #[test]
    fn a_damaged_text_is_refused_with_its_place_and_what_to_do() {
        let cut = GOOD.trim_end().trim_end_matches('}');
        let why = of(cut).expect("refused");
        assert!(why.contains("braces do not pair") && why.contains("/c/k.conf:1:1:"), "{why}");
        assert!(why.contains("vipd -t") && why.contains("reload again"), "{why}");
        let why = of("garbage {{{{").expect("refused");
        assert!(why.contains("/c/k.conf:1:1:"), "{why}");
        let why = of(&format!("<<<<\n====\n>>>>\n{GOOD}")).expect("refused");
        assert!(why.contains("and 2 more places"), "{why}");
    }

    #[test]
    fn an_empty_file_is_refused_while_something_is_in_service() {
        for text in ["", "# nothing\n", "global_defs {\n router_id x\n}\n"] {
            let why = of(text).expect("refused");
            assert!(why.contains("no vrrp_instance"), "{why}");
        }
        assert_eq!(refusal(&reading([("/c/k.conf", "")]), &kept([("/c/k.conf", "")])), None);
    }

    #[test]
    fn a_reload_that_removes_every_instance_or_virtual_server_is_reported() {
        let balanced = "virtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n real_server 192.0.2.2 80 {\n }\n}\n";
        let config = |text: &str| reading([("/c/k.conf", text)]).config;
        let old = |text: &str| kept([("/c/k.conf", text)]);
        let both = format!("{GOOD}{balanced}");
        assert_eq!(of(balanced), None);
        assert!(
            loss(&config(balanced), &old(&both)).is_some_and(|text| text.contains("every vrrp_instance out"))
        );
        assert!(
            loss(&config(GOOD), &old(&both)).is_some_and(|text| text.contains("every virtual_server out"))
        );
        assert_eq!(loss(&config(&both), &old(GOOD)), None);
    }

    #[test]
    fn a_main_file_that_is_not_there_is_refused() {
        let why = refusal(&reading([("/c/other", GOOD)]), &kept([("/c/k.conf", GOOD)])).expect("refused");
        assert!(why.contains("cannot be read: no such file: /c/k.conf;"), "{why}");
    }

    #[test]
    fn an_include_that_lost_its_file_is_refused_and_one_that_never_had_one_is_not() {
        let main = format!("include more.conf\n{GOOD}");
        let with = || reading([("/c/k.conf", &*main), ("/c/more.conf", "global_defs {\n}\n")]);
        let without = || reading([("/c/k.conf", &*main)]);
        let why = refusal(&without(), &with().into()).expect("refused");
        assert!(why.contains("/c/more.conf"), "{why}");
        assert_eq!(refusal(&without(), &without().into()), None);
        assert_eq!(refusal(&with(), &without().into()), None);
        assert_eq!(refusal(&reading([("/c/k.conf", GOOD)]), &with().into()), None);
    }
}
