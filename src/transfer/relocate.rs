//! Moves all data to another database, between the engines as well.

use anyhow::{Result, bail};

use crate::store::Store;
use crate::store::copy::{self, Summary};

/// Copies all rows to an empty database in one transaction, and verifies the copy: afterwards it is complete, or still empty.
/// `progress` is called with the number of steps so far and of all steps.
pub fn relocate(
    from: &Store,
    to: &Store,
    progress: &dyn Fn(u64, u64),
) -> Result<Vec<(&'static str, Summary)>> {
    if from.schema()? != Store::newest_schema() {
        bail!("{}: the database is not up to date; run `migrate` on it with this program first", from.name());
    }
    require_unused(from)?;
    to.migrate()?;
    require_unused(to)?;
    if let Some(table) = to.read(copy::find_filled_table)? {
        bail!("{}: the table {table} is not empty; name an empty database", to.name());
    }
    from.read(|source| {
        // Each row is copied, and read again.
        let steps = 2 * copy::count_rows(source)?;
        to.write(|target| copy::copy_all(source, target, &|done| progress(done, steps)))
    })
}

fn require_unused(store: &Store) -> Result<()> {
    match store.count_servers()? {
        0 => Ok(()),
        servers => {
            bail!("{}: {servers} connections of servers are open; stop the servers first", store.name())
        }
    }
}
