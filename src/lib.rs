//! The account API of pledge4future in one binary.
//!
//! # The map
//!
//! The modules form layers. A file imports only from lower layers and its own folder (`tests/it/layers.rs`).
//!
//! | layer | responsibility |
//! | --- | --- |
//! | [`cli`] | the command line; the only place that exits the process or prints, except for mail on the console |
//! | [`server`] | the running server: start and stop, signals, background workers |
//! | [`http`] | requests and responses (poem): GraphQL, GraphiQL and HTML pages |
//! | [`graphql`] | the schema: names, types, arguments and payloads (async-graphql) |
//! | [`blocking_pool`] | the bounded bridge from async code to the synchronous rules |
//! | [`groups`], [`transfer`], [`health`] | the rules of working groups; import and export; health checks |
//! | [`accounts`] | the rules of accounts: synchronous functions, as in `groups`, without HTTP, GraphQL or SQL |
//! | [`security`] | the transaction in which a rule runs, authentication, second factors, throttling, the audit log, mailed links |
//! | [`outbox`] | mail that is enqueued in a transaction and delivered after it |
//! | [`app`], [`error`] | the assembled application; rejections and other errors of rules |
//! | [`store`], [`mail`], [`tokens`], [`passwords`], [`passkeys`], [`email`] | one technology each |
//! | [`config`], [`django`], [`language`], [`metrics`] | the settings, compatibility with Django, translations, counters |
//! | [`clock`], [`random`], [`digest`], [`paging`], [`printable`], [`private_files`], [`text`] | values and helpers |
//!
//! # Where to look
//!
//! A request arrives in `http/endpoint.rs`. Its field is defined in `graphql/mutation/` or `graphql/query.rs`, which
//! names the rule. The rule, in `accounts/` or `groups/`, runs in a transaction of `security/transaction.rs` and calls
//! functions in `store/`, each of which runs one SQL statement. Sentences that people read are in `error.rs`, `error/`,
//! `groups/errors.rs`, `django/password_validators.rs` and `assets/mail/`, and their translations in
//! `assets/languages/`. Settings are in `config.example.toml`.
//!
//! `accounts/login.rs` logs in with a password and a code, `accounts/passkey_login.rs` with a passkey, and
//! `accounts/page_login.rs` on the pages. `security/second_factor.rs` decides which second factors an account has and needs, and
//! checks codes. `security/reauthentication.rs` decides what a change needs besides a session. `accounts/second_factor.rs` and
//! `accounts/passkeys.rs` set second factors up and remove them. `passkeys.rs` is WebAuthn.
//!
//! `accounts/register.rs` decides who may register. `accounts/invitations.rs` makes and redeems invitations, and
//! `groups/invitations.rs` decides who may invite, revoke and accept.
//!
//! A link in a mail leads to `http/pages/handlers.rs`. Pages that may use a login, those in `http/pages/account/` and
//! `http/pages/admin/`, are values of the type in `http/pages/session_page.rs`: `visit.rs` finds the session and checks the
//! token of a form, and `exchange.rs` shows the page or submits its form. Sentences of pages are in
//! `http/pages/content.rs` and `assets/pages/`. Pages call the same rules as the mutations. The pages for operators in
//! `http/pages/admin/` call the same rules as the commands: those in `accounts/admin/`, `groups/admin/` and
//! `health/overview.rs`. `assets/graphiql/` holds GraphiQL.
//!
//! `transfer/django.rs` moves a site from Django and back: it reads the site into a temporary database
//! (`store/staging.rs`), finds conflicts there, and adds everything in one transaction.
//!
//! `accounts/personal_data.rs` exports all that is stored about an account, and `accounts/erasure.rs` erases it.
//! `tests/it/accounts/personal_data/columns/list.rs` lists what happens to each column.
//!
//! `accounts/user_list.rs` decides which accounts a viewer may list. `groups/visibility.rs` decides what a viewer may
//! see of a group and its members, however a query reaches them. `graphql/lookahead.rs` collects the related objects that
//! a request selects, and `groups/loader.rs` loads them.
//!
//! # Invariants
//!
//! - An acknowledged write is on disk. A rule makes all of its changes in one transaction. It hashes passwords before
//!   that transaction begins, and holds no connection while it does.
//! - Writes behave as if they ran one after the other. With SQLite they do, and those that wait share a commit
//!   (`store/sqlite/group_commit.rs`). On PostgreSQL a write is SERIALIZABLE and repeated after a conflict
//!   (`store/postgres.rs`). So a rule needs no locks, and has no effects outside the database.
//! - Mail is a row in the transaction that causes it. A rollback sends no mail; a commit sends it.
//! - An address belongs to one account, regardless of letter case and of whether it is primary or secondary. The database
//!   enforces that.
//! - An account belongs to at most one working group, and a group has at most one representative, who is a member of
//!   it. Keys enforce that.
//! - An access token is valid only while its session lasts and the epoch of its account is unchanged. A refresh token works
//!   once: a single statement consumes it. A second use ends its session, unless the response of the first was lost. A
//!   mailed token works once. A challenge, a code of an authenticator app and a recovery code work once: a single statement
//!   consumes each, in the transaction that begins the session or makes the change.
//! - A session begins only in `accept` of `accounts/login.rs`, after all factors that the account has, or in a rule that has
//!   checked them with `security/reauthentication.rs`, or for an account that is just being registered.
//! - An attempt is counted before the password or the code is checked (`security/throttle.rs`). An account's events are recorded in
//!   the transaction that causes them, and never contain a secret (`security/audit.rs`).
//! - The client gets the message of a rejection. Any other error is logged, and the client gets "Internal server error".
//! - Time and randomness are values of [`app::App`]; clippy rejects every other source.

pub mod accounts;
pub mod app;
pub mod blocking_pool;
pub mod cli;
pub mod clock;
pub mod config;
pub mod digest;
pub mod django;
pub mod email;
pub mod error;
pub mod graphql;
pub mod groups;
pub mod health;
pub mod http;
pub mod language;
pub mod mail;
pub mod metrics;
pub mod outbox;
pub mod paging;
pub mod passkeys;
pub mod passwords;
pub mod printable;
pub mod private_files;
pub mod random;
pub mod security;
pub mod server;
pub mod store;
pub mod text;
pub mod tokens;
pub mod transfer;
