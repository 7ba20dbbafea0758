//! Passwords and confirmations. Scripts use `--password-stdin` and `--yes` instead of a terminal.

use std::io::{IsTerminal as _, Read as _, Write as _, stdin};

use anyhow::{Context as _, Result, bail};

use crate::printable::multi_line;

const MAX_PASSWORD_INPUT: u64 = 64 * 1024;

/// Reads a password from standard input. Line breaks at its end do not belong to it.
pub(super) fn read_password() -> Result<String> {
    let mut text = String::new();
    let read = stdin().take(MAX_PASSWORD_INPUT).read_to_string(&mut text);
    let length = read.context("the password cannot be read from standard input")?;
    if length as u64 == MAX_PASSWORD_INPUT {
        bail!("the password on standard input is too long; the limit is 64 KiB");
    }
    let password = text.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        bail!("standard input contains no password");
    }
    Ok(password.to_owned())
}

/// Asks for a password twice, without echo.
pub(super) fn ask_for_password() -> Result<String> {
    if !stdin().is_terminal() {
        bail!("the password cannot be asked for without a terminal; use --password-stdin");
    }
    let first = rpassword::prompt_password("New password: ")?;
    if first != rpassword::prompt_password("Repeat the password: ")? {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

/// Asks for confirmation unless `is_confirmed`. If there is no terminal to ask at, fails with an error that begins with
/// `reason`, such as "this cannot be undone".
pub(super) fn confirm(question: &str, reason: &str, is_confirmed: bool) -> Result<()> {
    if is_confirmed {
        return Ok(());
    }
    if !stdin().is_terminal() {
        bail!("{reason}, and there is no terminal to ask for confirmation; confirm with --yes");
    }
    eprint!("{} [y/N] ", multi_line(question));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    let is_yes = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if is_yes { Ok(()) } else { bail!("nothing was changed") }
}
