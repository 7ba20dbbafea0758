//! Conflicts: what a Django site contains and this program cannot store, or what the database contains already.

mod statements;

use strum::VariantArray as _;

use super::Staging;
use crate::store::Result;

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

    /// Deletes the conflicts of users that were imported before, because these users are not imported again.
    pub fn delete_conflicts_of_known_users(&self) -> Result<()> {
        let kinds = ConflictKind::VARIANTS.iter().filter(|kind| kind.subject() == Subject::User);
        let sql = "DELETE FROM conflicts WHERE kind = $1 AND key IN (SELECT key FROM users WHERE is_known)";
        for kind in kinds {
            self.writer().execute(sql, [kind.into_str()])?;
        }
        Ok(())
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
