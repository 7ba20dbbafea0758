//! What happens to each column of the database in an export and in an erasure.

use Export::{As, Withheld};
use OnErasure::{Erased, Kept};

pub struct StoredTable {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Export, OnErasure)],
}

/// Whether an export contains a column.
pub enum Export {
    /// At this place, with dots between the names of members.
    As(&'static str),
    /// Not, for this reason.
    Withheld(&'static str),
}

/// Whether an erasure removes a column from the rows of an account.
pub enum OnErasure {
    Erased,
    /// The column remains, for this reason.
    Kept(&'static str),
}

const SECRET: Export = Withheld("a stolen export would contain it");
const INTERNAL: Export = Withheld("an internal number or copy of another column");
const NOBODY: Export = Withheld("it is not about a person");
const SHARED: OnErasure = Kept("it is not about a person");
const RELEASED: OnErasure = Kept("tokens of Django must not authenticate the next owner of the address");
const SPENT: OnErasure = Kept("a mailed link and a challenge must not work twice");
const LAST_MAIL: OnErasure = Kept("the notice of the deletion; all other mails are erased");
const SECURITY_LOG: OnErasure = Kept("attacks must be traceable");
const BY_NETWORK: OnErasure = Kept("counters of networks; those of the account are erased");
const ERASED_IDS: OnErasure = Kept("a restored backup must not bring the account back");
const DJANGO: OnErasure = Kept("a later import must not bring the account back");

#[rustfmt::skip]
pub const STORED_TABLES: [StoredTable; 23] = [
    StoredTable { name: "properties", columns: &[("name", NOBODY, SHARED), ("value", NOBODY, SHARED)] },
    StoredTable { name: "accounts", columns: &[
        ("id", As("account.id"), Erased),
        ("username", As("account.username"), Erased),
        ("username_key", INTERNAL, Erased),
        ("first_name", As("account.firstName"), Erased),
        ("last_name", As("account.lastName"), Erased),
        ("academic_title", As("account.academicTitle"), Erased),
        ("password_hash", As("account.hasPassword"), Erased),
        ("epoch", As("account.revocationsOfAllTokens"), Erased),
        ("epoch_began_at", As("account.allTokensRevokedAt"), Erased),
        ("is_staff", As("account.isStaff"), Erased),
        ("joined_at", As("account.joinedAt"), Erased),
        ("verified_at", As("account.verifiedAt"), Erased),
        ("archived_at", As("account.archivedAt"), Erased),
        ("deactivated_at", As("account.deactivatedAt"), Erased),
        ("activation_ends_password", As("account.activationEndsPassword"), Erased),
        ("is_superuser", As("account.isSuperuserInDjango"), Erased),
        ("last_login_at", As("account.lastLoginInDjangoAt"), Erased),
        ("added_at", As("account.addedAt"), Erased),
        ("language", As("account.language"), Erased),
        ("terms_version", As("account.terms.version"), Erased),
        ("terms_accepted_at", As("account.terms.acceptedAt"), Erased),
    ] },
    StoredTable { name: "email_addresses", columns: &[
        ("email_key", INTERNAL, Erased),
        ("email", As("addresses.primary"), Erased),
        ("account_id", INTERNAL, Erased),
        ("role", As("addresses.secondary"), Erased),
    ] },
    StoredTable { name: "released_emails", columns: &[
        ("address_hash", Withheld("it belongs to no account any more"), RELEASED),
        ("released_at", Withheld("it belongs to no account any more"), RELEASED),
    ] },
    StoredTable { name: "pending_emails", columns: &[
        ("account_id", INTERNAL, Erased),
        ("address_hash", As("addresses.secondaryAwaitsConfirmation"), Erased),
    ] },
    StoredTable { name: "sessions", columns: &[
        ("id", As("sessions.id"), Erased),
        ("account_id", INTERNAL, Erased),
        ("began_at", As("sessions.startedAt"), Erased),
        ("last_used_at", As("sessions.lastUsedAt"), Erased),
        ("expires_at", As("sessions.expiresAt"), Erased),
        ("address", As("sessions.ipAddress"), Erased),
        ("user_agent", As("sessions.device"), Erased),
        ("cookie_hash", As("sessions.isOnPages"), Erased),
        ("authenticated_at", As("sessions.authenticatedAt"), Erased),
        ("admin_used_at", As("sessions.operatorPagesUsedAt"), Erased),
        ("authentication", As("sessions.authenticatedWith"), Erased),
    ] },
    StoredTable { name: "authenticators", columns: &[
        ("account_id", INTERNAL, Erased),
        ("session_id", INTERNAL, Erased),
        ("sealed_secret", SECRET, Erased),
        ("added_at", As("secondFactor.authenticator.addedAt"), Erased),
        ("confirmed_at", As("secondFactor.authenticator.confirmedAt"), Erased),
        ("last_step", INTERNAL, Erased),
        ("last_used_at", As("secondFactor.authenticator.lastUsedAt"), Erased),
    ] },
    StoredTable { name: "recovery_codes", columns: &[
        ("account_id", INTERNAL, Erased),
        ("code_hash", As("secondFactor.recoveryCodes.unused"), Erased),
        ("made_at", As("secondFactor.recoveryCodes.madeAt"), Erased),
    ] },
    StoredTable { name: "passkeys", columns: &[
        ("id", As("secondFactor.passkeys.id"), Erased),
        ("account_id", INTERNAL, Erased),
        ("name", As("secondFactor.passkeys.name"), Erased),
        ("credential", Withheld("keys and counters, which are of use only to this server"), Erased),
        ("is_backed_up", As("secondFactor.passkeys.isBackedUp"), Erased),
        ("added_at", As("secondFactor.passkeys.addedAt"), Erased),
        ("last_used_at", As("secondFactor.passkeys.lastUsedAt"), Erased),
    ] },
    StoredTable { name: "refresh_tokens", columns: &[
        ("token_hash", SECRET, Erased),
        ("session_id", INTERNAL, Erased),
        ("predecessor_hash", SECRET, Erased),
        ("issued_at", As("sessions.refreshTokens.issuedAt"), Erased),
        ("expires_at", As("sessions.refreshTokens.expiresAt"), Erased),
        ("spent_at", As("sessions.refreshTokens.usedAt"), Erased),
        ("replaced_at", As("sessions.refreshTokens.replacedAt"), Erased),
    ] },
    StoredTable { name: "spent_action_tokens", columns: &[
        ("token_hash", Withheld("it does not tell whose link or challenge it was"), SPENT),
        ("expires_at", Withheld("it does not tell whose link or challenge it was"), SPENT),
    ] },
    StoredTable { name: "outbox", columns: &[
        ("id", INTERNAL, LAST_MAIL),
        ("recipient", As("mails.toYou.recipient"), LAST_MAIL),
        ("subject", As("mails.toYou.subject"), LAST_MAIL),
        ("body_text", As("mails.toYou.text"), LAST_MAIL),
        ("body_html", As("mails.toYou.html"), LAST_MAIL),
        ("created_at", As("mails.toYou.writtenAt"), LAST_MAIL),
        ("due_at", As("mails.toYou.nextAttemptAt"), LAST_MAIL),
        ("attempts", As("mails.toYou.attempts"), LAST_MAIL),
        ("last_error", As("mails.toYou.lastError"), LAST_MAIL),
        ("delivered_at", As("mails.toYou.deliveredAt"), LAST_MAIL),
        ("refused_at", As("mails.toYou.refusedAt"), LAST_MAIL),
        ("account_id", INTERNAL, Erased),
        ("recipient_key", INTERNAL, LAST_MAIL),
    ] },
    StoredTable { name: "institutions", columns: &[
        ("id", NOBODY, SHARED),
        ("position", NOBODY, SHARED),
        ("name", As("workingGroup.institution"), SHARED),
        ("city", NOBODY, SHARED),
        ("state", NOBODY, SHARED),
        ("country", NOBODY, SHARED),
        ("search_key", NOBODY, SHARED),
    ] },
    StoredTable { name: "research_fields", columns: &[
        ("id", NOBODY, SHARED),
        ("field", NOBODY, SHARED),
        ("subfield", NOBODY, SHARED),
    ] },
    StoredTable { name: "working_groups", columns: &[
        ("id", As("workingGroup.id"), SHARED),
        ("position", NOBODY, SHARED),
        ("name", As("workingGroup.name"), SHARED),
        ("institution_id", NOBODY, SHARED),
        ("research_field_id", NOBODY, SHARED),
        ("employees", NOBODY, SHARED),
        ("is_public", NOBODY, SHARED),
    ] },
    StoredTable { name: "memberships", columns: &[
        ("account_id", INTERNAL, Erased),
        ("working_group_id", As("workingGroup.id"), Erased),
        ("role", As("workingGroup.role"), Erased),
    ] },
    StoredTable { name: "join_requests", columns: &[
        ("id", As("joinRequests.id"), Erased),
        ("position", INTERNAL, Erased),
        ("account_id", INTERNAL, Erased),
        ("working_group_id", As("joinRequests.workingGroupId"), Erased),
        ("made_at", As("joinRequests.madeAt"), Erased),
        ("status", As("joinRequests.status"), Erased),
    ] },
    StoredTable { name: "invitations", columns: &[
        ("id", As("invitations.received.id"), Erased),
        ("token_hash", SECRET, Erased),
        ("email", As("invitations.received.email"), Erased),
        ("email_key", INTERNAL, Erased),
        ("working_group_id", As("invitations.received.workingGroup"), Erased),
        ("invited_by", As("invitations.made.id"), Erased),
        ("made_at", As("invitations.received.madeAt"), Erased),
        ("expires_at", As("invitations.received.expiresAt"), Erased),
    ] },
    StoredTable { name: "erased_accounts", columns: &[
        ("account_id", Withheld("the account is erased"), ERASED_IDS),
        ("joined_at", Withheld("the account is erased"), ERASED_IDS),
        ("erased_at", Withheld("the account is erased"), ERASED_IDS),
    ] },
    StoredTable { name: "django_keys", columns: &[
        ("model", As("django.user"), DJANGO),
        ("django_key", As("django.user.key"), DJANGO),
        ("id", As("django.user.id"), DJANGO),
    ] },
    StoredTable { name: "attempts", columns: &[
        ("name", As("throttling.limit"), BY_NETWORK),
        ("counted", As("throttling.attempts"), BY_NETWORK),
        ("counted_at", As("throttling.lastAttemptAt"), BY_NETWORK),
        ("forgotten_at", As("throttling.forgottenAt"), BY_NETWORK),
    ] },
    StoredTable { name: "known_clients", columns: &[
        ("account_id", INTERNAL, Erased),
        ("network", As("knownNetworks.network"), Erased),
        ("seen_at", As("knownNetworks.lastSeenAt"), Erased),
    ] },
    StoredTable { name: "audit", columns: &[
        ("id", INTERNAL, SECURITY_LOG),
        ("at", As("auditLog.at"), SECURITY_LOG),
        ("event", As("auditLog.event"), SECURITY_LOG),
        ("account_id", As("auditLog.about"), SECURITY_LOG),
        ("actor", As("auditLog.by"), SECURITY_LOG),
        ("actor_id", As("auditLog.by"), SECURITY_LOG),
        ("address", As("auditLog.ipAddress"), SECURITY_LOG),
        ("session_id", As("auditLog.session"), SECURITY_LOG),
        ("detail", As("auditLog.detail"), SECURITY_LOG),
    ] },
];
