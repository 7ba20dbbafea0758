use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use crate::connection::{Connection, PASSWORD, Session};
use crate::print_rate;

const ME: &str = "{ me { id email username firstName lastName } }";
const REGISTER: &str = "mutation($email: String!, $username: String!, $password: String!) { register(email: $email, \
                        username: $username, password1: $password, password2: $password) { success errors } }";

/// Sends 90 % `me`, 8 % `refreshToken`, 1 % `tokenAuth` and 1 % `register`. Each connection is logged in to one account at
/// a time, and each login is one to the next account.
#[tokio::main(flavor = "current_thread")]
pub async fn run(address: SocketAddr, duration: Duration, connections: usize, accounts: usize) -> Result<()> {
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for number in 0..connections {
        clients.spawn(client(address, began + duration, Visitor { number, connections, accounts }));
    }
    let mut count = 0;
    while let Some(finished) = clients.join_next().await {
        count += finished??;
    }
    print_rate(count, began.elapsed());
    Ok(())
}

/// The position of one client among all.
struct Visitor {
    number: usize,
    connections: usize,
    accounts: usize,
}

impl Visitor {
    /// Returns the address of an account with a hash of the default cost: those with odd numbers.
    fn email(&self, login: usize) -> String {
        let pairs = (self.accounts / 2).max(1);
        // A prime spreads the logins over the whole table.
        let pair = (self.number + login * self.connections) * 7919 % pairs;
        format!("user{}@example.org", 2 * pair + 1)
    }
}

async fn client(address: SocketAddr, end: Instant, visitor: Visitor) -> Result<u64> {
    let mut connection = Connection::open(address).await?;
    let mut login = 0;
    let mut session = connection.log_in(&visitor.email(login)).await?;
    // Clients are at different places of the day, so that their logins do not come all at once.
    let mut step = visitor.number * 37;
    let mut count = 0;
    while Instant::now() < end {
        match step % 100 {
            0 => {
                login += 1;
                session = connection.log_in(&visitor.email(login)).await?;
            }
            50 => register(&mut connection, &visitor, step).await?,
            place if place % 12 == 6 => session = connection.refresh(&session).await?,
            _ => me(&mut connection, &session).await?,
        }
        step += 1;
        count += 1;
    }
    Ok(count)
}

async fn me(connection: &mut Connection, session: &Session) -> Result<()> {
    let reply = connection.send(Some(&session.access), ME, json!({})).await?;
    ensure!(reply.starts_with(r#"{"data":{"me":{"id":""#), "a wrong reply to me: {reply}");
    Ok(())
}

async fn register(connection: &mut Connection, visitor: &Visitor, step: usize) -> Result<()> {
    let username = format!("new{}-{}-{step}", std::process::id(), visitor.number);
    let email = format!("{username}@example.org");
    let variables = json!({ "email": email, "username": username, "password": PASSWORD });
    let reply = connection.send(None, REGISTER, variables).await?;
    ensure!(reply.contains(r#""success":true"#), "a wrong reply to register: {reply}");
    Ok(())
}
