//! A browser over WebDriver (W3C), with as much of HTTP as chromedriver takes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Chromium without a window. It ends with this value.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts one; `None` if this machine has none.
    pub(crate) fn start(width: u32, height: u32) -> io::Result<Option<Self>> {
        let mut command = Command::new("chromedriver");
        let started = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = match started {
            Ok(driver) => driver,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let port = port_of(&mut driver)?;
        let mut browser = Self { driver, port, session: String::new() };
        let size = format!("--window-size={width},{height}");
        let arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &size];
        let options = json!({ "args": arguments });
        let capabilities =
            json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let answer = browser.post("/session", &json!({ "capabilities": { "alwaysMatch": capabilities } }))?;
        answer["sessionId"].as_str().unwrap_or_default().clone_into(&mut browser.session);
        Ok(Some(browser))
    }

    /// Loads a page.
    pub(crate) fn open(&self, address: &str) -> io::Result<()> {
        self.command("url", &json!({ "url": address })).map(drop)
    }

    /// The value of a script that ends with `return`.
    pub(crate) fn run(&self, script: &str) -> io::Result<Value> {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The value that a script passes to its last argument.
    pub(crate) fn run_async(&self, script: &str) -> io::Result<Value> {
        self.command("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Presses keys where the focus is.
    pub(crate) fn press(&self, keys: &str) -> io::Result<()> {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|action| json!({ "type": action, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.command("actions", &json!({ "actions": [keyboard] })).map(drop)
    }

    /// Errors and warnings that the browser wrote to its console, refused by the policy of the page among them.
    pub(crate) fn complaints(&self) -> io::Result<Vec<String>> {
        let log = self.command("se/log", &json!({ "type": "browser" }))?;
        let entries = log.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        Ok(entries.iter().filter(is_bad).map(|entry| entry["message"].to_string()).collect())
    }

    fn command(&self, name: &str, body: &Value) -> io::Result<Value> {
        self.post(&format!("/session/{}/{name}", self.session), body)
    }

    fn post(&self, path: &str, body: &Value) -> io::Result<Value> {
        self.request("POST", path, &body.to_string())
    }

    fn request(&self, method: &str, path: &str, body: &str) -> io::Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )?;
        let mut reader = BufReader::new(stream);
        let (mut is_good, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            is_good.get_or_insert_with(|| line.starts_with("HTTP/1.1 200"));
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        // The driver keeps the connection, whatever it is asked.
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut value: Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
        if is_good != Some(true) {
            return Err(io::Error::other(format!("{path}: {value}")));
        }
        Ok(value["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closes the browser, which killing the driver would leave.
        let _ = self.request("DELETE", &format!("/session/{}", self.session), "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// `ChromeDriver was started successfully on port 40123.`
fn port_of(driver: &mut Child) -> io::Result<u16> {
    let output = driver.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
    for line in BufReader::new(output).lines() {
        if let Some((_, port)) = line?.split_once("successfully on port ")
            && let Ok(port) = port.trim_end_matches('.').parse()
        {
            return Ok(port);
        }
    }
    Err(io::Error::other("chromedriver did not say its port"))
}
