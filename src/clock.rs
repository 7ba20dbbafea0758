//! Timestamps, and a clock that tests control.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Converts seconds since 1970. A time out of range becomes the nearest time in range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// Returns the time since `earlier`, or zero if this time is before it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// Converts to `SystemTime`. A time before 1970 becomes 1970.
    pub fn to_system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(self.0.max(0).unsigned_abs())
    }
}

/// Uses the format of Python's `isoformat`: `2021-08-08T17:22:56.123456+00:00`, without the fraction if it is zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.to_system_time();
        let text = if self.0 % 1_000_000 == 0 {
            humantime::format_rfc3339_seconds(time).to_string()
        } else {
            humantime::format_rfc3339_micros(time).to_string()
        };
        f.write_str(text.trim_end_matches('Z'))?;
        f.write_str("+00:00")
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// A clock for tests, which only [`Clock::advance`] changes. Clones share the time.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.micros())))
    }

    #[expect(clippy::disallowed_methods, reason = "all other code uses this function")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                Timestamp(micros_of(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
            }
            Self::Manual(micros) => Timestamp(micros.load(Ordering::SeqCst)),
        }
    }

    /// Advances a manual clock. Has no effect on the system clock.
    pub fn advance(&self, duration: Duration) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(micros_of(duration), Ordering::SeqCst);
        }
    }
}
