//! Pushes one scenario into the servers that `tests/stack/up` started, as if it ran two minutes ago, and prints
//! its correlation ID: `cargo run --example push -- storage-error`.

#[path = "../tests/support/generator/mod.rs"]
#[allow(dead_code)]
mod generator;
#[path = "../tests/support/stack.rs"]
#[allow(dead_code)]
mod stack;

use trace::model::time::MINUTE;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "complete".to_owned());
    let names = || trace::source::demo::scenarios().into_iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
    let scenario = trace::source::demo::scenarios().into_iter().find(|s| s.name == name);
    let scenario = scenario.ok_or_else(|| anyhow::anyhow!("no scenario {name}; there are {}", names()))?;
    let now = stack::now();
    let run = scenario.run(now.plus(-2 * MINUTE), now.0.unsigned_abs());
    stack::push(&run).await;
    println!("{}", run.correlation_id);
    Ok(())
}
