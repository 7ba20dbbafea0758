//! The folder to which servers deliver mails.

use std::collections::BTreeSet;
use std::path::Path;

use mail_parser::MessageParser;
use regex::Regex;

/// Returns the names of delivered mails, and the number of incomplete files.
pub fn files(mails: &Path) -> (BTreeSet<String>, usize) {
    let entries = std::fs::read_dir(mails).into_iter().flatten();
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let (whole, parts): (BTreeSet<String>, BTreeSet<String>) = names.partition(|name| !name.starts_with('.'));
    (whole, parts.len())
}

/// Returns Message-ID, recipient and text of a complete mail.
pub fn read(path: &Path) -> Option<(String, String, String)> {
    let bytes = std::fs::read(path).ok()?;
    let mail = MessageParser::default().parse(&bytes)?;
    let to = mail.to()?.first()?.address()?.to_owned();
    // A complete mail ends with its last boundary.
    bytes.ends_with(b"--\r\n").then_some(())?;
    Some((mail.message_id()?.to_owned(), to, mail.body_text(0)?.into_owned()))
}

pub fn link_in(text: &str) -> Option<String> {
    let token = Regex::new("eyJ[A-Za-z0-9_-]+:[0-9A-Za-z]+:[A-Za-z0-9_-]+").expect("a pattern");
    token.find(text).map(|found| found.as_str().to_owned())
}
