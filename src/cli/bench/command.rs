//! The command: its flags, and what it does in which order.

use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::authority::Authority;
use super::control::{self, End, Plan};
use super::cpu::Process;
use super::lane::Run;
use super::mode::Mode;
use super::questions::Questions;
use super::report::{Report, float, whole};
use crate::cli::certificates;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{grouped, print_json};
use crate::cli::runtime;
use crate::cli::server_options::ServerOptions;
use crate::client::{Client, ClientSettings};
use crate::types::Serial;
use crate::wire::Limits;

/// Messages in the air on each connection, if nothing else is said: single questions, and batches.
const USUAL_WINDOW: u32 = 256;
const USUAL_BATCHES: u32 = 16;
/// Questions in a batch, if nothing else is said.
const USUAL_BATCH: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// The most that a command line may ask for; servers have limits of their own below.
const MOST_CONNECTIONS: u32 = 10_000;
const MOST_IN_THE_AIR: u32 = 65_536;
/// Octets of a batch in front of its serials, at most.
const BATCH_HEAD: usize = 32;
/// A day.
const LONGEST: f64 = 86_400.0;

/// Measure how many questions a server answers, and how fast
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["server"]))]
#[command(after_help = "Examples:
  revocache bench --server 127.0.0.1:4433 --fingerprint HEX --mode pipeline
  revocache bench --server crl.example:4433 --server-ca ca.pem --mode stream --connections 16 --concurrency 16
  revocache bench --server 127.0.0.1:4433 --fingerprint HEX --mode batch --batch 64 --duration 30 --json

The questions are random serials of the first authority that the server tells of, or those of --issuer and --serial.
The load is closed: each connection has --concurrency questions in the air, and asks another when one is answered, so
latencies are those under full load; with --connections 1 --concurrency 1 they are those of a lone question. For a batch
the latency is that of the whole batch. Answers before the end of --warm-up are not counted.

The server's processor time is told where the server runs on this machine, for the same user; its resolution is 10 ms
over the whole measurement. If `client` costs more than `server`, the measure is of this program rather than the server.

Ctrl-C ends the measurement and prints what there is. Exit code 0 if anything was answered, 69 if not.")]
pub(crate) struct Bench {
    #[command(flatten)]
    server: ServerOptions,
    /// How questions are sent
    #[arg(long, value_enum)]
    mode: ModeName,
    /// Connections to the server
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_CONNECTIONS)))]
    connections: u32,
    /// Questions in the air on each connection, or batches [default: 256, of batches 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_IN_THE_AIR)))]
    concurrency: Option<u32>,
    /// Questions in a batch, with --mode batch [default: 64]
    #[arg(long, value_name = "N")]
    batch: Option<NonZeroU32>,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parse_seconds)]
    duration: Duration,
    /// How long to ask before measuring
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = parse_seconds)]
    warm_up: Duration,
    /// Certificate of the issuer to ask about [default: the server's first]
    #[arg(long, value_name = "FILE")]
    issuer: Option<PathBuf>,
    /// Serial numbers to ask about [default: random ones]
    #[arg(long, value_name = "HEX", num_args = 1.., requires = "issuer", value_parser = Serial::parse)]
    serial: Vec<Serial>,
    /// Threads that ask; each connection stays on one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// Process whose processor time is the server's [default: the owner of its socket]
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeName {
    /// A stream for each question
    Stream,
    /// All questions on one stream
    Pipeline,
    /// A datagram for each question
    Datagram,
    /// A stream for each batch of questions
    Batch,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("seconds from 0 to {LONGEST} are expected"))
}

impl Bench {
    pub(crate) fn run(&self) -> Result<Exit, CliError> {
        let mode = self.mode()?;
        if self.duration.is_zero() {
            return Err(CliError::Usage("--duration 0 measures nothing".to_owned()));
        }
        let issuer = self.issuer.as_deref().map(certificates::load_one).transpose()?;
        let Some(server) = self.server.server()? else {
            return Err(CliError::Usage("--server is missing".to_owned()));
        };
        let run = Arc::new(Run::new(Questions::new(&self.serial)?));
        let runtime = runtime::new()?;
        let (plan, measured) = runtime.block_on(async {
            let settings = server.named(ClientSettings::default());
            let (client, address) = server.connect(settings.clone()).await?;
            self.check_limits(mode, &client).await?;
            let authority = match issuer {
                Some(issuer) => Authority::of_certificate(issuer),
                None => Authority::first_of(&client).await,
            };
            client.close().await;
            let process = self.server_pid.map(Process::of).or_else(|| Process::listening(address));
            let plan = Plan {
                address,
                name: settings.server_name.clone().unwrap_or_default(),
                trust: server.trust().clone(),
                settings,
                authority,
                mode,
                connections: usize::try_from(self.connections).unwrap_or(1),
                window: self.window(),
                threads: usize::try_from(self.threads.min(self.connections)).unwrap_or(1),
                warm_up: self.warm_up,
                duration: self.duration,
            };
            let bar = Bar::new(self.duration);
            let measured = control::measure(&plan, &run, process.as_ref(), &mut |elapsed, answered| {
                bar.show(elapsed, answered);
            })
            .await;
            bar.0.finish_and_clear();
            Ok::<_, CliError>((plan, measured?))
        })?;
        let report = Report::new(&plan, &measured);
        if self.json {
            print_json(&report)?;
        } else {
            report.print()?;
        }
        if let End::Lost(fault) = measured.end {
            eprintln!("revocache: the measurement ended early: {fault}");
        }
        Ok(if measured.tally.answered() > 0 { Exit::Good } else { Exit::Unavailable })
    }

    fn mode(&self) -> Result<Mode, CliError> {
        let single = match self.mode {
            ModeName::Batch => return Ok(Mode::Batch(self.batch.unwrap_or(USUAL_BATCH))),
            ModeName::Stream => Mode::Stream,
            ModeName::Pipeline => Mode::Pipeline,
            ModeName::Datagram => Mode::Datagram,
        };
        match self.batch {
            Some(_) => Err(CliError::Usage(format!("--batch is for --mode batch, not {}", single.name()))),
            None => Ok(single),
        }
    }

    fn window(&self) -> u32 {
        let usual = if self.mode == ModeName::Batch { USUAL_BATCHES } else { USUAL_WINDOW };
        self.concurrency.unwrap_or(usual)
    }

    /// What the server would refuse is told before it is asked.
    async fn check_limits(&self, mode: Mode, client: &Client) -> Result<(), CliError> {
        let hello = client.hello().await.map_err(|error| CliError::Unavailable(error.to_string()))?;
        let Limits { max_frame, max_batch, max_open, .. } = hello.limits;
        let too_many = |flag: &str, limit: usize| {
            Err(CliError::Usage(format!("{flag} is more than the {limit} that the server takes")))
        };
        if self.window() > max_open {
            return too_many("--concurrency", usize::try_from(max_open).unwrap_or(usize::MAX));
        }
        if let Mode::Batch(count) = mode {
            let widest = self.serial.iter().map(|serial| serial.octets().len()).max().unwrap_or(16);
            let room = max_frame.saturating_sub(BATCH_HEAD).checked_div(widest).unwrap_or(1);
            let most = max_batch.min(room);
            if usize::try_from(count.get()).map_or(true, |count| count > most) {
                return too_many("--batch", most);
            }
        }
        Ok(())
    }
}

/// A bar on stderr, if that is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(duration: Duration) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let length = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("measuring {wide_bar} {elapsed:>4}  {msg:>20}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    fn show(&self, elapsed: Duration, answered: u64) {
        self.0.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        let rate = float(answered) / elapsed.as_secs_f64().max(f64::EPSILON);
        self.0.set_message(format!("{} queries/s", grouped(whole(rate))));
    }
}
