//! The measurement: threads with connections, a while to warm up, a while that counts.
//!
//! Each thread has a runtime, a socket and connections of its own, so that threads share nothing on the way of a
//! question and none of them moves work to another. One thread is the default: it leaves the other processors to the
//! server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::authority::Authority;
use super::connection::{self, NotReady};
use super::cpu::Process;
use super::lane::{Lane, Run};
use super::mode::Mode;
use super::tally::{Fault, Tally};
use crate::cli::error::CliError;
use crate::client::{ClientSettings, ServerTrust, endpoint};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);

/// What to measure, and where.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    pub(super) name: String,
    pub(super) trust: ServerTrust,
    pub(super) settings: ClientSettings,
    pub(super) authority: Authority,
    pub(super) mode: Mode,
    pub(super) connections: usize,
    /// Of each connection.
    pub(super) window: u32,
    pub(super) threads: usize,
    pub(super) warm_up: Duration,
    pub(super) duration: Duration,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) tally: Tally,
    pub(super) elapsed: Duration,
    /// Processor time of the server, where it can be read.
    pub(super) server_cpu: Option<Duration>,
    /// Processor time of this program.
    pub(super) own_cpu: Option<Duration>,
    pub(super) end: End,
}

/// Why the measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It took as long as planned.
    Complete,
    /// Somebody interrupted it.
    Interrupted,
    /// All connections were lost.
    Lost(Fault),
}

/// What a connection tells.
enum News {
    Ready,
    NotReady(NotReady),
    Lost(Fault),
}

/// Measures. `tick` is told from time to time how long it has been measuring and how many answers there are.
///
/// # Errors
/// Unavailable, if one of the connections cannot be made.
pub(super) async fn measure(
    plan: &Plan,
    run: &Arc<Run>,
    server: Option<&Process>,
    tick: &mut dyn FnMut(Duration, u64),
) -> Result<Measured, CliError> {
    let lanes = (0..plan.connections).map(|number| Lane::new(Arc::clone(run), number).map(Arc::new));
    let lanes: Vec<Arc<Lane>> =
        lanes.collect::<Result<_, _>>().map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    let (stop, stopped) = watch::channel(());
    let (sender, mut news) = mpsc::unbounded_channel();
    let mut threads = Vec::new();
    for thread in 0..plan.threads {
        let own: Vec<_> = lanes.iter().skip(thread).step_by(plan.threads).cloned().collect();
        let (plan, stopped, news) = (plan.clone(), stopped.clone(), sender.clone());
        threads.push(std::thread::Builder::new().name(format!("bench-{thread}")).spawn(move || {
            drive(&plan, own, &stopped, &news);
        })?);
    }
    drop((stopped, sender));
    let measured = watch_over(plan, run, server, &mut news, tick).await;
    drop(stop);
    for thread in threads {
        // One that panicked has said so on stderr, and its connections count as lost.
        let _ = thread.join();
    }
    let (elapsed, server_cpu, own_cpu, end) = measured?;
    let mut tally = Tally::new().map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    lanes.iter().for_each(|lane| tally.add(&lane.result()));
    Ok(Measured { tally, elapsed, server_cpu, own_cpu, end })
}

type Times = (Duration, Option<Duration>, Option<Duration>, End);

async fn watch_over(
    plan: &Plan,
    run: &Run,
    server: Option<&Process>,
    news: &mut mpsc::UnboundedReceiver<News>,
    tick: &mut dyn FnMut(Duration, u64),
) -> Result<Times, CliError> {
    let mut missing = plan.connections;
    let mut left = plan.connections;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    // Connecting.
    while missing > 0 {
        tokio::select! {
            told = news.recv() => match told {
                Some(News::Ready) => missing -= 1,
                Some(News::NotReady(reason)) => return Err(CliError::Unavailable(reason)),
                Some(News::Lost(fault)) => return Err(CliError::Unavailable(fault.to_string())),
                None => return Err(CliError::Unavailable(Fault::ConnectionLost.to_string())),
            },
            _ = &mut interrupted => return Ok((Duration::ZERO, None, None, End::Interrupted)),
        }
    }
    let own = Process::this();
    let cpu = |process: Option<&Process>| process.and_then(Process::cpu);
    let mut begin: Option<(Instant, Option<Duration>, Option<Duration>)> = None;
    let mut ticks = tokio::time::interval(TICK);
    let warm = tokio::time::sleep(plan.warm_up);
    tokio::pin!(warm);
    let end = loop {
        tokio::select! {
            () = &mut warm => {
                if begin.is_some() {
                    break End::Complete;
                }
                begin = Some((Instant::now(), cpu(server), cpu(Some(&own))));
                run.measure(true);
                warm.as_mut().reset(tokio::time::Instant::now() + plan.duration);
            }
            _ = ticks.tick() => {
                if let Some((begun, ..)) = begin {
                    tick(begun.elapsed(), run.answered());
                }
            }
            told = news.recv() => match told {
                Some(News::Ready) => {}
                Some(News::NotReady(reason)) => return Err(CliError::Unavailable(reason)),
                Some(News::Lost(fault)) => {
                    left = left.saturating_sub(1);
                    if left == 0 {
                        break End::Lost(fault);
                    }
                }
                None => break End::Lost(Fault::ConnectionLost),
            },
            _ = &mut interrupted => break End::Interrupted,
        }
    };
    run.measure(false);
    let Some((begun, server_before, own_before)) = begin else {
        return Ok((Duration::ZERO, None, None, end));
    };
    let elapsed = begun.elapsed();
    let spent = |process, before: Option<Duration>| Some(cpu(process)?.saturating_sub(before?));
    Ok((elapsed, spent(server, server_before), spent(Some(&own), own_before), end))
}

/// What a thread does: makes its connections and keeps them busy until it is told to stop.
fn drive(
    plan: &Plan,
    lanes: Vec<Arc<Lane>>,
    stopped: &watch::Receiver<()>,
    news: &mpsc::UnboundedSender<News>,
) {
    let tell = |what| {
        let _ = news.send(what);
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(News::NotReady(error.to_string())),
    };
    runtime.block_on(async {
        let endpoint = match endpoint(plan.address, &plan.trust, &plan.settings) {
            Ok(endpoint) => endpoint,
            Err(error) => return tell(News::NotReady(error.to_string())),
        };
        let mut tasks = tokio::task::JoinSet::new();
        for lane in lanes {
            let made = connection::open(&endpoint, plan.address, &plan.name, &plan.authority).await;
            let connection = match made {
                Ok(connection) if plan.mode == Mode::Datagram && connection.max_datagram_size().is_none() => {
                    return tell(News::NotReady("the server takes no datagrams".to_owned()));
                }
                Ok(connection) => connection,
                Err(reason) => return tell(News::NotReady(reason)),
            };
            tell(News::Ready);
            let (mode, window, news, mut stopped) = (plan.mode, plan.window, news.clone(), stopped.clone());
            tasks.spawn(async move {
                tokio::select! {
                    fault = connection::ask(&connection, &lane, mode, window) => {
                        let _ = news.send(News::Lost(fault));
                    }
                    // The sender is dropped at the end.
                    _ = stopped.changed() => {}
                }
                connection.close(0_u32.into(), b"");
            });
        }
        while tasks.join_next().await.is_some() {}
        let _ = tokio::time::timeout(Duration::from_secs(1), endpoint.wait_idle()).await;
    });
}
