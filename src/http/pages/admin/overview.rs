//! The first page for operators: numbers, charts and the state of the server.

use bytesize::ByteSize;
use minijinja::Value;

use super::chart::bars;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::health::overview::{Day, MailDay, Overview, overview};
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, day, time};
use crate::http::pages::visit::Visit;

pub(super) static OVERVIEW: SessionPage = SessionPage {
    path: "/admin",
    title: "Administration",
    template: "admin_overview.html",
    access: Access::Operator,
    fields: &[],
    show,
    submit: None,
};

fn show(app: &App, _: &Visit) -> Result<Reply> {
    let seen = overview(app)?;
    let Overview { accounts, days, mail_days, .. } = &seen;
    let chart = |title: &'static str, period: &'static str, rows: Vec<(Timestamp, i64)>| {
        let table = rows.iter().rev().map(|(begins_at, value)| context! { day => day(*begins_at), value });
        context! { title, period, table => table.collect::<Vec<_>>(), ..bars(rows.iter().map(|row| row.1)) }
    };
    let by_day = |title, value: fn(&Day) -> i64| {
        let rows = days.iter().map(|day| (day.begins_at, value(day))).collect();
        chart(title, "in the last 30 days", rows)
    };
    let mails_by_day = |title, value: fn(&MailDay) -> i64| {
        let rows = mail_days.iter().map(|day| (day.begins_at, value(day))).collect();
        chart(title, "in the last 7 days", rows)
    };
    let charts = [
        by_day("Registrations", |day| day.registrations),
        by_day("Logins", |day| day.logins),
        by_day("Refused logins", |day| day.refused_logins),
        mails_by_day("Delivered mails", |day| day.delivered),
        mails_by_day("Refused mails", |day| day.refused),
    ];
    Ok(Reply::Page(context! {
        accounts => context! {
            all => accounts.all,
            verified => accounts.verified,
            not_verified => accounts.all - accounts.verified,
            deactivated => accounts.deactivated,
            staff => accounts.staff,
            counted_at => time(seen.counted_at),
        },
        charts => charts.to_vec(),
        mails_waiting => seen.mails_waiting,
        mails_refused => seen.mails_refused,
        server => server_values(&seen),
    }))
}

fn server_values(seen: &Overview) -> Value {
    context! {
        engine => if seen.is_shared { "PostgreSQL" } else { "SQLite" },
        database => seen.database.clone(),
        size => bytes(u64::try_from(seen.database_bytes + seen.log_bytes).unwrap_or_default()),
        free => seen.free_bytes.map(bytes),
        schema => seen.schema,
        last_backup => seen.last_backup.map(time),
        is_shared => seen.is_shared,
    }
}

fn bytes(count: u64) -> String {
    ByteSize::b(count).to_string()
}
