//! A connection that sends one GraphQL request after the other. Reads no more of HTTP than this server writes, because
//! the load shares the processors with the server.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The password of all accounts that `bench/run.py` creates.
pub const PASSWORD: &str = "correct-horse-battery";

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The tokens of a session.
pub struct Session {
    pub access: String,
    pub refresh: String,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("no connection to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(8192) })
    }

    /// Sends a document. Returns the body of the reply, which must have status 200.
    pub async fn send(&mut self, token: Option<&str>, document: &str, variables: Value) -> Result<String> {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let authorization = token.map(|token| format!("Authorization: JWT {token}\r\n")).unwrap_or_default();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{authorization}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.read_reply().await
    }

    async fn read_reply(&mut self) -> Result<String> {
        self.received.clear();
        loop {
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "the server closed the connection");
            let Some(end) = self.received.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.received[..end])?.to_ascii_lowercase();
            let body = &self.received[end + 4..];
            let length = head.split_once("content-length: ").context("a reply without Content-Length")?.1;
            let length: usize = length.split("\r\n").next().unwrap_or_default().parse()?;
            if body.len() == length {
                let body = std::str::from_utf8(body)?.to_owned();
                ensure!(
                    head.starts_with("http/1.1 200 "),
                    "a reply with another status than 200: {head}\n{body}"
                );
                return Ok(body);
            }
        }
    }

    pub async fn log_in(&mut self, email: &str) -> Result<Session> {
        let document = "mutation($email: String!, $password: String!) { \
                        payload: tokenAuth(email: $email, password: $password) \
                        { success errors token refreshToken } }";
        let reply = self.send(None, document, json!({ "email": email, "password": PASSWORD })).await?;
        Session::parse(&reply)
    }

    /// Exchanges the refresh token.
    pub async fn refresh(&mut self, session: &Session) -> Result<Session> {
        let document = "mutation($token: String!) { payload: refreshToken(refreshToken: $token) \
                        { success errors token refreshToken } }";
        let reply = self.send(None, document, json!({ "token": session.refresh })).await?;
        Session::parse(&reply)
    }
}

impl Session {
    fn parse(reply: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(reply)?;
        let payload = &value["data"]["payload"];
        match (payload["token"].as_str(), payload["refreshToken"].as_str()) {
            (Some(access), Some(refresh)) => {
                Ok(Self { access: access.to_owned(), refresh: refresh.to_owned() })
            }
            _ => bail!("a reply without tokens: {reply}"),
        }
    }
}
