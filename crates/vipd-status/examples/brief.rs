//! Reads `vipd status --json` on standard input and shows it as text, problems first:
//! `vipd status --json | cargo run -p vipd-status --example brief`.

use std::io::Read as _;

use vipd_status::{Status, problems, text};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut json = String::new();
    std::io::stdin().read_to_string(&mut json)?;
    let status: Status = serde_json::from_str(&json)?;
    for problem in problems(&status) {
        println!("{}: {}", problem.subject, problem.text);
    }
    print!("{}", text::status(&status, &text::Options::default()));
    Ok(())
}
