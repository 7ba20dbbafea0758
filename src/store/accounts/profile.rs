use super::super::{Result, Writer};
use super::AccountId;

pub fn set_profile(db: &Writer<'_>, id: AccountId, first: &str, last: &str, title: &str) -> Result<()> {
    let sql = "UPDATE accounts SET first_name = $1, last_name = $2, academic_title = $3 WHERE id = $4";
    db.execute(sql, (first, last, title, id))
}

/// Sets the code of the language of pages and mails, or `None` for the language of the site.
pub fn set_language(db: &Writer<'_>, id: AccountId, language: Option<&str>) -> Result<()> {
    db.execute("UPDATE accounts SET language = $1 WHERE id = $2", (language, id))
}
