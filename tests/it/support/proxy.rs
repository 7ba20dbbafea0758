//! A proxy for TCP that loses the reply to one message.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Proxy {
    pub address: SocketAddr,
    is_armed: Arc<AtomicBool>,
}

impl Proxy {
    /// Forwards connections to a port of this machine.
    pub fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let is_armed = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&is_armed);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let armed = Arc::clone(&armed);
                std::thread::spawn(move || forward(&client, &server, &armed));
            }
        });
        Self { address, is_armed }
    }

    /// The next COMMIT reaches the server, and its connection breaks before the reply reaches the client.
    pub fn lose_the_next_commit(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }
}

fn forward(client: &TcpStream, server: &TcpStream, is_armed: &AtomicBool) {
    let (mut replies, mut to_client, is_lost) = (server, client, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = replies.read(&mut buffer) {
                if is_lost.load(Ordering::SeqCst) || to_client.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let (mut requests, mut to_server) = (client, server);
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = requests.read(&mut buffer) {
            let request = &buffer[..length];
            let is_commit = request.windows(6).any(|word| word == b"COMMIT");
            if is_commit && is_armed.swap(false, Ordering::SeqCst) {
                is_lost.store(true, Ordering::SeqCst);
            }
            if to_server.write_all(request).is_err() {
                break;
            }
        }
        let _ = to_server.shutdown(Shutdown::Both);
    });
}
