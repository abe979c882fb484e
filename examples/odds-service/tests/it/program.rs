// The program as its user starts it: asked for a price twice, then ended by a signal.
// Never knows: how the service works.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::client::Client;

/// The program, which does not outlive the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.0.kill();
    }
}

#[tokio::test]
async fn the_program_serves_its_second_reader_from_the_cache_and_ends_by_a_signal() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odds-service"));
    let child = command.arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().expect("it is built");
    let mut program = Program(child);
    let mut line = String::new();
    let stdout = program.0.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let (address, path) =
        line.trim().strip_prefix("http://").and_then(|at| at.split_once('/')).expect("a URL");
    let mut client = Client::new(address.parse().expect("an address"));

    let path = format!("/{path}");
    for because in ["miss", "fresh"] {
        let answer = client.ask("GET", &path).await.expect("an answer");
        assert_eq!(answer.status, 200);
        assert!(answer.headers.contains(&format!("x-price-because: {because}\r\n")), "{answer:?}");
        assert!(answer.body.trim().parse::<f64>().is_ok_and(|price| price > 1.0), "{answer:?}");
    }
    let metrics = client.ask("GET", "/metrics").await.expect("an answer");
    let computed = "kairos_cache_computes_total{kind=\"miss\"} 1\n";
    assert!(metrics.body.contains(computed), "{metrics:?}");

    let pid = program.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("a shell's tools").success());
    assert!(program.0.wait().expect("it ends").success());
}
