mod ceremonies;
mod factors;
mod vectors;

use pledge4future_auth::passkeys::{NewPasskey, Owner, Passkeys};
use url::Url;

use crate::support::security_key::SecurityKey;

const ACCOUNT: i64 = 4711;
const ORIGIN: &str = "https://accounts.example.org";

fn passkeys() -> Passkeys {
    let origin = Url::parse(ORIGIN).expect("an origin");
    Passkeys::new("example.org", &origin, &[], "An example").expect("a domain that fits the origin")
}

fn owner() -> Owner<'static> {
    Owner { account: ACCOUNT, email: "test@example.org", name: "Lisa Lou" }
}

fn register(passkeys: &Passkeys, authenticator: &mut SecurityKey) -> NewPasskey {
    let ceremony = passkeys.start_registration(&owner(), &[]).expect("a registration");
    let answer = authenticator.register(&ceremony.options, ORIGIN).to_string();
    passkeys.finish_registration(&ceremony.state, &answer).expect("a passkey")
}
