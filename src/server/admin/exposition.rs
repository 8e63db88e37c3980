//! Numbers as OpenMetrics text.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::telemetry::{Family, Kind, Sample, Value};

/// The media type of [`exposition`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Families as OpenMetrics text, in their order. Families of one name must come as one.
///
/// # Errors
/// [`fmt::Error`] if a family has values of another kind than its own.
pub fn exposition(families: Vec<Family>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.samples.is_empty()) {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, kind)?;
            for sample in &family.samples {
                if sample.labels.is_empty() {
                    encode_value(&mut metric, sample)?;
                } else {
                    encode_value(&mut metric.encode_family(&sample.labels)?, sample)?;
                }
            }
        }
        Ok(())
    }
}

fn encode_value(encoder: &mut MetricEncoder<'_>, sample: &Sample) -> fmt::Result {
    match &sample.value {
        Value::Count(count) => encoder.encode_counter::<NoLabels, _, u64>(count, None),
        Value::Number(number) => encoder.encode_gauge(number),
        Value::Histogram(histogram) => {
            encoder.encode_histogram::<NoLabels>(histogram.sum, histogram.count, &histogram.ranges, None)
        }
    }
}

/// The type of the labels of exemplars, of which there are none.
type NoLabels = Vec<(String, String)>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::StripedHistogram;

    #[test]
    fn every_kind_is_shown_as_prometheus_reads_it() {
        let mut looks = Family::counter("revocache_looks", "Looks");
        looks.count(&[("source", "a \"quoted\" name"), ("outcome", "accepted")], 3);
        looks.count(&[("source", "b"), ("outcome", "timeout")], 1);
        let mut age = Family::gauge("revocache_age_seconds", "Age");
        age.number(&[], 1.5);
        let histogram = StripedHistogram::of_lookups();
        histogram.record_nanoseconds(100);
        let mut latency = Family::histogram("revocache_latency_seconds", "Latency");
        latency.push(&[("kind", "serial")], Value::Histogram(histogram.snapshot()));
        let empty = Family::gauge("revocache_nothing", "Nothing");

        let text = exposition(vec![looks, age, latency, empty]).unwrap();
        for line in [
            "# TYPE revocache_looks counter",
            "revocache_looks_total{source=\"a \\\"quoted\\\" name\",outcome=\"accepted\"} 3",
            "revocache_looks_total{source=\"b\",outcome=\"timeout\"} 1",
            "revocache_age_seconds 1.5",
            "revocache_latency_seconds_bucket{le=\"1.28e-7\",kind=\"serial\"} 1",
            "revocache_latency_seconds_bucket{le=\"+Inf\",kind=\"serial\"} 1",
            "revocache_latency_seconds_count{kind=\"serial\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("revocache_nothing"));
    }
}
