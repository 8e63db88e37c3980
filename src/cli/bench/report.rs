//! What was measured, as JSON and as a table.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::control::{End, Measured, Plan};
use super::mode::Mode;
use crate::cli::output::{count, grouped};

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    mode: &'static str,
    connections: usize,
    /// Questions, or batches, in the air on each connection.
    concurrency: u32,
    /// Questions in a batch; 1 in the other modes.
    batch: u32,
    threads: usize,
    duration_seconds: f64,
    /// Questions that were answered.
    queries: u64,
    errors: u64,
    errors_by_code: BTreeMap<&'static str, u64>,
    answers: Answers,
    queries_per_second: f64,
    latency_us: Latency,
    /// `null` where the server's processor time cannot be read.
    server_cpu_us_per_query: Option<f64>,
    client_cpu_us_per_query: Option<f64>,
    /// Whose certificates were asked about; `null` for an authority that the server does not have.
    authority: Option<String>,
    interrupted: bool,
}

#[derive(Debug, Serialize)]
struct Answers {
    good: u64,
    revoked: u64,
    unknown: u64,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

impl Report {
    pub(super) fn new(plan: &Plan, measured: &Measured) -> Self {
        let Measured { tally, elapsed, server_cpu, own_cpu, end } = measured;
        let queries = tally.answered();
        let us_per_query = |cpu: &Option<Duration>| {
            cpu.map(|cpu| ratio(cpu.as_secs_f64() * 1e6, queries)).filter(|_| queries > 0)
        };
        let latency = |nanoseconds: u64| rounded(float(nanoseconds) / 1e3);
        let quantile = |part| latency(tally.latency.value_at_quantile(part));
        Self {
            mode: plan.mode.name(),
            connections: plan.connections,
            concurrency: plan.window,
            batch: match plan.mode {
                Mode::Batch(count) => count.get(),
                _ => 1,
            },
            threads: plan.threads,
            duration_seconds: rounded(elapsed.as_secs_f64()),
            queries,
            errors: tally.failed(),
            errors_by_code: tally.errors.clone(),
            answers: Answers { good: tally.good, revoked: tally.revoked, unknown: tally.unknown },
            queries_per_second: if elapsed.is_zero() {
                0.0
            } else {
                rounded(float(queries) / elapsed.as_secs_f64())
            },
            latency_us: Latency {
                p50: quantile(0.5),
                p90: quantile(0.9),
                p99: quantile(0.99),
                p999: quantile(0.999),
                max: latency(tally.latency.max()),
            },
            server_cpu_us_per_query: us_per_query(server_cpu),
            client_cpu_us_per_query: us_per_query(own_cpu),
            authority: plan.authority.text.clone(),
            interrupted: *end == End::Interrupted,
        }
    }

    /// As people read it.
    pub(super) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let Self { latency_us: latency, answers, .. } = self;
        let in_the_air = match self.batch {
            1 => format!("{} in the air on each", grouped(u64::from(self.concurrency))),
            batch => format!(
                "{} batches of {} in the air on each",
                grouped(u64::from(self.concurrency)),
                grouped(u64::from(batch))
            ),
        };
        let connections =
            count(u64::try_from(self.connections).unwrap_or(u64::MAX), "connection", "connections");
        writeln!(out, "{}: {connections}, {in_the_air}, {:.1} s", self.mode, self.duration_seconds)?;
        writeln!(
            out,
            "  asked about    {}",
            self.authority.as_deref().unwrap_or("an authority that the server does not have")
        )?;
        writeln!(
            out,
            "  answers        {:>14}   {} good, {} revoked, {} unknown",
            grouped(self.queries),
            grouped(answers.good),
            grouped(answers.revoked),
            grouped(answers.unknown)
        )?;
        let codes: Vec<String> =
            self.errors_by_code.iter().map(|(code, count)| format!("{} {code}", grouped(*count))).collect();
        writeln!(
            out,
            "{}",
            format!("  errors         {:>14}   {}", grouped(self.errors), codes.join(", ")).trim_end()
        )?;
        writeln!(out, "  queries/s      {:>14}", grouped(whole(self.queries_per_second)))?;
        writeln!(
            out,
            "  latency us     p50 {:.0}, p90 {:.0}, p99 {:.0}, p99.9 {:.0}, max {:.0}",
            latency.p50, latency.p90, latency.p99, latency.p999, latency.max
        )?;
        let cpu = |cpu: Option<f64>| cpu.map_or_else(|| "not known".to_owned(), |us| format!("{us:.3} us"));
        writeln!(
            out,
            "  CPU per query  server {}, client {}",
            cpu(self.server_cpu_us_per_query),
            cpu(self.client_cpu_us_per_query)
        )?;
        if self.interrupted {
            writeln!(out, "  interrupted before the end")?;
        }
        Ok(())
    }
}

fn ratio(of: f64, count: u64) -> f64 {
    rounded(of / float(count))
}

/// To three decimals, which is more than is ever meant.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[allow(clippy::as_conversions, reason = "counts above 2^53 lose digits that nobody reads")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::as_conversions, reason = "the conversion saturates")]
pub(super) fn whole(value: f64) -> u64 {
    value.round() as u64
}
