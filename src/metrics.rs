//! Metrics for Prometheus. They contain numbers and names of fields of the API, but no personal data.

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry, Unit};

/// The help texts in [`Metrics::new`] describe the metrics.
pub struct Metrics {
    registry: Registry,
    operations: Family<[(&'static str, String); 2], Counter>,
    pub hashing_wait: Histogram,
    pub hashing_time: Histogram,
    pub connections_refused: Counter,
    mails: Family<[(&'static str, &'static str); 1], Gauge>,
    pub connections: Gauge,
    pub reading_waiting: Gauge,
    pub writing_waiting: Gauge,
    pub hashing_waiting: Gauge,
    pub mail_age_seconds: Gauge,
    pub database_bytes: Gauge,
    pub database_log_bytes: Gauge,
    pub disk_free_bytes: Gauge,
    pub memory_bytes: Gauge,
}

#[derive(Debug, Clone, Copy, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Outcome {
    Done,
    /// A rule rejected the operation.
    Refused,
    Failed,
}

/// Metrics of writes.
#[derive(Debug, Clone)]
pub struct Writes {
    /// Writes that wait for the connection. With PostgreSQL, which has many, it is always 0.
    pub waiting: Gauge,
    /// Seconds until a write could begin.
    pub wait: Histogram,
    /// Writes that failed because others held the database, or conflicted with them, for too long.
    pub busy: Counter,
    /// Repetitions of transactions that conflicted with others, or lost their connection. Always 0 with SQLite.
    pub repeated: Counter,
}

impl Default for Writes {
    fn default() -> Self {
        Self {
            waiting: Gauge::default(),
            wait: seconds_histogram(),
            busy: Counter::default(),
            repeated: Counter::default(),
        }
    }
}

/// Returns a histogram with buckets from one millisecond to eight seconds.
fn seconds_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 14))
}

fn register<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn register_seconds(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    let histogram = seconds_histogram();
    registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    histogram
}

impl Metrics {
    pub fn new(writes: &Writes) -> Self {
        let mut registry = Registry::with_prefix("p4f_auth");
        let r = &mut registry;
        r.register("writes_waiting", "Writes that wait for the database", writes.waiting.clone());
        r.register_with_unit("write_wait", "Waits to begin a write", Unit::Seconds, writes.wait.clone());
        r.register("database_busy", "Writes that failed because of other writes", writes.busy.clone());
        r.register("write_repetitions", "Repetitions of writes", writes.repeated.clone());
        Self {
            operations: register(r, "operations", "Operations by field and outcome"),
            hashing_wait: register_seconds(
                r,
                "hashing_wait",
                "Waits until a rule that hashes a password may begin",
            ),
            hashing_time: register_seconds(r, "hashing_time", "Durations of rules that hash a password"),
            connections_refused: register(r, "connections_refused", "Connections over a client's limit"),
            mails: register(r, "mails", "Mails that are not delivered: waiting, or refused for good"),
            connections: register(r, "connections", "Open connections"),
            reading_waiting: register(r, "reading_waiting", "Requests that wait to read"),
            writing_waiting: register(
                r,
                "writing_waiting",
                "Requests that wait to write and do not hash a password",
            ),
            hashing_waiting: register(r, "hashing_waiting", "Requests that wait to hash a password"),
            mail_age_seconds: register(r, "mail_age_seconds", "Age of the oldest mail that waits"),
            database_bytes: register(r, "database_bytes", "Size of the database"),
            database_log_bytes: register(r, "database_log_bytes", "Size of the write-ahead log"),
            disk_free_bytes: register(r, "disk_free_bytes", "Free space on the disk of the data folder"),
            memory_bytes: register(r, "memory_bytes", "Resident memory of the process"),
            registry,
        }
    }

    /// Counts an operation under the name of its field in the schema.
    pub fn count(&self, operation: &str, outcome: Outcome) {
        let labels = [("operation", operation.to_owned()), ("outcome", outcome.into_str().to_owned())];
        self.operations.get_or_create(&labels).inc();
    }

    /// Sets the numbers of mails that are not delivered.
    pub fn set_mails(&self, waiting: i64, refused: i64) {
        for (state, mails) in [("waiting", waiting), ("refused", refused)] {
            self.mails.get_or_create(&[("state", state)]).set(mails);
        }
    }

    /// Returns all metrics in the text format 0.0.4 of Prometheus.
    pub fn to_text(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        text::encode_registry(&mut page, &self.registry)?;
        Ok(add_total_suffix(page))
    }
}

/// Adds the suffix `_total` to the names of counters in the lines `# HELP` and `# TYPE`, where Prometheus expects it. The
/// library writes OpenMetrics, which has the suffix only in the lines with values.
fn add_total_suffix(page: String) -> String {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let counters: Vec<String> =
        types.filter_map(|line| line.strip_suffix(" counter")).map(str::to_owned).collect();
    counters.iter().fold(page, |page, name| page.replace(&format!(" {name} "), &format!(" {name}_total ")))
}
