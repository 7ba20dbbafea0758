//! What a site contains, and its conflicts with proposed resolutions.

use strum::VariantArray as _;

use super::models::{Kind, Models};
use super::{OnConflict, Staged};
use crate::store::Result;
use crate::store::staging::{ConflictKind, Found, Subject, UserCounts};

/// The conflicts of each kind that are listed. The others are only counted.
const MAX_LISTED: i64 = 100;

/// Models, and their tables, with which Django describes the site itself.
const OF_DJANGO: [&str; 8] = [
    "auth.permission",
    "auth_permission",
    "contenttypes.contenttype",
    "django_content_type",
    "django_migrations",
    "django_session",
    "sessions.session",
    "sites.site",
];

pub struct SiteReport {
    pub users: UserCounts,
    /// The numbers of passwords by the name of their algorithm.
    pub algorithms: Vec<(String, u64)>,
    pub institutions: u64,
    pub research_fields: u64,
    pub groups: u64,
    pub join_requests: u64,
    /// The number of refresh tokens, also of those that have expired or are revoked.
    pub tokens: u64,
    /// The number of refresh tokens that can still be used.
    pub valid_tokens: u64,
    pub users_with_permissions: u64,
    /// The numbers of objects that an import does not read, by model or table.
    pub others: Vec<(String, u64)>,
    /// The fields that an import does not read.
    pub other_fields: Vec<String>,
    pub conflicts: Vec<ConflictsOfKind>,
}

pub struct ConflictsOfKind {
    kind: ConflictKind,
    pub count: u64,
    /// The first conflicts.
    pub listed: Vec<Found>,
}

impl SiteReport {
    pub fn count_conflicts(&self) -> u64 {
        self.conflicts.iter().map(|conflicts| conflicts.count).sum()
    }
}

impl ConflictsOfKind {
    /// Returns a sentence for a conflict, such as `people.customuser 17: "Ada@example.org" is …`.
    pub fn describe(&self, models: &Models, found: &Found) -> String {
        let kind = match self.kind.subject() {
            Subject::User => Kind::User,
            Subject::ResearchField => Kind::ResearchField,
            Subject::Group => Kind::WorkingGroup,
            Subject::JoinRequest => Kind::JoinRequest,
        };
        let other = found.other.as_deref().unwrap_or_default();
        format!("{} {}: {}", models.label(kind), found.key, problem(self.kind, other))
    }

    /// Returns what an import does with the conflicts of this kind unless it fails.
    pub fn resolution(&self, on_conflict: OnConflict) -> &'static str {
        resolution(self.kind, on_conflict != OnConflict::Skip)
    }

    /// Whether `skip` and `rename` differ.
    pub fn can_rename(&self) -> bool {
        self.kind.can_rename()
    }
}

pub(super) fn of(staged: &Staged) -> Result<SiteReport> {
    let mut conflicts = Vec::new();
    for kind in ConflictKind::VARIANTS {
        let count = staged.staging.count_conflicts(*kind)?;
        if count > 0 {
            let listed = staged.staging.list_conflicts(*kind, MAX_LISTED)?;
            conflicts.push(ConflictsOfKind { kind: *kind, count, listed });
        }
    }
    let [institutions, research_fields, groups, join_requests] = staged.staging.count_others()?;
    let mut others = staged.others.clone();
    others.retain(|(label, _)| !OF_DJANGO.contains(&label.as_str()));
    Ok(SiteReport {
        users: staged.staging.count_users()?,
        algorithms: staged.staging.count_algorithms()?,
        institutions,
        research_fields,
        groups,
        join_requests,
        tokens: staged.tokens,
        valid_tokens: staged.staging.count_tokens()?,
        users_with_permissions: staged.users_with_permissions,
        others,
        other_fields: staged.other_fields.clone(),
        conflicts,
    })
}

fn problem(kind: ConflictKind, other: &str) -> String {
    match kind {
        ConflictKind::KeyReused => {
            format!("an earlier import brought another user with this key, whose address is now \"{other}\"")
        }
        ConflictKind::ResearchFieldDiffers => format!("the research field with this id here is \"{other}\""),
        ConflictKind::StatusOrphaned => "there is a status of this user, but no such user".to_owned(),
        ConflictKind::RequestOrphaned => "its user or its working group does not exist".to_owned(),
        ConflictKind::GroupMissing => {
            format!("it is a member of working group {other}, which does not exist")
        }
        ConflictKind::InstitutionMissing => format!("its institution {other} does not exist"),
        ConflictKind::ResearchFieldMissing => format!("its research field {other} does not exist"),
        ConflictKind::RepresentativeFlagExtra => {
            "is_representative is true, but it represents no working group".to_owned()
        }
        ConflictKind::RepresentativeFlagMissing => {
            "is_representative is false, but it represents a working group".to_owned()
        }
        ConflictKind::AddressInvalid if other.is_empty() => "it has no e-mail address".to_owned(),
        ConflictKind::AddressInvalid | ConflictKind::SecondaryInvalid => {
            format!("\"{other}\" is not a valid e-mail address")
        }
        ConflictKind::AddressShared => {
            format!("its e-mail address is that of user {other}, or another spelling of it")
        }
        ConflictKind::AddressTaken => format!("another account here has the e-mail address \"{other}\""),
        ConflictKind::UsernameMissing => "it has no username".to_owned(),
        ConflictKind::UsernameShared => format!("its username is that of user {other}"),
        ConflictKind::UsernameTaken => format!("another account here has the username \"{other}\""),
        ConflictKind::SecondaryShared => {
            format!("its secondary e-mail address is an address of user {other}")
        }
        ConflictKind::SecondaryTaken => {
            format!("another account here has the secondary e-mail address \"{other}\"")
        }
        ConflictKind::PasswordUnsupported => format!("its password cannot be verified here. {other}"),
        ConflictKind::TitleUnknown => format!("its academic title \"{other}\" is neither PROF nor DR"),
        ConflictKind::GroupNameShared => {
            format!("its name and institution are those of working group {other}")
        }
        ConflictKind::GroupNameTaken => format!("its institution has a working group \"{other}\" here"),
        ConflictKind::RepresentativeMissing if other.is_empty() => "it has no representative".to_owned(),
        ConflictKind::RepresentativeMissing => {
            format!("its representative, user {other}, does not exist or is left out")
        }
        ConflictKind::RepresentativeElsewhere => {
            format!("its representative, user {other}, belongs to another working group")
        }
        ConflictKind::RepresentativeOutside => {
            format!("its representative, user {other}, is a member of no working group")
        }
        ConflictKind::RequestRepeated => {
            format!("its user has asked the same working group again with request {other}")
        }
    }
}

fn resolution(kind: ConflictKind, rename: bool) -> &'static str {
    match kind {
        ConflictKind::StatusOrphaned => "the status is left out",
        ConflictKind::RequestOrphaned | ConflictKind::RequestRepeated => "the request is left out",
        ConflictKind::GroupMissing => "the account gets no working group",
        ConflictKind::InstitutionMissing => "the working group gets no institution",
        ConflictKind::RepresentativeFlagExtra | ConflictKind::RepresentativeFlagMissing => {
            "is_representative is ignored"
        }
        ConflictKind::UsernameMissing if rename => "the account gets a number as its username",
        ConflictKind::UsernameShared | ConflictKind::UsernameTaken if rename => {
            "the key is appended to the username, as in \"ada-17\""
        }
        ConflictKind::GroupNameShared | ConflictKind::GroupNameTaken if rename => {
            "the key is appended to the name of the working group, as in \"Tides (17)\""
        }
        ConflictKind::ResearchFieldMissing | ConflictKind::GroupNameShared | ConflictKind::GroupNameTaken => {
            "the working group is left out"
        }
        ConflictKind::ResearchFieldDiffers => {
            "the research field here is kept, also for the imported working groups"
        }
        ConflictKind::KeyReused
        | ConflictKind::AddressInvalid
        | ConflictKind::AddressShared
        | ConflictKind::AddressTaken
        | ConflictKind::UsernameMissing
        | ConflictKind::UsernameShared
        | ConflictKind::UsernameTaken => "the user is left out",
        ConflictKind::SecondaryInvalid | ConflictKind::SecondaryShared | ConflictKind::SecondaryTaken => {
            "the secondary address is left out"
        }
        ConflictKind::PasswordUnsupported => {
            "the account gets no password; its owner sets one with a password reset"
        }
        ConflictKind::TitleUnknown => "the title is left out",
        ConflictKind::RepresentativeMissing | ConflictKind::RepresentativeElsewhere => {
            "the working group gets no representative; name one with `group set-representative`"
        }
        ConflictKind::RepresentativeOutside => "the representative becomes a member",
    }
}
