//! Metrics for Prometheus. They contain numbers and names of the API, and no personal data.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The metrics of the server.
pub struct Metrics {
    registry: Registry,
    operations: Family<Labels, Counter>,
    pub connections: Gauge,
    /// Connections that were closed because their client had too many.
    pub connections_refused: Counter,
    /// Calls that wait in the queue for reads.
    pub reading_waiting: Gauge,
    /// Calls that wait in the queue for writes, without those that hash a password.
    pub writing_waiting: Gauge,
    /// Calls that wait for their password to be hashed, such as logins.
    pub hashing_waiting: Gauge,
    /// The time that calls waited to hash a password, in seconds.
    pub hashing_wait: Histogram,
    /// The duration of rules that hash a password, in seconds.
    pub hashing_time: Histogram,
    mails: Family<State, Gauge>,
    mail_age: Gauge,
    database_size: Gauge,
    log_size: Gauge,
    free_space: Gauge,
    memory: Gauge,
}

/// The outcome of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The operation succeeded.
    Done,
    /// A rule rejected the operation.
    Refused,
    /// The server failed.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    operation: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// How long writes wait for the database. Only one write runs at a time, also across processes such as commands.
#[derive(Debug, Clone)]
pub struct Writes {
    /// Seconds until a write could begin.
    pub wait: Histogram,
    /// Writes that failed because another process held the database for too long.
    pub busy: Counter,
}

impl Default for Writes {
    fn default() -> Self {
        Self { wait: seconds(), busy: Counter::default() }
    }
}

/// From a millisecond to eight seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 14))
}

/// Values that are read when the metrics are requested.
#[derive(Debug, Default, Clone, Copy)]
pub struct Levels {
    /// Mails that wait for delivery.
    pub mails_waiting: i64,
    /// Mails that were rejected for good.
    pub mails_refused: i64,
    /// The age of the oldest waiting mail, in seconds.
    pub mail_age: i64,
    /// The size of the database, in bytes.
    pub database_size: i64,
    /// The size of the write-ahead log, in bytes.
    pub log_size: i64,
    /// Free bytes on the disk of the data folder.
    pub free_space: i64,
    /// Resident memory of the process, in bytes.
    pub memory: i64,
}

impl Metrics {
    /// Creates the metrics. All start at zero, except for `writes`.
    pub fn new(writes: &Writes) -> Self {
        let mut registry = Registry::with_prefix("p4f_auth");
        let operations = Family::<Labels, Counter>::default();
        registry.register("operations", "Operations by field and outcome", operations.clone());
        let (hashing_wait, hashing_time) = (seconds(), seconds());
        let mut histogram = |name, help, histogram: &Histogram| {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        };
        histogram("hashing_wait", "Waiting for a turn to hash a password", &hashing_wait);
        histogram("hashing_time", "Rules that hash a password", &hashing_time);
        histogram("write_wait", "Waiting for a turn to write to the database", &writes.wait);
        let busy = "Writes that gave up because another process was writing";
        registry.register("database_busy", busy, writes.busy.clone());
        let connections_refused = Counter::default();
        let refused = "Connections closed because their client had too many";
        registry.register("connections_refused", refused, connections_refused.clone());
        let mails = Family::<State, Gauge>::default();
        registry.register("mails", "Mails that have not left: waiting, or refused for good", mails.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let connections = gauge("connections", "Open connections");
        let reading_waiting = gauge("reading_waiting", "Requests that wait for a turn to read");
        let writing_waiting =
            gauge("writing_waiting", "Requests that wait for a turn to write, hashing left out");
        let hashing_waiting = gauge("hashing_waiting", "Requests that wait for a turn to hash a password");
        let mail_age = gauge("mail_age_seconds", "Age of the oldest mail that has not left");
        let database_size = gauge("database_bytes", "Size of the database");
        let log_size = gauge("database_log_bytes", "Size of the write-ahead log of the database");
        let free_space = gauge("disk_free_bytes", "Free space on the disk of the data folder");
        let memory = gauge("memory_bytes", "Resident memory of the process");
        Self {
            registry,
            operations,
            connections,
            connections_refused,
            reading_waiting,
            writing_waiting,
            hashing_waiting,
            hashing_wait,
            hashing_time,
            mails,
            mail_age,
            database_size,
            log_size,
            free_space,
            memory,
        }
    }

    /// Counts an operation under the name of its field in the schema.
    pub fn count(&self, operation: &str, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        };
        self.operations.get_or_create(&Labels { operation: operation.to_owned(), outcome }).inc();
    }

    /// Returns all metrics in the text format 0.0.4 of Prometheus.
    ///
    /// # Errors
    /// Fails if the metrics cannot be encoded, which no input causes.
    pub fn text(&self, levels: Levels) -> Result<String, std::fmt::Error> {
        for (state, mails) in [("waiting", levels.mails_waiting), ("refused", levels.mails_refused)] {
            self.mails.get_or_create(&State { state }).set(mails);
        }
        self.mail_age.set(levels.mail_age);
        self.database_size.set(levels.database_size);
        self.log_size.set(levels.log_size);
        self.free_space.set(levels.free_space);
        self.memory.set(levels.memory);
        let mut page = String::new();
        text::encode_registry(&mut page, &self.registry)?;
        Ok(with_whole_names(page))
    }
}

/// Adapts the output of the library, which writes OpenMetrics: the help and type of a counter lack the suffix
/// `_total` of its value. Prometheus and promtool look for the help of a metric under its full name.
fn with_whole_names(page: String) -> String {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let counters: Vec<String> =
        types.filter_map(|line| line.strip_suffix(" counter")).map(str::to_owned).collect();
    counters.iter().fold(page, |page, name| page.replace(&format!(" {name} "), &format!(" {name}_total ")))
}
