//! Prints the random scenario of a seed as it unfolds: `cargo run --example storm -- 42`.

use vrrp_sim::{CALM_AFTER, Scenario};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |argument| argument.parse())?;
    let scenario = Scenario::random(seed);
    for (number, host) in scenario.hosts.iter().enumerate() {
        for setup in &host.routers {
            let config = &setup.config;
            println!(
                "host {number}: virtual router {} ({}), priority {}, every {}, preempts {:?}",
                config.vrid, config.family, config.priority, config.interval, config.preempt
            );
        }
    }
    println!("{:?}", scenario.network);
    let run = scenario.run(seed, CALM_AFTER + scenario.settling_time());
    let outcome = run.map_err(|violation| violation.to_string())?;
    print!("{}", outcome.timeline());
    outcome.check_settled().map_err(|violation| violation.problem.to_string())?;
    println!("every promise was kept");
    Ok(())
}
