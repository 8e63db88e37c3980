//! Uploads that were made to do harm.

use axum::body::Body;
use axum::http::Request;

use super::world::{Part, World, multipart};

#[tokio::test]
async fn floods_are_refused() {
    let world = World::new().await;
    let field = |_| Part::Field("password", "123456");
    let many: Vec<Part<'_>> = (0..10_000).map(field).collect();
    assert_eq!(world.upload("server/import", &many).await.error(), (400, 2301));
    let long = "x".repeat(10_000);
    assert_eq!(world.upload("server/import", &[Part::Field("password", &long)]).await.error(), (400, 2301));
    let big = vec![0x30; (1 << 20) + 1];
    let file = Part::File("caFile", "big.cer", &big);
    assert_eq!(world.upload("server/ca/import", &[file]).await.error(), (400, 2301));
    let headers = format!("X: {}\r\n", "x".repeat(100)).repeat(1000);
    let body =
        format!("--b\r\nContent-Disposition: form-data; name=\"caFile\"\r\n{headers}\r\nx\r\n--b--\r\n");
    let kind = "multipart/form-data; boundary=b";
    let answer = world.post_as(&world.session, "server/ca/import", kind, body.into_bytes()).await;
    assert_eq!(answer.error(), (400, 2301));
}

#[tokio::test]
async fn broken_uploads_are_told() {
    let world = World::new().await;
    let (kind, body) = multipart(&[Part::File("caFile", "a.cer", b"octets")]);
    for (kind, body) in [
        ("multipart/form-data", body.clone()),
        ("multipart/form-data; boundary=other", body.clone()),
        ("application/octet-stream", body.clone()),
        (kind.as_str(), Vec::new()),
        (kind.as_str(), body[..40].to_vec()),
    ] {
        let answer = world.post_as(&world.session, "server/ca/import", kind, body).await;
        assert_eq!(answer.error(), (400, 2301), "{kind}");
    }
    // Parts nobody asked for are passed over, and a file under another name is none.
    let parts = [Part::Field("extra", "1"), Part::File("other", "a.cer", b"octets")];
    assert_eq!(world.upload("server/ca/import", &parts).await.error(), (400, 2202));
    // A file name is a name, never a path.
    let parts = [Part::File("caFile", "../../etc/passwd", b"octets")];
    assert_eq!(world.upload("server/ca/import", &parts).await.error(), (400, 2204));
}

/// The manual's sample has a space behind its first boundary, as RFC 2046 section 5.1.1 allows.
#[tokio::test]
async fn boundaries_may_be_padded() {
    let world = World::new().await;
    let root = revocache_testkit::Authority::root("Padded", revocache_testkit::KeyKind::P256).certificate;
    let mut body = b"--b \r\nContent-Disposition: form-data; name=\"caFile\"; filename=\"test.cer\" \r\n\
                     Content-Type: text/plain\r\n\r\n"
        .to_vec();
    body.extend_from_slice(&root);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let kind = "multipart/form-data; boundary=b; charset=UTF-8";
    let all = world.post_as(&world.session, "server/ca/import", kind, body).await.data();
    assert_eq!(all["certificate"][0]["subject"], "CN=Padded,O=Testkit,C=ZZ");
}

/// Who is not logged in does not get to send anything.
#[tokio::test]
async fn uploads_without_a_session_are_not_read() {
    let world = World::new().await;
    let endless = unread();
    let request = Request::post("/mcapi/certificate/server/import")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .body(endless)
        .unwrap();
    assert_eq!(world.send(request).await.error(), (403, 3001));
}

/// A body that panics when it is read.
fn unread() -> Body {
    struct Unread;
    impl hyper::body::Body for Unread {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Self::Error>>> {
            panic!("the body was read");
        }
    }
    Body::new(Unread)
}
