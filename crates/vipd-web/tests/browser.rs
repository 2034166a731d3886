//! The page in a browser. Needs Debian's packages chromium and chromium-driver.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/browser.rs"]
mod browser;
#[path = "support/loopback.rs"]
mod loopback;
#[path = "support/samples.rs"]
mod samples;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use browser::Browser;
use serde_json::{Value, json};
use vipd_status::{State, Status, Timestamp};
use vipd_web::Access;

/// A page of so many instances. It is served until the test ends.
struct Page {
    address: SocketAddr,
    status: Arc<Mutex<Status>>,
    asked: Arc<AtomicUsize>,
}

impl Page {
    fn with(instances: usize) -> Self {
        let (listener, address) = loopback::listener().unwrap();
        let start = Timestamp::now();
        let status = Arc::new(Mutex::new(samples::status(start, instances)));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shown, counter) = (status.clone(), asked.clone());
        std::thread::spawn(move || {
            loopback::serve(listener, Access::new(None, []), || {
                counter.fetch_add(1, Ordering::Relaxed);
                let mut status = shown.lock().unwrap();
                status.at = Timestamp::now();
                Some((status.clone(), samples::events(start)))
            })
        });
        Self { address, status, asked }
    }

    fn open(&self, browser: &Browser) {
        browser.open(&format!("http://{}/", self.address)).unwrap();
    }
}

/// A browser, or a word about why there is none.
fn browser() -> Option<Browser> {
    let browser = Browser::start(1300, 1000).unwrap();
    if browser.is_none() {
        skip("chromedriver is not installed (packages chromium and chromium-driver)");
    }
    browser
}

/// Says that the test does not run, past the capture of the test runner.
fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = write!(io::stdout(), "\nSKIPPED {test}: {reason}\n");
}

/// Waits until a script is true.
fn await_true(browser: &Browser, script: &str) {
    let limit = Instant::now() + Duration::from_secs(30);
    while browser.run(script).unwrap() != json!(true) {
        assert!(Instant::now() < limit, "never true: {script}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn pages_of_all_sizes_are_shown_and_come_alive_without_complaints() {
    const MAX_SENT: u64 = 80_000;
    const PAINT: &str = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
    let Some(browser) = browser() else { return };
    for instances in [0, 1, 100, 1000] {
        let page = Page::with(instances);
        page.open(&browser);
        await_true(&browser, "return document.querySelector('#live').className === 'on'");
        let rows = browser.run("return document.querySelectorAll('.instances tbody tr').length").unwrap();
        assert_eq!(rows, json!(instances));
        await_true(&browser, &format!("return {PAINT} > 0"));
        let paint = browser.run(&format!("return {PAINT}")).unwrap();
        let sent =
            browser.run("return performance.getEntriesByType('navigation')[0].encodedBodySize").unwrap();
        println!("{instances} instances: {sent} bytes, first paint after {paint} ms");
        assert!(sent.as_u64().is_some_and(|sent| sent < MAX_SENT), "{instances} instances: {sent} bytes");
        let asked = page.asked.load(Ordering::Relaxed);
        assert!(asked >= 1, "{asked}");
        assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_change_is_shown_without_a_reload_of_the_page() {
    let Some(browser) = browser() else { return };
    let page = Page::with(6);
    page.open(&browser);
    browser.run("window.kept = true; return 0").unwrap();
    page.status.lock().unwrap().instances[0].state = State::Fault;
    await_true(&browser, "return document.querySelector('#i0-0 .badge').textContent === 'FAULT'");
    page.status.lock().unwrap().instances.truncate(2);
    await_true(&browser, "return document.querySelectorAll('.instances tbody tr').length === 2");
    assert_eq!(browser.run("return window.kept").unwrap(), json!(true));
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
}

#[test]
fn an_instance_is_found_and_explained_by_keyboard_alone() {
    const ESCAPE: &str = "\u{e00c}";
    const ENTER: &str = "\u{e007}";
    let Some(browser) = browser() else { return };
    let page = Page::with(100);
    page.open(&browser);
    browser.press("/vi_42").unwrap();
    await_true(
        &browser,
        "return document.querySelectorAll('.instances tbody tr:not([hidden])').length === 1",
    );
    browser.run("document.querySelector('.instances tr:not([hidden]) a').focus(); return 0").unwrap();
    browser.press(ENTER).unwrap();
    await_true(&browser, "return document.querySelector('dialog[open] h2')?.textContent.startsWith('VI_42')");
    browser.press(ESCAPE).unwrap();
    await_true(&browser, "return !document.querySelector('dialog[open]')");
    assert_eq!(browser.run("return document.activeElement.textContent").unwrap(), json!("VI_42"));
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
}

#[test]
fn names_of_others_run_nothing() {
    let Some(browser) = browser() else { return };
    let page = Page::with(6);
    let hostile = "\"><img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";
    {
        let mut status = page.status.lock().unwrap();
        status.instances[0].name = hostile.to_owned();
        status.services[0].name = hostile.to_owned();
        status.trackers[0].name = hostile.to_owned();
    }
    page.open(&browser);
    browser.run("document.querySelector('#i0-0 a').click(); return 0").unwrap();
    await_true(
        &browser,
        "return document.querySelector('dialog[open] h2')?.textContent.includes('<script>')",
    );
    assert_eq!(browser.run("return window.hit === undefined").unwrap(), json!(true));
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
}

/// `AXE=axe.min.js` (npm's axe-core) checks the page for what hinders users of a keyboard or a screen reader. `cargo xtask test`
/// fetches it and sets that.
#[test]
fn axe_finds_nothing_serious() {
    let Ok(path) = std::env::var("AXE") else {
        return skip("AXE does not name the file axe.min.js of axe-core; `cargo xtask test` fetches it");
    };
    let Some(browser) = browser() else { return };
    let axe = std::fs::read_to_string(path).unwrap();
    for instances in [0, 1, 6, 100] {
        let page = Page::with(instances);
        page.open(&browser);
        await_true(&browser, "return document.querySelector('#live').className === 'on'");
        if instances == 6 {
            browser.run("document.querySelector('#i0-2 a').click(); return 0").unwrap();
            await_true(&browser, "return !!document.querySelector('dialog[open] h2')");
        }
        let script = format!(
            "{axe}; axe.run().then(found => arguments[0](found.violations.map(v => [v.impact, v.id, \
                              v.nodes.slice(0, 3).map(n => n.html)])))"
        );
        let found = browser.run_async(&script).unwrap();
        let serious = |finding: &&Value| matches!(finding[0].as_str(), Some("serious" | "critical"));
        let found: Vec<&Value> = found.as_array().unwrap().iter().filter(serious).collect();
        assert!(found.is_empty(), "{instances} instances: {found:#?}");
    }
}
