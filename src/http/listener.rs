//! Listening sockets and their connections, with or without TLS.
//!
//! poem's `RustlsConfig` listener is not used: it needs a second crypto library, and its acceptor spins while no more
//! files can be opened. poem's ACME is not used: it retries a failed order every five minutes.

mod accept;
mod limits;
mod timeouts;
mod tls;

pub(super) use accept::Listener;
pub(super) use limits::{ConnectionLimit, available_connections};
pub(super) use tls::{CertificateRenewal, Tls, check as check_tls};
