use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgGroup, Parser, Subcommand};

use super::{audit, group, import, mail, user};
use crate::transfer::django::OnConflict;

/// The account API of pledge4future: registration, login, sessions and working groups over GraphQL.
#[derive(Parser)]
#[command(version)]
pub(super) struct Arguments {
    /// The configuration file [default: $P4F_AUTH_CONFIG, ./config.toml or /etc/pledge4future-auth/config.toml].
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Bring the database up to date, then answer requests and deliver mail until SIGTERM or Ctrl+C.
    Serve {
        /// Serve sample data from a temporary folder, which is deleted at the end. Ignores all settings.
        #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true,
            default_missing_value = "127.0.0.1:8000")]
        demo: Option<SocketAddr>,
    },
    /// Print every setting and where its value comes from.
    CheckConfig {
        /// Print only settings that differ from their defaults.
        #[arg(long)]
        changed: bool,
    },
    /// Bring the database up to date.
    Migrate {
        /// Print the pending migrations, and change nothing.
        #[arg(long)]
        status: bool,
        /// Accept the secret key of the settings although the PostgreSQL database was used with another one. Access tokens
        /// and mailed links end, and authenticator apps and recovery codes no longer work; sessions continue with their
        /// refresh tokens.
        #[arg(long, conflicts_with = "status")]
        new_key: bool,
    },
    /// Import institutions, research fields, accounts and working groups from a JSON file, all of them or none.
    #[command(group(ArgGroup::new("source").args(["file", "bundled"]).required(true)))]
    Import {
        /// The JSON file.
        file: Option<PathBuf>,
        /// Import data that are built into the program instead of a file.
        #[arg(long, value_name = "DATA")]
        bundled: Option<import::Bundled>,
        /// Print what would be imported, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Import the accounts, sessions and working groups of a site with Django and django-graphql-auth, all of them or none. No
    /// server may be running.
    ImportDjango {
        /// The JSON of `manage.py dumpdata`, also compressed with gzip; the SQLite file of the site; or the URL of its
        /// PostgreSQL database, postgres://…. Without a password in the URL, PGPASSWORD is used.
        source: String,
        /// A file with the secret key of Django. Tokens and mailed links of Django remain valid with it.
        #[arg(long, value_name = "FILE")]
        secret_key_file: Option<PathBuf>,
        /// Print what would be imported and all conflicts, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// What to do about conflicts, such as two users with one address.
        #[arg(long, value_name = "ACTION", default_value = "fail")]
        on_conflict: OnConflict,
    },
    /// Export all institutions, research fields, accounts and working groups to a JSON file for `import`.
    Export {
        /// The file to create. It contains password hashes, so only its owner may read it.
        file: PathBuf,
        /// Write a file for `manage.py loaddata` instead.
        #[arg(long)]
        django: bool,
    },
    /// Create, list and change accounts.
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Create, list, change and delete working groups.
    Group {
        #[command(subcommand)]
        command: group::Command,
    },
    /// List, show and retry mails. Without a mail server, `mail show` prints the links.
    Mail {
        #[command(subcommand)]
        command: mail::Command,
    },
    /// List events of accounts: what happened, who did it, and from which IP address.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Copy the database to a file and check the copy. The server may be running.
    Backup {
        /// The file to create.
        file: PathBuf,
        /// Keep only the newest NUMBER backups, including this one. Backups are the files in the same folder whose names
        /// differ from FILE only in digits.
        #[arg(long, value_name = "NUMBER")]
        keep: Option<NonZeroUsize>,
    },
    /// Create the database from a backup. The server must not be running.
    Restore {
        /// The backup.
        file: PathBuf,
        /// Restore even if there is a database, and keep that under another name.
        #[arg(long)]
        force: bool,
        /// Keep the accounts that were erased after the backup, for example by mistake, instead of erasing them again.
        #[arg(long)]
        keep_erased: bool,
    },
    /// Copy all data to another database, which must be empty, and verify the copy. No server may be running.
    Move {
        /// The database with the data: sqlite:PATH or postgres://…. Without a password in the URL, PGPASSWORD is used.
        #[arg(long, value_name = "URL")]
        from: String,
        /// The empty database. An SQLite file is created.
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Check the integrity of the database, and count its rows.
    Verify,
    /// Check whether the configured server is ready. If it is, the exit status is 0.
    Healthcheck,
    /// Print the completion script for a shell.
    Completions { shell: clap_complete::Shell },
    /// Write the manual pages.
    Man {
        /// The folder to write to. It is created if it is missing.
        folder: PathBuf,
    },
    /// Print the GraphQL schema.
    Schema {
        /// Print the schema of /relay.
        #[arg(long)]
        relay: bool,
    },
}
