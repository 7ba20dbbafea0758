use super::ConflictKind;

impl ConflictKind {
    /// Returns the statement that finds the conflicts of this kind: their keys and other sides. `None` if they are found
    /// outside of the temporary database.
    pub(super) fn find(self) -> Option<&'static str> {
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
    /// changed instead of leaving something out. `None` if the value is ignored,
    /// or was left out when the site was read.
    pub(super) fn resolve(self, rename: bool) -> Option<&'static str> {
        Some(match self {
            Self::StatusOrphaned => "DELETE FROM statuses WHERE user_key IN $found",
            Self::RequestOrphaned | Self::RequestRepeated => {
                "UPDATE requests SET is_left_out = 1 WHERE key IN $found"
            }
            Self::GroupMissing => "UPDATE users SET group_key = NULL WHERE key IN $found",
            Self::InstitutionMissing => "UPDATE groups SET institution_key = NULL WHERE key IN $found",
            Self::UsernameMissing if rename => "UPDATE users SET username = NULL WHERE key IN $found",
            Self::UsernameShared | Self::UsernameTaken if rename => {
                "UPDATE users SET username = substr(username, 1, 149 - length(key)) || '-' || key WHERE key IN $found"
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
                "UPDATE groups SET name = substr(name, 1, 197 - length(key)) || ' (' || key || ')' WHERE key IN $found"
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
