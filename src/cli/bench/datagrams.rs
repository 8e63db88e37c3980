//! A datagram for each question. Datagrams get lost; a question without an answer is an error here, and is not asked
//! again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn::Connection;
use tokio::time::{MissedTickBehavior, interval};

use super::lane::Lane;
use super::tally::Fault;
use crate::wire::{Answer, Frame, RequestId};

/// After this a question, or its answer, is taken for lost.
const LOST_AFTER: Duration = Duration::from_millis(200);
/// How often is looked for lost ones.
const SWEEP: Duration = Duration::from_millis(50);
/// Octets of questions that share an allocation.
const ROOM: usize = 16 << 10;

/// Keeps so many questions in the air until the connection ends, or whoever waits for this gives up.
pub(super) async fn ask(connection: &Connection, lane: &Lane, window: u32) -> Result<(), Fault> {
    let mut questions = lane.run.questions.from(lane.number);
    let mut window = Window::new(window);
    let (mut out, mut room) = (Vec::new(), BytesMut::new());
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = Instant::now();
        while let Some(request) = window.open(now) {
            questions.put(request, &mut out);
            if room.capacity() < out.len() {
                room.reserve(ROOM);
            }
            room.extend_from_slice(&out);
            out.clear();
            connection.send_datagram(room.split().freeze()).map_err(|_| Fault::ConnectionLost)?;
        }
        tokio::select! {
            biased;
            datagram = connection.read_datagram() => {
                let datagram = datagram.map_err(|_| Fault::ConnectionLost)?;
                take(&datagram, lane, &mut window)?;
            }
            _ = sweep.tick() => {
                let lost = window.sweep(Instant::now());
                if lost > 0 {
                    lane.fault(Fault::DatagramLost, lost);
                }
            }
        }
    }
}

/// Counts the answers in a datagram.
fn take(datagram: &[u8], lane: &Lane, window: &mut Window) -> Result<(), Fault> {
    let arrived = Instant::now();
    let mut input = datagram;
    let mut counting = lane.counting();
    while let Some(frame) = Frame::take(&mut input, datagram.len())? {
        let Some(answer) = Answer::decode(&frame)? else { continue };
        // One that comes after its question was given up counts as lost.
        let Some(sent) = window.close(frame.request) else { continue };
        if let Some(counting) = &mut counting {
            counting.tally.answer(&answer, arrived.saturating_duration_since(sent))?;
        }
    }
    if input.is_empty() { Ok(()) } else { Err(Fault::Protocol) }
}

/// The questions in the air, oldest first. Request ids rise by one, so that the late answer to a question that was
/// given up is not taken for another's; they begin again after 2^30, which keeps them to four octets.
#[derive(Debug)]
struct Window {
    /// When each was sent; `None` once it is answered.
    sent: VecDeque<Option<Instant>>,
    /// The id of the oldest.
    first: u32,
    /// Those that are not answered.
    open: u32,
    most: u32,
}

/// How many ids there are.
const IDS: u32 = 1 << 30;
/// Answered and unanswered questions behind the oldest unanswered one; above this nothing is asked until it is given
/// up.
const LONGEST: u32 = 1 << 20;

impl Window {
    fn new(most: u32) -> Self {
        Self { sent: VecDeque::new(), first: 0, open: 0, most }
    }

    fn open(&mut self, now: Instant) -> Option<RequestId> {
        let length = u32::try_from(self.sent.len()).ok()?;
        // A lost question keeps its place until it is given up, and others are asked behind it.
        if self.open >= self.most || length >= LONGEST {
            return None;
        }
        self.open += 1;
        self.sent.push_back(Some(now));
        Some(RequestId::from((self.first + length) % IDS))
    }

    fn close(&mut self, request: RequestId) -> Option<Instant> {
        let id = u32::try_from(request.number()).ok().filter(|id| *id < IDS)?;
        let position = usize::try_from((id + IDS - self.first) % IDS).ok()?;
        let sent = self.sent.get_mut(position)?.take()?;
        self.open -= 1;
        self.trim();
        Some(sent)
    }

    /// Gives up what is too old; tells how many.
    fn sweep(&mut self, now: Instant) -> u64 {
        let mut lost = 0;
        for place in &mut self.sent {
            if place.is_some_and(|sent| now.saturating_duration_since(sent) > LOST_AFTER) {
                *place = None;
                lost += 1;
                self.open -= 1;
            }
        }
        self.trim();
        lost
    }

    fn trim(&mut self) {
        while let Some(None) = self.sent.front() {
            self.sent.pop_front();
            self.first = (self.first + 1) % IDS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_is_nobodys() {
        let start = Instant::now();
        let mut window = Window::new(2);
        let ids: Vec<_> = std::iter::from_fn(|| window.open(start)).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(window.close(ids[1]), Some(start));
        assert_eq!(window.close(ids[1]), None);
        let later = start + LOST_AFTER + Duration::from_millis(1);
        let third = window.open(later).unwrap();
        assert_eq!((window.sweep(later), window.sweep(later)), (1, 0));
        assert_eq!(window.close(ids[0]), None);
        assert_eq!(window.close(third), Some(later));
        assert!(window.sent.is_empty());
    }

    #[test]
    fn ids_begin_again() {
        let now = Instant::now();
        let mut window = Window { first: IDS - 2, ..Window::new(3) };
        let ids: Vec<_> = std::iter::from_fn(|| window.open(now)).collect();
        let numbers: Vec<u64> = ids.iter().map(|id| id.number()).collect();
        assert_eq!(numbers, [u64::from(IDS) - 2, u64::from(IDS) - 1, 0]);
        for id in [ids[2], ids[0], ids[1]] {
            assert_eq!(window.close(id), Some(now));
        }
        assert_eq!((window.first, window.sent.len(), window.open), (1, 0, 0));
    }
}
