use std::time::Duration;

use crate::check::Findings;
use crate::events::Report;
use crate::guesses::Victim;
use crate::people::{Done, Person};
use crate::rows::Rows;
use crate::servers::lock;
use crate::trial::Trial;

/// Returns the table at the end of a run.
pub fn table(
    trial: &Trial,
    people: &[&Person],
    victims: &[Victim],
    report: &Report,
    findings: &Findings,
    rows: &Rows,
    waited: Duration,
) -> String {
    let counters = &trial.counters;
    let count = |fits: &dyn Fn(&Person) -> bool| people.iter().filter(|person| fits(person)).count();
    let bursts = || victims.iter().flat_map(|victim| &victim.bursts);
    let seconds = |duration: Duration| format!("{:.1} s", duration.as_secs_f64());
    let lines: [(&str, String); 28] = [
        ("kills of the leader", report.leaders.to_string()),
        ("  of which it was revived as the leader", report.early_revivals.to_string()),
        ("kills of a server", report.kills.to_string()),
        ("stops of a server with SIGTERM", report.stops.to_string()),
        ("longest time to a write after the kill of a leader", seconds(report.longest_without_leader)),
        ("longest time to a write after the end of a server", seconds(report.longest_without_server)),
        ("longest time to a reply", seconds(*lock(&counters.longest_reply))),
        ("requests answered with 200", counters.answered.get().to_string()),
        ("requests answered with 503 and Retry-After", counters.unavailable.get().to_string()),
        ("replies that the outcome is unknown", counters.outcome_unknown.get().to_string()),
        ("connections broken by a kill", counters.broken_by_kill.get().to_string()),
        ("connections broken by SIGTERM", counters.broken_by_stop.get().to_string()),
        ("connections refused by a server that is down", counters.refused_connections.get().to_string()),
        ("people registered", count(&|person| person.registered == Done::Yes).to_string()),
        ("people verified", count(&|person| person.verified == Done::Yes).to_string()),
        ("new names sent", people.iter().map(|person| person.names).sum::<u32>().to_string()),
        ("sessions held", people.iter().map(|person| person.sessions.len()).sum::<usize>().to_string()),
        ("revocations", people.iter().map(|person| person.revocations.len()).sum::<usize>().to_string()),
        ("refreshes repeated after a lost reply", counters.repeated_refreshes.get().to_string()),
        ("parallel refreshes with one token", counters.parallel_refreshes.get().to_string()),
        ("guesses refused", bursts().map(|burst| burst.refused).sum::<usize>().to_string()),
        ("guesses throttled", bursts().map(|burst| burst.throttled).sum::<usize>().to_string()),
        ("guesses counted", findings.counted_guesses.to_string()),
        ("  of which without a reply about the password", findings.unanswered_guesses.to_string()),
        (
            "changes stored without acknowledgement",
            (findings.unacknowledged + counters.stored_unacknowledged.get()).to_string(),
        ),
        ("mails", findings.mails.to_string()),
        ("  of which delivered twice", findings.mails_delivered_twice.to_string()),
        ("wait for the last mail", seconds(waited)),
    ];
    let rows = ("rows compared", rows.count().to_string());
    lines.iter().chain([&rows]).map(|(name, value)| format!("{name:<52}{value:>9}\n")).collect()
}
