//! Keywords about the page and the metrics.

use keepalived_conf::load_str;
use keepalived_conf::model::daemon::Http;

#[test]
fn http_is_off_unless_an_address_is_named() {
    let http = |lines: &str| {
        let loaded = load_str(&format!("global_defs {{\n{lines}\n}}\n"));
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|finding| finding.code).collect();
        (loaded.config.global.daemon.http, codes)
    };
    assert_eq!(http("").0.listen, None);
    let (local, codes) = http("http_listen 127.0.0.1:9165\nhttp_name a b.example");
    assert_eq!(local.listen, Some("127.0.0.1:9165".parse().unwrap()));
    assert_eq!((local.names, codes), (vec!["a".to_owned(), "b.example".to_owned()], vec![]));
    let (open, codes) = http("http_listen [::]:9165");
    assert_eq!((open.listen, codes), (Some("[::]:9165".parse().unwrap()), vec!["http-open"]));
    let (guarded, codes) = http("http_listen 0.0.0.0:9165\nhttp_token_file /etc/vipd.token");
    assert_eq!((guarded.token_file, codes), (Some("/etc/vipd.token".into()), vec![]));
    for wrong in ["9165", "localhost:9165", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000"] {
        assert_eq!(http(&format!("http_listen {wrong}")), (Http::default(), vec!["bad-value"]), "{wrong}");
    }
}
