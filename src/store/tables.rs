//! The tables, in an order in which rows can be added: each after the tables that it refers to.

pub struct Table {
    pub name: &'static str,
    /// The number of columns at the beginning of `columns` that are the primary key.
    pub(super) key: usize,
    pub columns: &'static [&'static str],
}

impl Table {
    /// Whether the database assigns the ids of the rows.
    pub(super) fn assigns_ids(&self) -> bool {
        ["accounts", "audit", "outbox"].contains(&self.name)
    }
}

const fn table(name: &'static str, key: usize, columns: &'static [&'static str]) -> Table {
    Table { name, key, columns }
}

/// The columns with texts that may be null.
pub(super) const NULLABLE_TEXTS: [&str; 12] = [
    "address",
    "cookie_hash",
    "detail",
    "institution_id",
    "language",
    "last_error",
    "password_hash",
    "predecessor_hash",
    "session_id",
    "state",
    "terms_version",
    "working_group_id",
];

#[rustfmt::skip]
pub const TABLES: [Table; 23] = [
    table("properties", 1, &["name", "value"]),
    table("accounts", 1, &[
        "id", "username", "username_key", "first_name", "last_name", "academic_title", "password_hash", "epoch",
        "epoch_began_at", "is_staff", "joined_at", "verified_at", "archived_at", "deactivated_at",
        "activation_ends_password", "is_superuser", "last_login_at", "added_at", "language", "terms_version",
        "terms_accepted_at",
    ]),
    table("email_addresses", 1, &["email_key", "email", "account_id", "role"]),
    table("released_emails", 1, &["address_hash", "released_at"]),
    table("pending_emails", 1, &["account_id", "address_hash"]),
    table("sessions", 1, &[
        "id", "account_id", "began_at", "last_used_at", "expires_at", "address", "user_agent", "cookie_hash",
        "authenticated_at", "admin_used_at", "authentication",
    ]),
    table("authenticators", 1, &[
        "account_id", "sealed_secret", "session_id", "added_at", "confirmed_at", "last_step", "last_used_at",
    ]),
    table("recovery_codes", 2, &["account_id", "code_hash", "made_at"]),
    table("passkeys", 1, &["id", "account_id", "name", "credential", "is_backed_up", "added_at", "last_used_at"]),
    table("refresh_tokens", 1, &[
        "token_hash", "session_id", "predecessor_hash", "issued_at", "expires_at", "spent_at", "replaced_at",
    ]),
    table("spent_action_tokens", 1, &["token_hash", "expires_at"]),
    table("outbox", 1, &[
        "id", "recipient", "subject", "body_text", "body_html", "created_at", "due_at", "attempts", "last_error",
        "delivered_at", "refused_at", "account_id", "recipient_key",
    ]),
    table("institutions", 1, &["id", "position", "name", "city", "state", "country", "search_key"]),
    table("research_fields", 1, &["id", "field", "subfield"]),
    table("working_groups", 1, &[
        "id", "position", "name", "institution_id", "research_field_id", "employees", "is_public",
    ]),
    table("memberships", 1, &["account_id", "working_group_id", "role"]),
    table("join_requests", 1, &["id", "position", "account_id", "working_group_id", "made_at", "status"]),
    table("invitations", 1, &[
        "id", "token_hash", "email", "email_key", "working_group_id", "invited_by", "made_at", "expires_at",
    ]),
    table("erased_accounts", 1, &["account_id", "joined_at", "erased_at"]),
    table("django_keys", 2, &["model", "django_key", "id"]),
    table("attempts", 1, &["name", "counted", "counted_at", "forgotten_at"]),
    table("known_clients", 2, &["account_id", "network", "seen_at"]),
    table("audit", 1, &[
        "id", "at", "event", "account_id", "actor", "actor_id", "address", "session_id", "detail",
    ]),
];
