//! A mail server that accepts mails, or replies as a test scripts it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use rustls::{ServerConnection, StreamOwned};
use tokio::net::TcpSocket;

use crate::support::certificate::Certificate;

/// The line for which a script gives the greeting. For other replies it gets the received line.
pub const GREETING: &str = "(greeting)";

/// What a script does instead of accepting a line.
pub enum Answer {
    Say(String),
    /// A mail that is complete by then counts as accepted.
    HangUp,
}

/// An address that refuses connections until it is opened.
pub struct Closed(TcpSocket);

pub struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// What the receiver got.
#[derive(Default)]
pub struct Seen {
    pub connections: usize,
    pub lines: Vec<String>,
    pub mails: Vec<AcceptedMail>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedMail {
    pub from: String,
    pub to: String,
    pub raw: String,
}

/// How connections of a receiver are encrypted.
#[derive(Clone)]
pub enum Encryption {
    Never,
    StartTls(Certificate),
    Whole(Certificate),
}

type Script = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// Adds PIPELINING to what the server of a script offers.
pub fn pipelining(
    mut script: impl FnMut(&str) -> Option<Answer> + Send,
) -> impl FnMut(&str) -> Option<Answer> + Send {
    move |line| {
        let offer = "250-receiver.example\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN";
        script(line).or_else(|| line.starts_with("EHLO").then(|| say(offer)).flatten())
    }
}

pub fn say(text: &str) -> Option<Answer> {
    Some(Answer::Say(text.to_owned()))
}

impl Closed {
    /// Reserves a port. The socket is bound but does not listen.
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.0.local_addr().expect("an address"))
    }

    pub fn open(self) -> Receiver {
        let listener = self.0.listen(16).and_then(tokio::net::TcpListener::into_std).expect("a listener");
        listener.set_nonblocking(false).expect("a listener that waits");
        Receiver::run(listener, Encryption::Never, Arc::new(|_| None))
    }
}

impl Receiver {
    /// Starts a receiver that accepts all mails.
    pub fn start() -> Self {
        Self::scripted(|_| None)
    }

    /// Starts a receiver that calls `script` for each line.
    pub fn scripted(script: impl FnMut(&str) -> Option<Answer> + Send + 'static) -> Self {
        Self::encrypted(Encryption::Never, script)
    }

    /// Starts a receiver whose script may wait on one connection while it answers on others.
    pub fn concurrent(script: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::run(Self::listener(), Encryption::Never, Arc::new(script))
    }

    pub fn encrypted(
        encryption: Encryption,
        script: impl FnMut(&str) -> Option<Answer> + Send + 'static,
    ) -> Self {
        let script = Mutex::new(script);
        Self::run(
            Self::listener(),
            encryption,
            Arc::new(move |line| (script.lock().expect("no panic"))(line)),
        )
    }

    fn listener() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").expect("a free port")
    }

    fn run(listener: TcpListener, encryption: Encryption, script: Script) -> Self {
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, script, encryption) =
                    (Arc::clone(&shared), Arc::clone(&script), encryption.clone());
                seen.lock().expect("no panic").connections += 1;
                // A broken connection is an error for the client only.
                std::thread::spawn(move || Session { seen, script, encryption }.run(stream));
            }
        });
        Self { address, seen }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic")
    }

    /// Returns the recipients of all mails in order.
    pub fn recipients(&self) -> Vec<String> {
        self.seen().mails.iter().map(|mail| mail.to.clone()).collect()
    }
}

struct Session {
    seen: Arc<Mutex<Seen>>,
    script: Script,
    encryption: Encryption,
}

impl Session {
    fn run(self, stream: TcpStream) -> std::io::Result<()> {
        let mut wire = BufReader::new(match &self.encryption {
            Encryption::Whole(certificate) => encrypted(certificate, stream),
            _ => Wire::Plain(stream),
        });
        let (mut from, mut to, mut raw) = (String::new(), String::new(), None::<String>);
        let mut line = GREETING.to_owned();
        loop {
            let script = (self.script)(&line);
            let hangs_up = matches!(script, Some(Answer::HangUp));
            let reply = match (script, &mut raw) {
                (Some(Answer::Say(text)), _) => text,
                (_, Some(raw)) if line != "." => {
                    raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                    raw.push_str("\r\n");
                    String::new()
                }
                _ if line == "DATA" && to.is_empty() => "503 no recipient".to_owned(),
                _ => self.usual(&line),
            };
            if line == "." {
                let raw = raw.take().unwrap_or_default();
                if hangs_up || reply.starts_with('2') {
                    let mail = AcceptedMail { from: from.clone(), to: to.clone(), raw };
                    self.seen.lock().expect("no panic").mails.push(mail);
                }
            }
            if hangs_up {
                return Ok(());
            }
            if !reply.is_empty() {
                wire.get_mut().write_all(format!("{reply}\r\n").as_bytes())?;
                wire.get_mut().flush()?;
            }
            match line.split([' ', ':']).next() {
                _ if raw.is_some() => {}
                Some("MAIL") => (from, to) = (in_brackets(&line), String::new()),
                Some("RCPT") if !reply.starts_with(['4', '5']) => to = in_brackets(&line),
                Some("DATA") if reply.lines().last().is_some_and(|line| line.starts_with('3')) => {
                    raw = Some(String::new());
                }
                Some("STARTTLS") => wire = self.upgrade(wire),
                Some("QUIT") => return Ok(()),
                _ => {}
            }
            let mut next = String::new();
            if wire.read_line(&mut next)? == 0 {
                return Ok(());
            }
            next.trim_end_matches(['\r', '\n']).clone_into(&mut line);
            if raw.is_none() {
                self.seen.lock().expect("no panic").lines.push(line.clone());
            }
        }
    }

    fn usual(&self, line: &str) -> String {
        let starttls =
            if matches!(self.encryption, Encryption::StartTls(_)) { "250-STARTTLS\r\n" } else { "" };
        match line.split([' ', ':']).next() {
            Some(GREETING) => "220 receiver.example".to_owned(),
            Some("EHLO") => format!("250-receiver.example\r\n{starttls}250 AUTH PLAIN LOGIN"),
            Some("AUTH") => "235 welcome".to_owned(),
            Some("DATA") => "354 go on".to_owned(),
            Some("STARTTLS") => "220 go on".to_owned(),
            Some("QUIT") => "221 goodbye".to_owned(),
            _ => "250 fine".to_owned(),
        }
    }

    fn upgrade(&self, wire: BufReader<Wire>) -> BufReader<Wire> {
        match (wire.into_inner(), &self.encryption) {
            (Wire::Plain(stream), Encryption::StartTls(certificate)) => {
                BufReader::new(encrypted(certificate, stream))
            }
            (wire, _) => BufReader::new(wire),
        }
    }
}

fn encrypted(certificate: &Certificate, stream: TcpStream) -> Wire {
    let connection = ServerConnection::new(certificate.server()).expect("TLS");
    Wire::Encrypted(Box::new(StreamOwned::new(connection, stream)))
}

fn in_brackets(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(inside, _)| inside.to_owned()).unwrap_or_default()
}

enum Wire {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}
