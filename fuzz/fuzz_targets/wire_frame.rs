//! Any octets as the message of a frame of any type, by both sides. What is read can be written, and reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use revocache::types::SerialRef;
use revocache::wire::{
    Answer, Batch, BatchWriter, Changes, Frame, FrameType, InfoWriter, Limits, Request, RequestId, Subscribe,
    encode_cancel, encode_verdict,
};

fuzz_target!(|data: &[u8]| {
    let Some((kind, message)) = data.split_first() else { return };
    let id = RequestId::from(7);
    let frame = Frame { frame_type: FrameType(*kind), request: id, message };
    let mut out = Vec::new();
    if let Ok(Some(request)) = Request::decode(&frame, &Limits::default()) {
        write_request(id, &request, &mut out);
        let frame = Frame::take(&mut out.as_slice(), 1 << 24).unwrap().unwrap();
        let again = Request::decode(&frame, &Limits::default()).unwrap().unwrap();
        assert!(same(&request, &again), "{request:?} {again:?}");
    }
    out.clear();
    if let Ok(Some(answer)) = Answer::decode(&frame) {
        let Some(rewritten) = write_answer(id, &answer, &mut out) else { return };
        let frame = Frame::take(&mut out.as_slice(), 1 << 24).unwrap().unwrap();
        let again = Answer::decode(&frame).unwrap().unwrap();
        if rewritten {
            assert_eq!(answer, again);
        }
    }
});

/// Batches may be padded more than they need be.
fn same(a: &Request<'_>, b: &Request<'_>) -> bool {
    match (a, b) {
        (Request::Batch(a), Request::Batch(b)) => {
            a.options == b.options && a.authority() == b.authority() && a.iter().eq(b.iter())
        }
        (Request::Subscribe(a), Request::Subscribe(b)) => a.authorities().eq(b.authorities()),
        _ => a == b,
    }
}

fn write_request(id: RequestId, request: &Request<'_>, out: &mut Vec<u8>) {
    match request {
        Request::Ask(question) => question.encode(id, out),
        Request::Batch(batch) => match batch.authority() {
            Some(authority) => {
                let serials: Vec<SerialRef<'_>> = batch.iter().map(|(_, serial)| serial).collect();
                Batch::encode_shared(id, &batch.options, authority, &serials, out);
            }
            None => Batch::encode_mixed(id, &batch.options, &batch.iter().collect::<Vec<_>>(), out),
        },
        Request::Resolve(resolve) => resolve.encode(id, out),
        Request::Info(info) => info.encode(id, out),
        Request::Subscribe(subscribe) => {
            Subscribe::encode(id, &subscribe.authorities().collect::<Vec<_>>(), out);
        }
        Request::Cancel => encode_cancel(id, out),
    }
}

/// `None` if it cannot be written, `false` if what was written need not be equal octet by octet.
fn write_answer(id: RequestId, answer: &Answer<'_>, out: &mut Vec<u8>) -> Option<bool> {
    match answer {
        Answer::Hello(hello) => hello.encode(out),
        Answer::Goaway => return None,
        Answer::Verdict(verdict) => {
            // A time at the very end of the range is cut when it is written.
            encode_verdict(id, verdict, out);
            return Some(false);
        }
        Answer::BatchVerdicts(batch) => {
            let mut writer = BatchWriter::begin(id, batch.first, out);
            for outcome in batch.outcomes() {
                writer.push(&outcome.ok()?);
            }
            writer.finish(batch.last);
            return Some(false);
        }
        Answer::Resolved(resolved) => resolved.encode(id, out),
        Answer::Info(page) => {
            let mut writer = InfoWriter::begin(id, &page.head, page.first, 1 << 24, out);
            for authority in page.authorities() {
                assert!(writer.push(&authority.ok()?));
            }
            writer.finish();
            return Some(false);
        }
        Answer::Generation(notice) => notice.encode(id, out),
        Answer::Changes(changes) => {
            let serials: Vec<SerialRef<'_>> = changes.serials().collect();
            let between = (changes.from, changes.to);
            Changes::encode(id, changes.authority, between, changes.change, &serials, 1 << 24, out);
            return Some(false);
        }
        Answer::Failure(failure) => {
            failure.encode(id, out);
            return Some(failure.text.len() <= revocache::wire::Failure::MAX_TEXT);
        }
    }
    Some(true)
}
