use super::{Counter, names};
use crate::error::Result;
use crate::security::Tx;
use crate::store;
use crate::store::accounts::AccountId;

/// Counts a code of a second factor for an account, from whatever client, before it is checked (OWASP ASVS 6.6.3). It counts
/// even if the rule rejects the request later.
pub fn count_code(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    let (limit, name) = (&tx.app.config.limits.second_factor, names::codes_of(account));
    Counter::new("second_factor", limit, name).count(tx, Some(account))?;
    tx.keep_on_rejection();
    Ok(())
}

/// Forgets the codes that were counted for an account, because one was right.
pub fn forget_codes(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    Ok(store::attempts::delete(tx, &names::codes_of(account))?)
}
