//! Conflicts: what a Django site contains and this program cannot store, or what the database contains already.

use strum::VariantArray as _;

use super::Staging;
use crate::store::Result;
use crate::store::accounts::AccountId;

/// What the key of a conflict belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    User,
    ResearchField,
    Group,
    JoinRequest,
}

/// A kind of conflict. The order is that in which they are found and resolved: a resolution may cause later conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ConflictKind {
    /// The key belonged to another user when it was imported before.
    KeyReused,
    /// The status of a user that the site does not contain.
    StatusOrphaned,
    /// A join request of a user, or to a group, that the site does not contain.
    RequestOrphaned,
    /// The group of a user does not exist.
    GroupMissing,
    InstitutionMissing,
    ResearchFieldMissing,
    /// A research field here has the same id, but other names.
    ResearchFieldDiffers,
    /// `is_representative` is true, but no group has the user as its representative.
    RepresentativeFlagExtra,
    /// `is_representative` is false, but a group has the user as its representative.
    RepresentativeFlagMissing,
    AddressInvalid,
    /// Another user has another spelling of the address.
    AddressShared,
    /// An account here, which was not imported from this user, has the address.
    AddressTaken,
    UsernameMissing,
    UsernameShared,
    UsernameTaken,
    SecondaryInvalid,
    SecondaryShared,
    SecondaryTaken,
    PasswordUnsupported,
    TitleUnknown,
    GroupNameShared,
    GroupNameTaken,
    RepresentativeMissing,
    /// The representative is a member of another group.
    RepresentativeElsewhere,
    /// The representative is a member of no group.
    RepresentativeOutside,
    /// An earlier one of several pending requests of a user to a group.
    RequestRepeated,
}

/// A conflict of one kind.
pub struct Found {
    /// The key in Django.
    pub key: String,
    /// The other side of the conflict: a key, an address, a name or a message.
    pub other: Option<String>,
}

impl ConflictKind {
    pub fn subject(self) -> Subject {
        match self {
            Self::RequestOrphaned | Self::RequestRepeated => Subject::JoinRequest,
            Self::ResearchFieldDiffers => Subject::ResearchField,
            Self::InstitutionMissing
            | Self::ResearchFieldMissing
            | Self::GroupNameShared
            | Self::GroupNameTaken
            | Self::RepresentativeMissing
            | Self::RepresentativeElsewhere
            | Self::RepresentativeOutside => Subject::Group,
            _ => Subject::User,
        }
    }

    /// Whether the conflict is about a name, which can be changed.
    pub fn can_rename(self) -> bool {
        matches!(
            self,
            Self::UsernameMissing
                | Self::UsernameShared
                | Self::UsernameTaken
                | Self::GroupNameShared
                | Self::GroupNameTaken
        )
    }

    /// Returns the statement that finds the conflicts of this kind: their keys and other sides. `None` if they are found
    /// outside of the temporary database.
    fn find(self) -> Option<&'static str> {
        Some(match self {
            Self::StatusOrphaned => {
                "SELECT user_key, NULL FROM statuses WHERE user_key NOT IN (SELECT key FROM users)"
            }
            Self::RequestOrphaned => {
                "SELECT key, NULL FROM requests WHERE NOT is_known AND (user_key NOT IN (SELECT key FROM users) \
                 OR group_key NOT IN (SELECT key FROM groups))"
            }
            Self::GroupMissing => {
                "SELECT key, group_key FROM users WHERE NOT is_known \
                 AND group_key IS NOT NULL AND group_key NOT IN (SELECT key FROM groups)"
            }
            Self::InstitutionMissing => {
                "SELECT key, institution_key FROM groups WHERE NOT is_known \
                 AND institution_key IS NOT NULL AND institution_key NOT IN (SELECT key FROM institutions)"
            }
            Self::ResearchFieldMissing => {
                "SELECT key, research_field FROM groups WHERE NOT is_known \
                 AND research_field NOT IN (SELECT id FROM research_fields)"
            }
            Self::RepresentativeFlagExtra => {
                "SELECT key, NULL FROM users u WHERE NOT is_known AND is_representative = 1 \
                 AND NOT EXISTS (SELECT 1 FROM groups WHERE representative_key = u.key)"
            }
            Self::RepresentativeFlagMissing => {
                "SELECT key, NULL FROM users u WHERE NOT is_known AND is_representative = 0 \
                 AND EXISTS (SELECT 1 FROM groups WHERE representative_key = u.key)"
            }
            Self::AddressShared => {
                "SELECT key, first FROM (SELECT key, row_number() OVER same AS place, first_value(key) OVER same AS first \
                 FROM users LEFT JOIN statuses ON user_key = key WHERE NOT is_known AND NOT is_left_out AND email_key IN \
                 (SELECT email_key FROM users WHERE NOT is_known AND NOT is_left_out \
                  GROUP BY email_key HAVING COUNT(*) > 1) \
                 WINDOW same AS (PARTITION BY email_key \
                  ORDER BY is_active DESC, COALESCE(verified, 0) DESC, number, joined_at, key)) WHERE place > 1"
            }
            Self::UsernameMissing => {
                "SELECT key, NULL FROM users WHERE NOT is_known AND NOT is_left_out AND username = ''"
            }
            Self::UsernameShared => {
                "SELECT key, first FROM (SELECT key, row_number() OVER same AS place, first_value(key) OVER same AS first \
                 FROM users WHERE NOT is_known AND NOT is_left_out AND username IN \
                 (SELECT username FROM users WHERE NOT is_known AND NOT is_left_out \
                  GROUP BY username HAVING COUNT(*) > 1) \
                 WINDOW same AS (PARTITION BY username ORDER BY number, joined_at, key)) WHERE place > 1"
            }
            Self::SecondaryShared => {
                "SELECT s.user_key, COALESCE( \
                  (SELECT key FROM users WHERE email_key = s.secondary_key AND NOT is_left_out), \
                  (SELECT MIN(o.user_key) FROM statuses o JOIN users ON key = o.user_key AND NOT is_left_out \
                   WHERE o.secondary_key = s.secondary_key AND o.user_key < s.user_key)) AS first \
                 FROM statuses s JOIN users ON key = s.user_key AND NOT is_left_out AND NOT is_known \
                 WHERE s.secondary_key IS NOT NULL AND first IS NOT NULL"
            }
            Self::GroupNameShared => {
                "SELECT key, first FROM (SELECT key, row_number() OVER same AS place, first_value(key) OVER same AS first \
                 FROM groups WHERE NOT is_known AND NOT is_left_out AND institution_key IS NOT NULL \
                 WINDOW same AS (PARTITION BY institution_key, name ORDER BY position)) WHERE place > 1"
            }
            Self::RepresentativeMissing => {
                "SELECT key, representative_key FROM groups WHERE NOT is_known AND NOT is_left_out \
                 AND (representative_key IS NULL \
                  OR representative_key NOT IN (SELECT key FROM users WHERE NOT is_left_out))"
            }
            Self::RepresentativeElsewhere => {
                "SELECT g.key, representative_key FROM groups g JOIN users u ON u.key = representative_key \
                 WHERE NOT g.is_known AND NOT g.is_left_out AND (group_key <> g.key \
                  OR group_key IS NULL AND EXISTS (SELECT 1 FROM groups o WHERE o.representative_key = g.representative_key \
                   AND o.position < g.position AND NOT o.is_left_out))"
            }
            Self::RepresentativeOutside => {
                "SELECT g.key, representative_key FROM groups g JOIN users u ON u.key = representative_key \
                 WHERE NOT g.is_known AND NOT g.is_left_out AND group_key IS NULL"
            }
            Self::RequestRepeated => {
                "SELECT key, last FROM (SELECT key, row_number() OVER same AS place, first_value(key) OVER same AS last \
                 FROM requests WHERE NOT is_known AND NOT is_left_out AND status = 'pending' \
                 WINDOW same AS (PARTITION BY user_key, group_key ORDER BY made_at DESC, position DESC)) \
                 WHERE place > 1"
            }
            Self::AddressInvalid => "SELECT key, other FROM conflicts WHERE kind = 'address_invalid'",
            Self::KeyReused
            | Self::ResearchFieldDiffers
            | Self::AddressTaken
            | Self::UsernameTaken
            | Self::SecondaryInvalid
            | Self::SecondaryTaken
            | Self::PasswordUnsupported
            | Self::TitleUnknown
            | Self::GroupNameTaken => return None,
        })
    }

    /// Returns the statement that resolves conflicts of this kind, whose keys replace `$found`. With `rename`, a name is
    /// changed instead of leaving something out. `None` if the value was left out when the site was read.
    fn resolve(self, rename: bool) -> Option<&'static str> {
        Some(match self {
            Self::StatusOrphaned => "DELETE FROM statuses WHERE user_key IN $found",
            Self::RequestOrphaned | Self::RequestRepeated => {
                "UPDATE requests SET is_left_out = 1 WHERE key IN $found"
            }
            Self::GroupMissing => "UPDATE users SET group_key = NULL WHERE key IN $found",
            Self::InstitutionMissing => "UPDATE groups SET institution_key = NULL WHERE key IN $found",
            Self::UsernameMissing if rename => "UPDATE users SET username = NULL WHERE key IN $found",
            Self::UsernameShared | Self::UsernameTaken if rename => {
                "UPDATE users SET username = username || '-' || key WHERE key IN $found"
            }
            Self::KeyReused
            | Self::AddressInvalid
            | Self::AddressShared
            | Self::AddressTaken
            | Self::UsernameMissing
            | Self::UsernameShared
            | Self::UsernameTaken => "UPDATE users SET is_left_out = 1 WHERE key IN $found",
            Self::SecondaryShared | Self::SecondaryTaken => {
                "UPDATE statuses SET secondary_email = NULL, secondary_key = NULL WHERE user_key IN $found"
            }
            Self::GroupNameShared | Self::GroupNameTaken if rename => {
                "UPDATE groups SET name = name || ' (' || key || ')' WHERE key IN $found"
            }
            Self::ResearchFieldMissing | Self::GroupNameShared | Self::GroupNameTaken => {
                "UPDATE groups SET is_left_out = 1 WHERE key IN $found"
            }
            Self::RepresentativeMissing | Self::RepresentativeElsewhere => {
                "UPDATE groups SET representative_key = NULL WHERE key IN $found"
            }
            Self::RepresentativeOutside => {
                "UPDATE users SET group_key = g.key FROM groups g \
                 WHERE g.representative_key = users.key AND g.key IN $found"
            }
            Self::ResearchFieldDiffers
            | Self::RepresentativeFlagExtra
            | Self::RepresentativeFlagMissing
            | Self::SecondaryInvalid
            | Self::PasswordUnsupported
            | Self::TitleUnknown => return None,
        })
    }
}

impl Staging {
    /// Adds a conflict that was found while the site is read.
    pub fn add_conflict(&self, kind: ConflictKind, key: &str, other: Option<&str>) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO conflicts (kind, key, other) VALUES ($1, $2, $3)";
        self.writer().execute(sql, (kind.into_str(), key, other))
    }

    /// Adds a conflict that [`Self::resolve`] will resolve.
    pub fn add_found(&self, key: &str, other: Option<&str>) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO found (key, other) VALUES ($1, $2)";
        self.writer().execute(sql, (key, other))
    }

    /// Finds the conflicts of a kind, if this database shows them, and resolves them and those of [`Self::add_found`]. Returns
    /// their number.
    pub fn resolve(&self, kind: ConflictKind, rename: bool) -> Result<usize> {
        let db = self.writer();
        if let Some(find) = kind.find() {
            db.execute(&format!("INSERT INTO found (key, other) SELECT * FROM ({find})"), ())?;
        }
        let sql = "INSERT OR IGNORE INTO conflicts (kind, key, other) SELECT $1, key, other FROM found";
        db.execute(sql, [kind.into_str()])?;
        if let Some(resolve) = kind.resolve(rename) {
            db.execute(&resolve.replace("$found", "(SELECT key FROM found)"), ())?;
        }
        db.change_many("DELETE FROM found", ())
    }

    /// Forgets the conflicts of users that were imported before, because nothing of them is imported again.
    pub fn forget_conflicts_of_known_users(&self) -> Result<()> {
        let kinds = ConflictKind::VARIANTS.iter().filter(|kind| kind.subject() == Subject::User);
        let sql = "DELETE FROM conflicts WHERE kind = $1 AND key IN (SELECT key FROM users WHERE is_known)";
        for kind in kinds {
            self.writer().execute(sql, [kind.into_str()])?;
        }
        Ok(())
    }

    /// Returns the addresses of users that are left out because of their addresses.
    pub fn list_addresses_in_conflict(&self) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT email FROM users JOIN conflicts USING (key) \
             WHERE kind IN ('address_shared', 'address_taken')";
        self.db().list(sql, (), |row| row.get(0))
    }

    /// Returns the new accounts that keep a username which other users had as well.
    pub fn list_keepers_of_usernames(&self) -> Result<Vec<AccountId>> {
        let sql = "SELECT DISTINCT account_id FROM users u JOIN conflicts c ON c.other = u.key \
             WHERE kind = 'username_shared' AND account_id IS NOT NULL";
        self.db().list(sql, (), |row| row.get(0))
    }

    /// Returns the usernames of users for which an account here had the same.
    pub fn list_taken_usernames(&self) -> Result<Vec<String>> {
        self.db()
            .list("SELECT DISTINCT other FROM conflicts WHERE kind = 'username_taken'", (), |row| row.get(0))
    }

    pub fn count_conflicts(&self, kind: ConflictKind) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM conflicts WHERE kind = $1";
        Ok(self.db().value::<i64>(sql, [kind.into_str()])?.unsigned_abs())
    }

    /// Returns the first conflicts of a kind, at most `limit`.
    pub fn list_conflicts(&self, kind: ConflictKind, limit: i64) -> Result<Vec<Found>> {
        let sql = "SELECT key, other FROM conflicts WHERE kind = $1 ORDER BY length(key), key LIMIT $2";
        self.db()
            .list(sql, (kind.into_str(), limit), |row| Ok(Found { key: row.get(0)?, other: row.get(1)? }))
    }

    /// Leaves out what belongs to users and groups that are left out.
    pub fn leave_out_dependents(&self) -> Result<()> {
        let statements = [
            "UPDATE users SET group_key = NULL WHERE group_key IN (SELECT key FROM groups WHERE is_left_out)",
            "UPDATE requests SET is_left_out = 1 WHERE user_key IN (SELECT key FROM users WHERE is_left_out) \
             OR group_key IN (SELECT key FROM groups WHERE is_left_out)",
        ];
        statements.into_iter().try_for_each(|sql| self.writer().execute(sql, ()))
    }
}
