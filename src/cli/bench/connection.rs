//! One connection: made, told whom it asks about, and kept busy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Connection, Endpoint};
use tokio::time::timeout;

use super::authority::Authority;
use super::lane::Lane;
use super::mode::Mode;
use super::questions::HANDLE;
use super::streams::Message;
use super::tally::Fault;
use super::{datagrams, pipeline, streams};
use crate::wire::{Answer, Frame, Limits, RequestId, Resolve};

/// For a connection, and for the handle of the authority.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Octets of the answer to `resolve`, with room for later fields.
const MOST: usize = 4096;

/// Why a connection cannot be used, in words.
pub(super) type NotReady = String;

/// Connects, and gives the authority its handle.
pub(super) async fn open(
    endpoint: &Endpoint,
    address: SocketAddr,
    name: &str,
    authority: &Authority,
) -> Result<Connection, NotReady> {
    let made = timeout(TIMEOUT, async {
        let connecting = endpoint.connect(address, name).map_err(|error| error.to_string())?;
        let connection = connecting.await.map_err(|error| error.to_string())?;
        resolve(&connection, authority).await?;
        Ok(connection)
    });
    let made = made.await.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())));
    made.map_err(|reason: String| format!("cannot connect to {address}: {reason}"))
}

async fn resolve(connection: &Connection, authority: &Authority) -> Result<(), NotReady> {
    let mut out = Vec::new();
    Resolve { handle: HANDLE, authority: authority.as_ref() }.encode(RequestId::from(1), &mut out);
    let (mut send, mut recv) = connection.open_bi().await.map_err(|error| error.to_string())?;
    send.write_all(&out).await.map_err(|error| error.to_string())?;
    send.finish().map_err(|error| error.to_string())?;
    let answer = recv.read_to_end(MOST).await.map_err(|error| error.to_string())?;
    let mut input = answer.as_slice();
    let frame = Frame::take(&mut input, Limits::FRAME_CEILING).map_err(|error| error.to_string())?;
    let frame = frame.ok_or("no answer to the authority")?;
    match Answer::decode(&frame).map_err(|error| error.to_string())? {
        Some(Answer::Resolved(_)) => Ok(()),
        Some(Answer::Failure(failure)) => {
            Err(format!("the server refuses the authority: {}: {}", failure.code, failure.text))
        }
        _ => Err("the server does not answer to the authority".to_owned()),
    }
}

/// Asks until the connection ends, or whoever waits for this gives up.
pub(super) async fn ask(connection: &Connection, lane: &Arc<Lane>, mode: Mode, window: u32) -> Fault {
    let asked = match mode {
        Mode::Pipeline => pipeline::ask(connection, lane, window).await,
        Mode::Datagram => datagrams::ask(connection, lane, window).await,
        Mode::Stream => streams::ask(connection, lane, window, Message::Single).await,
        Mode::Batch(count) => streams::ask(connection, lane, window, Message::Batch(count)).await,
    };
    let fault = asked.err().unwrap_or(Fault::ConnectionLost);
    // What was in the air is lost with it; that is one error, however many questions they were.
    lane.fault(fault, 1);
    fault
}
