use super::AccountId;
use crate::store::statement::escape_like;
use crate::store::value::{ToValue, Value};

/// A filter for lists of accounts. All conditions must hold.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    pub id: Option<AccountId>,
    /// The key of the primary address, as computed by [`email::key`](crate::email::key).
    pub email_key: Option<String>,
    pub secondary_email_key: Option<String>,
    pub username: Option<String>,
    /// A part of the username, ignoring case.
    pub username_contains: Option<String>,
    /// The beginning of the username, ignoring case.
    pub username_starts_with: Option<String>,
    /// Not deactivated.
    pub active: Option<bool>,
    pub archived: Option<bool>,
    pub verified: Option<bool>,
    pub staff: Option<bool>,
    /// A part of an address, the username or the full name, ignoring case. In an SQLite file, the case of letters outside of
    /// ASCII counts in full names.
    pub contains: Option<String>,
    /// Only accounts with a greater id.
    pub after: Option<AccountId>,
}

/// Longer than any username in bytes, and shorter than the limit of a `LIKE` pattern.
const LONGEST_PATTERN: usize = 4096;

impl Filter {
    /// Returns the condition of a `WHERE` clause and its parameters.
    pub(super) fn to_sql(&self) -> (String, Vec<Value<'_>>) {
        // SQLite ends a pattern at NUL and rejects long patterns. No username contains NUL or is as long.
        let patterns = [&self.username_contains, &self.username_starts_with, &self.contains];
        if patterns.into_iter().flatten().any(|text| text.contains('\0') || text.len() > LONGEST_PATTERN) {
            return ("1 = 0".to_owned(), Vec::new());
        }
        let pattern = |text: &str| escape_like(&text.to_lowercase());
        let contains = self.username_contains.as_ref().map(|text| format!("%{}%", pattern(text)));
        let starts_with = self.username_starts_with.as_ref().map(|text| format!("{}%", pattern(text)));
        let anywhere = self.contains.as_ref().map(|text| format!("%{}%", pattern(text)));
        let comparisons = [
            ("a.id = $n", self.id.as_ref().map(ToValue::to_value)),
            ("p.email_key = $n", self.email_key.as_ref().map(ToValue::to_value)),
            ("s.email_key = $n", self.secondary_email_key.as_ref().map(ToValue::to_value)),
            ("a.username = $n", self.username.as_ref().map(ToValue::to_value)),
            ("a.username_key LIKE $n ESCAPE '\\'", contains.map(Value::from)),
            ("a.username_key LIKE $n ESCAPE '\\'", starts_with.map(Value::from)),
            (
                "(p.email_key LIKE $n ESCAPE '\\' OR s.email_key LIKE $n ESCAPE '\\' OR a.username_key LIKE $n ESCAPE '\\' \
                 OR lower(a.first_name || ' ' || a.last_name) LIKE $n ESCAPE '\\')",
                anywhere.map(Value::from),
            ),
            ("a.id > $n", self.after.as_ref().map(ToValue::to_value)),
            ("a.is_staff = $n", self.staff.as_ref().map(ToValue::to_value)),
        ];
        // All ids are greater. Without a condition on them, SQLite reads and sorts all addresses to list the first accounts.
        let mut conditions = vec!["a.id > 0".to_owned()];
        let mut values = Vec::new();
        for (condition, value) in comparisons {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace("$n", &format!("${}", values.len())));
            }
        }
        let is_set = [
            ("deactivated_at", self.active.map(|active| !active)),
            ("archived_at", self.archived),
            ("verified_at", self.verified),
        ];
        for (column, is_set) in is_set {
            if let Some(is_set) = is_set {
                conditions.push(format!("a.{column} IS {}", if is_set { "NOT NULL" } else { "NULL" }));
            }
        }
        (conditions.join(" AND "), values)
    }
}
