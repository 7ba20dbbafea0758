use anyhow::Result;

use crate::accounts::admin;
use crate::accounts::second_factor::{self, Overview};
use crate::app::App;
use crate::cli::explain;
use crate::cli::output::{format_time, print};
use crate::clock::Timestamp;
use crate::printable::single_line;

/// Prints the second factors of an account.
pub(super) fn show(app: &App, name: &str) -> Result<()> {
    let found = app.store.read(|db| {
        let account = admin::find(db, name)?;
        let overview = second_factor::overview_of(app, db, &account)?;
        Ok((account, overview))
    });
    let (account, overview) = explain("the second factors cannot be shown", found)?;
    let Overview { authenticator, passkeys, recovery_codes_left, .. } = overview;
    if authenticator.is_none() && passkeys.is_empty() {
        return print(&format!("{} has no second factor.\n", account.email));
    }
    let mut lines = Vec::new();
    if let Some(app) = authenticator {
        lines.push(format!("authenticator app: {}", times(app.added_at, app.last_used_at)));
    }
    for passkey in passkeys {
        let (name, times) = (&passkey.name, times(passkey.added_at, passkey.last_used_at));
        lines.push(format!("passkey \"{name}\": {times}"));
    }
    lines.push(format!("recovery codes left: {recovery_codes_left}"));
    print(&lines.iter().map(|line| single_line(line) + "\n").collect::<String>())
}

fn times(added_at: Timestamp, last_used_at: Option<Timestamp>) -> String {
    let used =
        last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", format_time(at)));
    format!("added {}, {used}", format_time(added_at))
}

/// Removes all second factors of an account. Returns the message about it.
pub(super) fn remove(app: &App, name: &str) -> Result<String> {
    let removed = admin::remove_second_factors(app, name);
    let (account, existed) = explain("nothing was removed", removed)?;
    Ok(if existed {
        format!("second factors of {} removed, all sessions ended", account.email)
    } else {
        format!("{} has no second factor", account.email)
    })
}
