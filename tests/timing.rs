//! Tests whether the time of a refused login reveals that an address is unknown. `cargo test` does not run it, because it
//! takes minutes and needs a quiet machine:
//!
//! ```text
//! cargo build --release
//! cargo test --test timing -- target/release/pledge4future-auth
//! ```
//!
//! The given program, or the one that cargo built for tests, runs with the default parameters of password hashes and
//! without throttling. The test sends pairs of logins on one connection in random order: one for an unknown address and one
//! with a wrong password. It exits with 1 if Wilcoxon's signed-rank test gives a probability of 0.01 or less for such
//! differences by chance.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rand::RngExt as _;
use rand::rngs::StdRng;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

const PAIRS: usize = 500;
const WARM_UP: usize = 20;
const SIGNIFICANCE: f64 = 0.01;

const SETTINGS: &str = "listen = \"127.0.0.1:0\"\nmail.transport = \"file\"\nlimits.enabled = false\n";

struct Server {
    child: Child,
    endpoint: String,
    client: Client,
    _folder: TempDir,
}

impl Server {
    fn start(program: &str) -> Self {
        let program = std::path::absolute(program).expect("a path");
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("config.toml"), SETTINGS).expect("a file");
        let command = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.args(arguments).current_dir(folder.path()).env_clear();
            command
        };
        let create = ["user", "create", "--email", "ada@example.org", "--verified", "--password-stdin"];
        let mut creating = command(&create).stdin(Stdio::piped()).spawn().expect("the program runs");
        creating.stdin.take().expect("a pipe").write_all(b"kelp-Forest-41\n").expect("a pipe");
        assert!(creating.wait().expect("it ends").success());
        let mut child = command(&["serve"]).stderr(Stdio::piped()).spawn().expect("the program runs");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let greeting = log.next().expect("a first line").expect("a text");
        let address = greeting.split([' ', ',']).find(|word| word.starts_with("http://"));
        let endpoint = format!("{}/graphql", address.unwrap_or_else(|| panic!("no address in {greeting:?}")));
        std::thread::spawn(move || log.for_each(drop));
        Self { child, endpoint, client: Client::new(), _folder: folder }
    }

    /// Returns the duration of a refused login in seconds.
    async fn duration(&self, email: &str) -> f64 {
        let query = "mutation ($email: String, $password: String!) { \
            tokenAuth(email: $email, password: $password) { success } }";
        let variables = json!({ "email": email, "password": "not-this-One-7" });
        let body = json!({ "query": query, "variables": variables });
        let request = self.client.post(&self.endpoint).json(&body);
        let began = Instant::now();
        let answer = request.send().await.expect("an answer").bytes().await.expect("an answer");
        let took = began.elapsed().as_secs_f64();
        let answer: Value = serde_json::from_slice(&answer).expect("an answer in JSON");
        assert_eq!(answer, json!({ "data": { "tokenAuth": { "success": false } } }));
        took
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let program =
        std::env::args().nth(1).unwrap_or_else(|| env!("CARGO_BIN_EXE_pledge4future-auth").to_owned());
    let server = Server::start(&program);
    let mut coin = rand::make_rng::<StdRng>();
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    for pair in 0..WARM_UP + PAIRS {
        // Both addresses have the same length.
        let nobody = format!("{:03x}@example.org", pair + 0xa00);
        let (of_nobody, of_ada) = if coin.random() {
            let first = server.duration(&nobody).await;
            (first, server.duration("ada@example.org").await)
        } else {
            let first = server.duration("ada@example.org").await;
            (server.duration(&nobody).await, first)
        };
        if pair >= WARM_UP {
            unknown.push(of_nobody);
            wrong.push(of_ada);
        }
    }
    let differences: Vec<f64> = unknown.iter().zip(&wrong).map(|(one, other)| one - other).collect();
    let p = signed_rank(&differences);
    println!("{PAIRS} pairs of logins");
    println!("unknown address: median {:.3} ms", median(&unknown) * 1e3);
    println!("wrong password:  median {:.3} ms", median(&wrong) * 1e3);
    println!("difference:      median {:+.3} ms", median(&differences) * 1e3);
    println!("signed-rank test: p = {p:.3}");
    drop(server);
    if p <= SIGNIFICANCE {
        println!("The durations differ.");
        std::process::exit(1);
    }
    println!("The durations do not differ.");
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// Wilcoxon's two-sided signed-rank test by its normal approximation. Returns the probability of such ranks by chance.
/// Ties do not occur, because the clock is precise.
fn signed_rank(differences: &[f64]) -> f64 {
    let mut ordered: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    ordered.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
    let ranked = (1_u32..).zip(&ordered);
    let positive: f64 =
        ranked.filter(|(_, difference)| **difference > 0.0).map(|(rank, _)| f64::from(rank)).sum();
    let n = f64::from(u32::try_from(ordered.len()).expect("not many"));
    let expected = n * (n + 1.0) / 4.0;
    let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
    complement_of_erf((positive - expected).abs() / deviation / 2_f64.sqrt())
}

/// Abramowitz and Stegun, 7.1.26, accurate to seven digits.
fn complement_of_erf(x: f64) -> f64 {
    let t = 1.0 / 0.327_591_1_f64.mul_add(x, 1.0);
    let factors = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    factors.iter().fold(0.0, |sum: f64, factor| (sum + factor) * t) * (-x * x).exp()
}
