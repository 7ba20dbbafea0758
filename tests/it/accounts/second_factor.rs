//! Authenticator apps and recovery codes.

mod challenges;
mod claims;
mod concurrency;
mod guessing;
mod login;
mod off;
mod old_clients;
mod personal_data;
mod reauthentication;
mod record;
mod replay;
mod required;
mod secrets;
mod set_up;

use pledge4future_auth::app::App;
use pledge4future_auth::security::second_factor;
use pledge4future_auth::store::{self, authenticators};
use pledge4future_auth::tokens::totp;

use crate::support::phone::Phone;
use crate::support::server::TestServer;

const QUIET: &str = "mail.notices = false\n";

/// Stores an app of an account that cannot set one up in these settings.
fn store_app(server: &TestServer, account: i64) -> Phone {
    let secret = [7; totp::SECRET_BYTES];
    let now = server.app().clock.now();
    let store = |app: &App| {
        let sealed = second_factor::seal_secret(app, account, &secret).unwrap_or_default();
        app.store.write(|db| -> store::Result<()> {
            authenticators::upsert(db, account, &sealed, None, now)?;
            authenticators::set_confirmed(db, account, now)
        })
    };
    server.run(store).expect("an app");
    Phone::scan(&totp::uri(&secret, "a site", "an account").expect("an address"))
}
