//! Questions at a terminal. Scripts have no terminal, and say in their arguments what they want.

use std::io::{IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, Result, bail};

use crate::printable::multi_line;

/// Longer than any password.
const LONGEST_PASSWORD: u64 = 64 * 1024;

/// Whether there is somebody to ask.
pub(super) fn is_there() -> bool {
    std::io::stdin().is_terminal()
}

/// Reads a password from standard input, without line breaks at its end.
pub(super) fn password_from_stdin() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().take(LONGEST_PASSWORD).read_to_string(&mut text);
    let length = read.context("no password can be read from standard input")?;
    if length as u64 == LONGEST_PASSWORD {
        bail!("the password on standard input is too long; give at most 64 KiB");
    }
    let password = text.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        bail!("standard input holds no password");
    }
    Ok(password.to_owned())
}

/// Asks for a password twice, without showing it.
pub(super) fn ask_for_password() -> Result<String> {
    if !is_there() {
        bail!(
            "there is no terminal to ask for the password; give --password-stdin and the password on standard input"
        );
    }
    let first = rpassword::prompt_password("New password: ")?;
    if first != rpassword::prompt_password("The same again: ")? {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

/// Asks before something is done, unless the arguments hold `--yes`. Without a terminal it fails, and `reason` says why confirmation is needed.
pub(super) fn confirm(question: &str, reason: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !is_there() {
        bail!("{reason}, and there is no terminal to ask; give --yes if it is meant");
    }
    eprint!("{} [y/N] ", multi_line(question));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let is_yes = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    if is_yes { Ok(()) } else { bail!("nothing was changed") }
}
