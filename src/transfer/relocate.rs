//! Moves all data to another database, between the engines as well.

use anyhow::{Result, bail};

use crate::store::Store;
use crate::store::copy::{self, Summary};

/// Copies all rows to an empty database in one transaction, and verifies the copy: afterwards it is complete, or still empty.
/// Only if the connection breaks during the commit, it is not known which. `progress` is called with the number of steps so
/// far and of all steps.
pub fn relocate(
    from: &Store,
    to: &Store,
    progress: &dyn Fn(u64, u64),
) -> Result<Vec<(&'static str, Summary)>> {
    let newest = Store::newest_schema();
    match from.schema()? {
        schema if schema > newest => bail!("{}: a newer version migrated it; use that version", from.name()),
        schema if schema < newest => {
            bail!(
                "{}: the database is not up to date; run `migrate` on it with this program first",
                from.name()
            )
        }
        _ => {}
    }
    // A database of an earlier version is not migrated, only refused.
    if ![0, newest].contains(&to.schema()?) {
        bail!("{}: the database is not empty; name an empty one", to.name());
    }
    from.require_alone()?;
    to.require_alone()?;
    to.migrate()?;
    if let Some(table) = to.read(copy::find_filled_table)? {
        bail!("{}: the table {table} is not empty; name an empty database", to.name());
    }
    from.read_exclusively(|source| {
        // Each row is copied, and read again.
        let steps = 2 * copy::count_rows(source)?;
        to.write(|target| {
            let copied = copy::copy_all(source, target, &|done| progress(done, steps))?;
            // A server that was started meanwhile may have written to the source.
            from.require_alone()?;
            Ok(copied)
        })
    })
}
