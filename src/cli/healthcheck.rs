//! `healthcheck`

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::print;
use crate::config::Config;

/// How long the server may take to connect, and to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than an answer has.
const LONGEST: u64 = 16 * 1024;

/// Asks the server that is configured whether it can do its work.
pub(super) fn run(config: &Config) -> Result<()> {
    let mut address = config.listen;
    if address.port() == 0 {
        bail!("listen: with port 0 nobody can know where the server is; choose a port");
    }
    // Whoever listens everywhere is also here.
    if address.ip().is_unspecified() {
        let here = match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        address.set_ip(here);
    }
    let answer = ask(address).with_context(|| format!("no server answers at {address}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.starts_with("HTTP/1.1 200 ") && body == "ready\n" {
        return print("ready\n");
    }
    bail!("the server at {address} is not ready: {}", body.trim().replace('\n', "; "))
}

fn ask(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}
