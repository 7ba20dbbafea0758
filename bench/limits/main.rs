//! The limits of the machine, with which `bench/run.py` compares the server, and the load that wrk cannot generate.

mod argon;
mod commits;
mod connection;
mod handler;
mod mix;
mod refresh;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
enum Command {
    /// Prints the Argon2id verifications a second at the default cost of the server.
    Argon2 { seconds: u64, threads: usize },
    /// Serves `me` with one SQLite read a request, and prints the address.
    Handler { port: u16 },
    /// Prints the durable commits a second of one SQLite connection to a new file in a folder.
    Commits { seconds: u64, folder: PathBuf },
    /// Prints the exchanges of refresh tokens a second. Each connection has a session of its own.
    Refresh { address: SocketAddr, seconds: u64, connections: usize },
    /// Prints the requests a second of a mixed day, with logins to accounts among so many.
    Day { address: SocketAddr, seconds: u64, connections: usize, accounts: usize },
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Argon2 { seconds, threads } => argon::run(Duration::from_secs(seconds), threads),
        Command::Handler { port } => handler::run(port),
        Command::Commits { seconds, folder } => commits::run(Duration::from_secs(seconds), &folder),
        Command::Refresh { address, seconds, connections } => {
            refresh::run(address, Duration::from_secs(seconds), connections)
        }
        Command::Day { address, seconds, connections, accounts } => {
            mix::run(address, Duration::from_secs(seconds), connections, accounts)
        }
    }
}

/// Prints what `bench/run.py` reads.
fn print_rate(count: u64, elapsed: Duration) {
    println!("{:.2}", count as f64 / elapsed.as_secs_f64());
}
