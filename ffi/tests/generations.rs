//! The index changes while it is asked: by many threads, and on both sides of a fork.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]
#![allow(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the functions under test are those of C"
)]

#[path = "support/handles.rs"]
mod handles;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use handles::{issuer, open};
use revocache_ffi::{
    REVOCACHE_REFRESH_AUTOMATIC, REVOCACHE_REFRESH_ON_REQUEST, revocache_check_serial, revocache_error,
    revocache_generation, revocache_index, revocache_issuer, revocache_policy, revocache_refresh,
    revocache_result, revocache_verdict,
};
use support::{AT, GOOD, Link, REVOKED, World, compile, is_there};

/// An opened index with an issuer.
struct Opened {
    index: Box<revocache_index>,
    issuer: Box<revocache_issuer>,
}

impl Opened {
    fn new(world: &World, refresh: u32) -> Self {
        let index = open(&world.index(), refresh);
        let issuer = issuer(&index, &world.ca.certificate);
        Self { index, issuer }
    }

    fn check(&self, serial: &[u8]) -> (revocache_result, u64) {
        // SAFETY: any octets make the structures, whose size is set below.
        let (mut policy, mut verdict): (revocache_policy, revocache_verdict) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        policy.size = size_of::<revocache_policy>() as u32;
        policy.at = AT;
        verdict.size = size_of::<revocache_verdict>() as u32;
        let (serial, length) = (serial.as_ptr(), serial.len());
        // SAFETY: all pointers are to variables of this function.
        let result = unsafe {
            revocache_check_serial(Some(&self.issuer), serial, length, &policy, &mut verdict, ptr::null_mut())
        };
        (result, verdict.generation)
    }

    fn refresh(&self) -> (revocache_result, String) {
        // SAFETY: any octets make the structure.
        let mut error: revocache_error = unsafe { std::mem::zeroed() };
        error.size = size_of::<revocache_error>() as u32;
        // SAFETY: all pointers are to variables of this function.
        let result = unsafe { revocache_refresh(Some(&self.index), &mut error) };
        let text: Vec<u8> = error.text.iter().map(|c| *c as u8).take_while(|c| *c != 0).collect();
        (result, String::from_utf8(text).unwrap())
    }

    fn generation(&self) -> u64 {
        // SAFETY: a valid index.
        unsafe { revocache_generation(Some(&self.index)) }
    }
}

#[test]
fn a_handle_that_refreshes_by_itself_sees_a_revocation_at_once() {
    let world = World::new();
    let opened = Opened::new(&world, REVOCACHE_REFRESH_AUTOMATIC);
    assert_eq!(opened.check(GOOD), (revocache_result::Good, 1));
    world.publish(&[GOOD.to_vec()]);
    assert_eq!(opened.generation(), 1, "facts do not refresh");
    assert_eq!(opened.check(GOOD), (revocache_result::Revoked, 2));
    assert_eq!(opened.check(REVOKED), (revocache_result::Good, 2));
}

#[test]
fn a_handle_that_refreshes_on_request_waits_for_it() {
    let world = World::new();
    let opened = Opened::new(&world, REVOCACHE_REFRESH_ON_REQUEST);
    world.publish(&[GOOD.to_vec()]);
    assert_eq!(opened.check(GOOD), (revocache_result::Good, 1));
    assert_eq!(opened.refresh().0, revocache_result::Ok);
    assert_eq!(opened.check(GOOD), (revocache_result::Revoked, 2));
}

/// A copy that was cut short, or a publisher on a failing disk. The last good generation stays, and whoever asks is told
/// why; checks do not try to open the bad file again and again.
#[test]
fn a_generation_that_cannot_be_opened_leaves_the_one_before() {
    let world = World::new();
    let opened = Opened::new(&world, REVOCACHE_REFRESH_AUTOMATIC);
    world.publish(&[GOOD.to_vec()]);
    let whole = fs::read(world.file(2)).unwrap();
    fs::remove_file(world.file(2)).unwrap();
    fs::write(world.file(2), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(opened.check(GOOD), (revocache_result::Good, 1));
    let (result, text) = opened.refresh();
    assert_eq!(result, revocache_result::Damaged);
    assert!(text.contains("copy it again or rebuild it"), "{text}");
    let started = Instant::now();
    for _ in 0..10_000 {
        assert_eq!(opened.check(REVOKED), (revocache_result::Revoked, 1));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "each check tried to open the file");
    fs::remove_file(world.file(2)).unwrap();
    let (result, text) = opened.refresh();
    assert_eq!(result, revocache_result::NoSuchGeneration);
    assert!(text.contains("generation 2"), "{text}");
    fs::write(world.file(2), &whole).unwrap();
    assert_eq!(opened.refresh().0, revocache_result::Ok);
    assert_eq!(opened.check(GOOD), (revocache_result::Revoked, 2));
}

/// Handles are made, asked and freed while generations come and go. What is no longer in force is unmapped.
#[test]
fn threads_share_a_handle_while_everything_changes() {
    let world = World::new();
    let opened = Opened::new(&world, REVOCACHE_REFRESH_AUTOMATIC);
    let last = 60;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < last {
                    let (result, generation) = opened.check(GOOD);
                    // Revoked in every even generation.
                    let expected = [revocache_result::Revoked, revocache_result::Good];
                    assert_eq!(result, expected[usize::try_from(generation % 2).unwrap()], "{generation}");
                    assert!(generation >= seen);
                    seen = generation;
                }
            });
        }
        scope.spawn(|| {
            while opened.generation() < last {
                // Dropping is what revocache_issuer_free does.
                drop(issuer(&opened.index, &world.ca.certificate));
            }
        });
        for number in 2..=last {
            let revoked = if number % 2 == 0 { GOOD } else { REVOKED };
            assert_eq!(world.publish(&[revoked.to_vec()]), number);
        }
    });
    world.publish(&[REVOKED.to_vec()]);
    assert_eq!(opened.refresh().0, revocache_result::Ok);
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let folder = world.index().to_str().unwrap().to_owned();
    let mapped: Vec<_> = maps.lines().filter(|l| l.contains(&folder) && l.contains("/index-")).collect();
    assert_eq!(mapped.len(), 1, "{mapped:#?}");
}

/// Starts a program, waits until it says that it is ready, publishes, and waits for its end.
fn run_while_publishing(mut command: Command, world: &World, generations: u64) -> String {
    let mut child: Child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    output.read_line(&mut printed).unwrap();
    assert_eq!(printed, "ready\n");
    for _ in 1..generations {
        world.publish(&[REVOKED.to_vec()]);
    }
    output.read_to_string(&mut printed).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status:?}: {printed}");
    printed
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

#[test]
fn the_threads_example_follows_the_index() {
    let world = World::new();
    let program = compile("cc", "examples/c/threads.c", Link::Dynamic, &[], world.folder.path()).unwrap();
    let (index, ca) = (world.index(), world.path("ca.der"));
    let arguments = [index.to_str().unwrap(), ca.to_str().unwrap(), "00d41d8cd98f00b204", "4", "30"];
    let printed = run_while_publishing(command(&program, &arguments), &world, 30);
    assert_eq!(printed.matches(" 0 failures").count(), 4, "{printed}");
}

/// Valgrind sees a read of what was freed or unmapped in any code, instrumented or not.
#[test]
fn valgrind_sees_no_thread_read_what_was_freed() {
    if !is_there("valgrind") {
        return;
    }
    let world = World::new();
    let program = compile("cc", "examples/c/threads.c", Link::Dynamic, &[], world.folder.path()).unwrap();
    let (index, ca) = (world.index(), world.path("ca.der"));
    let program = program.to_str().unwrap();
    let options = ["--error-exitcode=9", "--fair-sched=yes", "-q", program];
    let own = [index.to_str().unwrap(), ca.to_str().unwrap(), "00d41d8cd98f00b204", "3", "15"];
    let arguments: Vec<&str> = options.into_iter().chain(own).collect();
    let printed = run_while_publishing(command(Path::new("valgrind"), &arguments), &world, 15);
    assert_eq!(printed.matches(" 0 failures").count(), 3, "{printed}");
}

#[test]
fn parent_and_child_go_on_after_a_fork() {
    let world = World::new();
    for link in [Link::Dynamic, Link::Static] {
        let world = if link == Link::Dynamic { &world } else { &World::new() };
        let program = compile("cc", "ffi/tests/c/fork.c", link, &[], world.folder.path()).unwrap();
        let (folder, at) = (world.folder.path().to_str().unwrap(), AT.to_string());
        let printed = run_while_publishing(command(&program, &[folder, &at, "40", "3"]), world, 40);
        assert!(printed.contains("mapped in the parent"), "{printed}");
    }
}
