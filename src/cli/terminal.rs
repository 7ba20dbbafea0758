//! Questions at a terminal. Scripts give the answers as arguments.

use std::io::{IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, Result, bail};

use crate::printable::multi_line;

const LONGEST_PASSWORD: u64 = 64 * 1024;

pub(super) fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Reads a password from standard input, without line breaks at its end.
pub(super) fn read_password() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().take(LONGEST_PASSWORD).read_to_string(&mut text);
    let length = read.context("the password cannot be read from standard input")?;
    if length as u64 == LONGEST_PASSWORD {
        bail!("the password on standard input is too long; the limit is 64 KiB");
    }
    let password = text.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        bail!("standard input contains no password");
    }
    Ok(password.to_owned())
}

/// Asks for a password twice, without showing it.
pub(super) fn ask_for_password() -> Result<String> {
    if !stdin_is_terminal() {
        bail!("there is no terminal to ask for the password; use --password-stdin");
    }
    let first = rpassword::prompt_password("New password: ")?;
    if first != rpassword::prompt_password("Repeat the password: ")? {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

/// Asks for confirmation, unless `yes` is set. Fails with `reason` if there is no terminal.
pub(super) fn confirm(question: &str, reason: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !stdin_is_terminal() {
        bail!("{reason}, and there is no terminal to ask for confirmation; confirm with --yes");
    }
    eprint!("{} [y/N] ", multi_line(question));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let is_yes = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if is_yes { Ok(()) } else { bail!("nothing was changed") }
}
