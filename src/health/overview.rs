//! The numbers that operators see first: accounts, logins, mails, disk and version.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::health::free_space;
use crate::store::accounts::Counts;
use crate::store::audit::DayCount;
use crate::store::properties::{self, Property};
use crate::store::{self, Store};

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
const DAYS: i64 = 30;
/// The outbox keeps mails for a week.
const MAIL_DAYS: i64 = 7;
/// The count of all accounts reads the whole table, which takes 0.1 seconds for a million.
const MAX_AGE_OF_COUNTS: Duration = Duration::from_mins(1);

pub struct Overview {
    pub accounts: Counts,
    pub counted_at: Timestamp,
    /// Oldest first, up to today.
    pub days: Vec<Day>,
    pub mail_days: Vec<MailDay>,
    pub mails_waiting: i64,
    pub mails_refused: i64,
    pub database: String,
    pub is_shared: bool,
    pub database_bytes: i64,
    pub log_bytes: i64,
    pub free_bytes: Option<u64>,
    pub schema: i64,
    pub last_backup: Option<Timestamp>,
}

/// A day in UTC.
pub struct Day {
    pub begins_at: Timestamp,
    pub registrations: i64,
    pub logins: i64,
    pub refused_logins: i64,
}

pub struct MailDay {
    pub begins_at: Timestamp,
    pub delivered: i64,
    pub refused: i64,
}

pub fn overview(app: &App) -> Result<Overview> {
    let now = app.clock.now();
    let today = now.seconds().div_euclid(SECONDS_PER_DAY);
    let mail_days = today - MAIL_DAYS + 1;
    let (accounts, counted_at) = count_accounts(app, now)?;
    let (waiting, refused, delivered_by_day, refused_by_day, last_backup) =
        app.store.read(|db| -> store::Result<_> {
            let from = beginning_of(mail_days);
            Ok((
                store::outbox::count_waiting(db)?,
                store::outbox::count_refused(db)?,
                store::outbox::count_delivered_by_day(db, from)?,
                store::outbox::count_refused_by_day(db, from)?,
                properties::find(db, Property::LastBackup)?,
            ))
        })?;
    let on = |counts: &[(i64, i64)], day| {
        counts.iter().find(|(known, _)| *known == day).map_or(0, |(_, count)| *count)
    };
    let mail_days = (mail_days..=today).map(|day| MailDay {
        begins_at: beginning_of(day),
        delivered: on(&delivered_by_day, day),
        refused: on(&refused_by_day, day),
    });
    let (database_bytes, log_bytes) = app.store.sizes()?;
    Ok(Overview {
        accounts,
        counted_at,
        days: days(app, today)?,
        mail_days: mail_days.collect(),
        mails_waiting: waiting,
        mails_refused: refused,
        database: app.store.name(),
        is_shared: app.store.is_shared(),
        database_bytes,
        log_bytes,
        free_bytes: free_space(&app.config.data_dir),
        schema: Store::newest_schema(),
        last_backup: last_backup.and_then(|micros| micros.parse().ok()).map(Timestamp::from_micros),
    })
}

/// Counts all accounts, or returns a count that is not older than [`MAX_AGE_OF_COUNTS`].
fn count_accounts(app: &App, now: Timestamp) -> Result<(Counts, Timestamp)> {
    if let Some((counts, at)) = app.counts.accounts()
        && now.since(at) < MAX_AGE_OF_COUNTS
        && at <= now
    {
        return Ok((counts, at));
    }
    let counts = app.store.read_latest(store::accounts::count_all)?;
    app.counts.set_accounts(counts, now);
    Ok((counts, now))
}

/// Counts events of the last days. A day that has ended is counted once while the program runs, so that the page reads only the
/// audit log of today.
fn days(app: &App, today: i64) -> Result<Vec<Day>> {
    let first = today - DAYS + 1;
    let mut counts = app.counts.days(first);
    let next = counts.keys().last().map_or(first, |last| last + 1).min(today);
    let found = app
        .store
        .read_latest(|db| store::audit::count_by_day(db, beginning_of(next), beginning_of(today + 1)))?;
    let mut recent: BTreeMap<i64, Vec<DayCount>> = BTreeMap::new();
    for day in next..=today {
        recent.insert(day, Vec::new());
    }
    for count in found {
        recent.entry(count.day).or_default().push(count);
    }
    app.counts.add_days(recent.range(..today));
    counts.extend(recent);
    let on = |day: i64, event: &str| {
        let events = counts.get(&day).into_iter().flatten();
        events.filter(|count| count.event == event).map(|count| count.count).sum()
    };
    let days = (first..=today).map(|day| Day {
        begins_at: beginning_of(day),
        registrations: on(day, "registered"),
        logins: on(day, "logged_in"),
        refused_logins: on(day, "login_refused"),
    });
    Ok(days.collect())
}

fn beginning_of(day: i64) -> Timestamp {
    Timestamp::from_seconds(day.saturating_mul(SECONDS_PER_DAY))
}
