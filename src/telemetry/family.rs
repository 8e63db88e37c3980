//! What is told: families of samples.

use super::striped::HistogramSnapshot;

/// Something that has numbers to show.
pub trait Metrics: Send + Sync {
    /// The numbers now. Called once for each time somebody looks, so it may walk and allocate.
    fn families(&self) -> Vec<Family>;
}

/// How the values of a family move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rises only, from 0 at the start of the process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// How often values fell into each range.
    Histogram,
}

/// Samples of one name, told apart by their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// In snake case, starting with `revocache_`, ending with the unit where there is one. The suffix `_total` of a
    /// counter is added when it is shown.
    pub name: &'static str,
    /// One sentence without a full stop.
    pub help: &'static str,
    /// How the values move.
    pub kind: Kind,
    /// The values.
    pub samples: Vec<Sample>,
}

/// One value with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Names and values of the labels, in the same order in every sample of a family.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: Value,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a counter.
    Count(u64),
    /// Of a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram(HistogramSnapshot),
}

impl Family {
    /// A family of counters, still empty.
    #[must_use]
    pub fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Counter, samples: Vec::new() }
    }

    /// A family of gauges, still empty.
    #[must_use]
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Gauge, samples: Vec::new() }
    }

    /// A family of histograms, still empty.
    #[must_use]
    pub fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: Kind::Histogram, samples: Vec::new() }
    }

    /// Adds a count.
    pub fn count(&mut self, labels: &[(&'static str, &str)], value: u64) {
        self.push(labels, Value::Count(value));
    }

    /// Adds a number.
    pub fn number(&mut self, labels: &[(&'static str, &str)], value: f64) {
        self.push(labels, Value::Number(value));
    }

    /// Adds a sample.
    pub fn push(&mut self, labels: &[(&'static str, &str)], value: Value) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.push(Sample { labels, value });
    }
}
