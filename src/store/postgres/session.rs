//! A connection, which remembers how its statements failed, whatever a rule makes of their errors.

use std::cell::{Cell, RefCell, RefMut};
use std::error::Error as StdError;

use anyhow::{Chain, Context as _, Error, Result, anyhow};
use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::types::{FromSql, FromSqlOwned, IsNull, ToSql, Type, accepts, to_sql_checked};
use postgres::{Client, Row};

use crate::store::TransactionError;
use crate::store::statement::Columns;
use crate::store::value::Value;

pub(in crate::store) struct Session {
    client: RefCell<Client>,
    is_in_transaction: Cell<bool>,
    is_lost: Cell<bool>,
    /// The first failure since the last [`Session::take_failure`].
    failure: RefCell<Option<Failure>>,
}

/// How a statement failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The transaction conflicts with another one.
    Conflict,
    /// A key is violated, perhaps by a row that another transaction added or removed.
    KeyViolation,
    /// The connection is broken, or leads to a server that is not the primary one any more.
    Lost,
    Other,
}

impl Failure {
    fn new(error: &postgres::Error) -> Self {
        Self { kind: FailureKind::of(error), message: describe(error) }
    }

    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self.kind, FailureKind::Conflict | FailureKind::Lost)
    }

    pub(super) fn into_error(self) -> Error {
        match self.kind {
            FailureKind::Conflict | FailureKind::Lost => Error::new(TransactionError::GivenUp(self.message)),
            FailureKind::KeyViolation | FailureKind::Other => anyhow!("PostgreSQL: {}", self.message),
        }
    }
}

impl FailureKind {
    fn of(error: &postgres::Error) -> Self {
        let Some(state) = error.code() else {
            let is_broken = error.is_closed() || Chain::new(error).any(<dyn StdError>::is::<std::io::Error>);
            return if is_broken { Self::Lost } else { Self::Other };
        };
        let conflicts = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        if conflicts.contains(state) {
            return Self::Conflict;
        }
        if [SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION].contains(state) {
            return Self::KeyViolation;
        }
        // Connection exceptions, too few resources, a server that stops or starts, failures of its disk, an end of the
        // transaction that is not known or came from a timeout, and a server that only reads, which rejects the isolation
        // level of writes.
        let is_lost = ["08", "53", "57P", "58"].iter().any(|class| state.code().starts_with(class))
            || [
                SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
                SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                SqlState::READ_ONLY_SQL_TRANSACTION,
                SqlState::FEATURE_NOT_SUPPORTED,
            ]
            .contains(state);
        if is_lost { Self::Lost } else { Self::Other }
    }
}

/// Returns the message of PostgreSQL, or the cause of an error of the library, which its own message leaves out.
pub(super) fn describe(error: &postgres::Error) -> String {
    match (error.as_db_error(), Chain::new(error).skip(1).last()) {
        (Some(cause), _) => cause.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// Whether a migration failed because another server applied it at the same time.
pub(super) fn is_race(error: &postgres::Error) -> bool {
    let races = [SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT, SqlState::INTERNAL_ERROR];
    error.code().is_some_and(|state| races.contains(state))
        || matches!(FailureKind::of(error), FailureKind::Conflict | FailureKind::KeyViolation)
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client: RefCell::new(client),
            is_in_transaction: Cell::new(false),
            is_lost: Cell::new(false),
            failure: RefCell::new(None),
        }
    }

    /// Returns the connection for migrations.
    pub(in crate::store) fn client(&self) -> RefMut<'_, Client> {
        self.client.borrow_mut()
    }

    /// Whether the pool must not use the connection again. A transaction is still open if its rule panicked or its end failed.
    pub(super) fn must_close(&self) -> bool {
        self.is_in_transaction.get()
            || self.is_lost.get()
            || self.failure.borrow().is_some()
            || self.client.borrow().is_closed()
    }

    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.failure.take()
    }

    pub(super) fn begin(&self, statements: &str) -> Result<(), Failure> {
        self.is_in_transaction.set(true);
        self.batch(statements)
    }

    /// Commits the transaction. A failure is [`FailureKind::Lost`] if the changes may be stored nevertheless.
    pub(super) fn commit(&self) -> Result<(), Failure> {
        self.is_in_transaction.set(false);
        crate::store::statement::trace("COMMIT");
        let outcome = self.client.borrow_mut().batch_execute("COMMIT");
        outcome.map_err(|error| {
            let failure = self.fail(&error);
            // Without a state, PostgreSQL has not said that it rolled back.
            if error.code().is_some() { failure } else { Failure { kind: FailureKind::Lost, ..failure } }
        })
    }

    /// Ends a transaction that changed nothing or failed. If that fails, the connection is closed, which ends it as well.
    pub(super) fn end(&self, statement: &str) {
        if self.batch(statement).is_ok() {
            self.is_in_transaction.set(false);
        }
    }

    fn batch(&self, statement: &str) -> Result<(), Failure> {
        crate::store::statement::trace(statement);
        let outcome = self.client.borrow_mut().batch_execute(statement);
        outcome.map_err(|error| self.fail(&error))
    }

    fn fail(&self, error: &postgres::Error) -> Failure {
        let failure = Failure::new(error);
        if failure.kind == FailureKind::Lost {
            self.is_lost.set(true);
        }
        failure
    }

    fn run<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        run: impl FnOnce(&mut Client, &[(&(dyn ToSql + Sync), Type)]) -> Result<T, postgres::Error>,
    ) -> Result<T> {
        crate::store::statement::trace(sql);
        let params: Vec<_> =
            params.iter().map(|value| (value as &(dyn ToSql + Sync), value.sql_type())).collect();
        run(&mut self.client.borrow_mut(), &params).map_err(|error| {
            let failure = self.fail(&error);
            let message = failure.message.clone();
            self.failure.borrow_mut().get_or_insert(failure);
            anyhow!("PostgreSQL: {message}")
        })
    }

    /// Runs a statement. Calls `visit` with each row, until it returns false.
    pub(in crate::store) fn query(
        &self,
        sql: &str,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&dyn Columns) -> Result<bool>,
    ) -> Result<()> {
        for row in self.run(sql, params, |client, params| client.query_typed(sql, params))? {
            if !visit(&row)? {
                break;
            }
        }
        Ok(())
    }

    /// Runs a statement, and returns the number of rows that it changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        let changed = self.run(sql, params, |client, params| client.execute_typed(sql, params))?;
        Ok(usize::try_from(changed)?)
    }

    /// Returns the first column of the first row.
    pub(super) fn single<T: FromSqlOwned>(&self, sql: &str) -> Result<T> {
        let rows = self.run(sql, &[], |client, params| client.query_typed(sql, params))?;
        Ok(rows.first().context("a statement returned no row")?.try_get(0)?)
    }
}

impl Value<'_> {
    fn sql_type(&self) -> Type {
        match self {
            Self::Integer(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Integer(number) => number.to_sql(column, out),
            // PostgreSQL stores no NUL, so no row is equal to such a text. None is equal to null either.
            Self::Text(Some(text)) if text.contains('\0') => Ok(IsNull::Yes),
            Self::Text(text) => text.as_deref().to_sql(column, out),
        }
    }

    accepts!(INT8, TEXT);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(column: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *column {
            // The type of conditions, such as EXISTS.
            Type::BOOL => Self::Integer(Some(bool::from_sql(column, raw)?.into())),
            Type::INT8 => Self::Integer(Some(i64::from_sql(column, raw)?)),
            _ => Self::Text(Some(<&str>::from_sql(column, raw)?.into())),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Text(None))
    }

    accepts!(BOOL, INT8, TEXT, VARCHAR);
}

impl Columns for Row {
    fn value(&self, column: usize) -> Result<Value<'_>> {
        Ok(self.try_get(column)?)
    }
}
