//! Revocation in OpenSSL's verify callback: a server of our own, and nginx with the callback wrapped.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use revocache_testkit::{CertificateBuilder, Key, KeyKind, Name, pem};
use support::{GOOD, Link, REVOKED, World, compile, include, is_there, libraries, skipped};

/// Until 2100, so that the machine's clock is within.
const NEXT_UPDATE: i64 = 4_102_444_800;

/// Whether programs can be compiled against OpenSSL; if not, says so.
fn has_openssl() -> bool {
    let found = Path::new("/usr/include/openssl/ssl.h").exists();
    if !found {
        skipped("OpenSSL's headers are not installed");
    }
    found
}

/// A world with certificates and keys of a server and of clients, in PEM. Clients send their chain.
fn world() -> World {
    let world = World::with_next_update(NEXT_UPDATE);
    fs::write(world.path("root.pem"), pem("CERTIFICATE", &world.root.certificate)).unwrap();
    for (name, serial) in [("good", GOOD), ("revoked", REVOKED), ("server", &[0x55][..])] {
        let key = Key::new(KeyKind::P256);
        let builder = CertificateBuilder::new(serial, Name::new(name), &key).key_usage(&[0]);
        let chain = [builder.build(&world.ca), world.ca.certificate.clone()];
        let text: String = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        fs::write(world.path(&format!("{name}.pem")), text).unwrap();
        fs::write(world.path(&format!("{name}.key")), pem("PRIVATE KEY", key.pkcs8())).unwrap();
    }
    world
}

fn files(world: &World, name: &str) -> [PathBuf; 3] {
    [world.path("root.pem"), world.path(&format!("{name}.pem")), world.path(&format!("{name}.key"))]
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn connect(program: &Path, world: &World, port: &str, name: &str) -> Output {
    Command::new(program).arg("connect").arg(port).args(files(world, name)).output().unwrap()
}

#[test]
fn a_revoked_client_is_refused_and_one_that_is_revoked_meanwhile_too() {
    if !has_openssl() {
        return;
    }
    let world = world();
    let flags = ["-lssl", "-lcrypto"];
    let program =
        compile("cc", "examples/openssl/verify.c", Link::Dynamic, &flags, world.folder.path()).unwrap();
    let mut server = Command::new(&program);
    server.arg("serve").arg(world.index()).args(files(&world, "server"));
    let mut server = Running(server.stdout(Stdio::piped()).spawn().unwrap());
    let mut log = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = log.next().unwrap();
    let port = first.strip_prefix("listening on ").unwrap();

    let good = connect(&program, &world, port, "good");
    assert_eq!((good.status.code(), &*good.stdout), (Some(0), &b"welcome\n"[..]), "{good:?}");
    assert_eq!(log.next().unwrap(), "welcomed a client");

    let revoked = connect(&program, &world, port, "revoked");
    assert_eq!(revoked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&revoked.stdout).contains("certificate revoked"), "{revoked:?}");
    let line = log.next().unwrap();
    assert!(
        line.contains("revoked since 2025-01-16T04:00:00Z, reason key_compromise (generation 1)"),
        "{line}"
    );

    world.publish(&[REVOKED.to_vec(), GOOD.to_vec()]);
    let good = connect(&program, &world, port, "good");
    assert_eq!(good.status.code(), Some(1), "the server has not noticed: {good:?}");
    let line = log.next().unwrap();
    assert!(line.contains("CN=good") && line.contains("(generation 2)"), "{line}");
}

#[test]
fn nginx_refuses_a_revoked_client_through_the_wrapped_callback() {
    if !has_openssl() || Command::new("nginx").arg("-v").output().is_err() || !is_there("openssl") {
        skipped("nginx is not installed");
        return;
    }
    let world = world();
    let folder = world.folder.path().to_str().unwrap();
    let shim = world.path("librevocache-preload.so");
    let source = support::repository().join("examples/openssl/preload.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(include())
        .arg(source)
        .arg(libraries().join("librevocache_ffi.so"))
        .arg(format!("-Wl,-rpath,{}", libraries().display()))
        .args(["-ldl", "-o"])
        .arg(&shim)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let user = if fs::metadata("/root").is_ok_and(|root| fs::read_dir("/root").is_ok() && root.is_dir()) {
        "user root;"
    } else {
        ""
    };
    let configuration = format!(
        "{user} daemon off; worker_processes 2; error_log {folder}/error.log info; pid {folder}/nginx.pid;\n\
         events {{}}\n\
         http {{\n\
           access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n\
           uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
           server {{\n\
             listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;\n\
             ssl_client_certificate {folder}/root.pem; ssl_verify_client on; ssl_verify_depth 3;\n\
             ssl_session_tickets off; ssl_session_cache off;\n\
             location / {{ return 200 \"welcome\\n\"; }}\n\
           }}\n\
         }}\n"
    );
    fs::write(world.path("nginx.conf"), configuration).unwrap();
    let child = Command::new("nginx")
        .args(["-p", folder, "-c"])
        .arg(world.path("nginx.conf"))
        .env("LD_PRELOAD", &shim)
        .env("REVOCACHE_INDEX", world.index())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _nginx = Stopped(Running(child), world.path("nginx.pid"));
    let address = format!("127.0.0.1:{port}");
    let is_up = || std::net::TcpStream::connect(&address).is_ok();
    let started = std::time::Instant::now();
    while !is_up() {
        assert!(started.elapsed().as_secs() < 20, "{:?}", fs::read_to_string(world.path("error.log")));
        std::thread::yield_now();
    }

    let ask = |name: &str| {
        let request = world.path("request");
        fs::write(&request, "GET / HTTP/1.0\r\n\r\n").unwrap();
        let [root, certificate, key] = files(&world, name);
        let mut client = Command::new("openssl");
        client.args(["s_client", "-quiet", "-connect", &address, "-CAfile"]).arg(root);
        client.arg("-cert").arg(&certificate).arg("-key").arg(key).arg("-cert_chain").arg(&certificate);
        let output = client.stdin(fs::File::open(&request).unwrap()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let good = ask("good");
    assert!(good.contains("welcome"), "{good}{:?}", fs::read_to_string(world.path("error.log")));
    let refused = ask("revoked");
    assert!(
        refused.contains("400") && !refused.contains("welcome"),
        "{refused}{:?}",
        fs::read_to_string(world.path("error.log"))
    );
    let log = fs::read_to_string(world.path("error.log")).unwrap();
    assert!(log.contains("client SSL certificate verify error: (23:certificate revoked)"), "{log}");
    world.publish(&[GOOD.to_vec()]);
    assert!(ask("revoked").contains("welcome"), "released in generation 2");
    assert!(ask("good").contains("400"), "revoked in generation 2");
}

/// nginx, which ends its workers if it is asked to.
struct Stopped(Running, PathBuf);

impl Drop for Stopped {
    fn drop(&mut self) {
        let pid = fs::read_to_string(&self.1).unwrap_or_default();
        let _ = Command::new("kill").args(["-QUIT", pid.trim()]).output();
        let _ = self.0.0.wait();
    }
}
