//! What the tests share: a small world of CAs with an index that grows by generations, and a C compiler.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

pub mod index;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use revocache::publish::{Generation, IndexFolder};
use revocache_testkit::{Authority, KeyKind};
use tempfile::TempDir;

/// What every program is compiled with.
pub const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// The serial number of the certificate that is revoked from the first generation on. Its top bit is set.
pub const REVOKED: &[u8] = &[0x00, 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04];
/// Another one, of the length that most have.
pub const LISTED: &[u8] =
    &[0x00, 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24];
/// One that is not.
pub const GOOD: &[u8] = &[0x11, 0x22, 0x33, 0x44];

/// 2025-02-01T00:00:00Z, the thisUpdate of the lists.
pub const THIS_UPDATE: i64 = 1_738_368_000;
/// 2025-03-01T00:00:00Z, their nextUpdate.
pub const NEXT_UPDATE: i64 = 1_740_787_200;
/// A time between the two.
pub const AT: i64 = 1_739_000_000;
/// A root, an authority below it, certificates, and an index that knows both.
pub struct World {
    pub folder: TempDir,
    pub root: Authority,
    pub ca: Authority,
    /// How long the lists are current.
    pub next_update: i64,
}

impl World {
    /// With the first generation published, in which [`REVOKED`] and [`LISTED`] are revoked for key compromise.
    pub fn new() -> Self {
        Self::with_next_update(NEXT_UPDATE)
    }

    /// The same, current until this time.
    pub fn with_next_update(next_update: i64) -> Self {
        let root = Authority::root("Root", KeyKind::P256);
        let ca = root.intermediate("Example CA", KeyKind::P256);
        let world = Self { folder: tempfile::tempdir().unwrap(), root, ca, next_update };
        world.publish(&[REVOKED.to_vec(), LISTED.to_vec()]);
        for (name, der) in [
            ("root.der", world.root.certificate.clone()),
            ("ca.der", world.ca.certificate.clone()),
            ("good.der", world.ca.leaf(GOOD).build(&world.ca)),
            ("revoked.der", world.ca.leaf(REVOKED).build(&world.ca)),
            ("foreign.der", {
                let other = Authority::root("Other", KeyKind::P256);
                other.leaf(GOOD).build(&other)
            }),
        ] {
            fs::write(world.path(name), der).unwrap();
        }
        world
    }

    /// A file of the world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the index.
    pub fn index(&self) -> PathBuf {
        self.path("index")
    }

    /// The file of a generation.
    pub fn file(&self, generation: u64) -> PathBuf {
        IndexFolder::new(self.index()).index_path(Generation(generation))
    }

    /// Publishes the next generation, in which the authority has revoked these serials, and returns its number.
    pub fn publish(&self, revoked: &[Vec<u8>]) -> u64 {
        let dates = index::Dates { this_update: THIS_UPDATE, next_update: self.next_update };
        let (none, revoked) = (Vec::new(), revoked.to_vec());
        let authorities = [(&self.root.certificate, &none), (&self.ca.certificate, &revoked)];
        index::publish(&self.index(), dates, &authorities)
    }
}

/// The repository.
pub fn repository() -> PathBuf {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.find(|folder| folder.join("include/revocache.h").exists()).unwrap().to_path_buf()
}

/// The file of the library under test, which depends on the package that the test is of.
pub fn library(link: Link) -> PathBuf {
    let name = match env!("CARGO_PKG_NAME") {
        "revocache-ffi-client" => "librevocache_client_ffi",
        _ => "librevocache_ffi",
    };
    libraries().join(match link {
        Link::Dynamic => format!("{name}.so"),
        Link::Static => format!("{name}.a"),
    })
}

/// The folder of the headers.
pub fn include() -> PathBuf {
    repository().join("include")
}

/// The folder that cargo puts libraries into: where the test itself lies.
pub fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

/// Says that something is not tested, where the test runner does not swallow it.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Whether a program can be started; if not, says so.
pub fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        skipped(&format!("{program} cannot be run"));
    }
    found
}

/// Runs a compiler that has to succeed without a word. False, visibly, where it does not exist.
pub fn run_compiler<'a>(compiler: &str, arguments: impl IntoIterator<Item = &'a str>) -> bool {
    if !is_there(compiler) {
        return false;
    }
    let mut command = Command::new(compiler);
    command.arg("-I").arg(include()).args(arguments);
    let output = command.output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    true
}

/// How a program gets the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Dynamic,
    Static,
}

/// Compiles a C or C++ program of the repository into `folder`; `None`, visibly, where there is no such compiler.
pub fn compile(compiler: &str, source: &str, link: Link, flags: &[&str], folder: &Path) -> Option<PathBuf> {
    let source = repository().join(source);
    let name = source.file_stem().unwrap().to_str().unwrap();
    let tag: String = flags.concat().chars().filter(char::is_ascii_alphanumeric).collect();
    let program = folder.join(format!("{name}-{compiler}-{link:?}-{tag}"));
    let library = library(link);
    let standard = if source.extension().unwrap() == "c" { "-std=c99" } else { "-std=c++17" };
    let run_path = format!("-Wl,-rpath,{}", libraries().display());
    let mut arguments = vec![standard, "-g", "-O1"];
    arguments.extend(WARNINGS);
    arguments.extend([source.to_str().unwrap(), "-o", program.to_str().unwrap(), library.to_str().unwrap()]);
    arguments.extend([&run_path, "-pthread", "-ldl", "-lm"]);
    arguments.extend(flags);
    run_compiler(compiler, arguments).then_some(program)
}

/// Runs a program.
pub fn run<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(program: &Path, arguments: I) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

/// Runs a program that has to succeed, and returns what it printed.
pub fn run_well<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(
    program: &Path,
    arguments: I,
) -> String {
    let output = run(program, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {:?}\n{text}{complaints}", program.display(), output.status);
    text
}
