//! The part of the tour where a C program asks.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use super::steps::only_certificate;
use super::tour::Demo;
use crate::cli::error::CliError;

/// The program: the smallest of the examples.
const PROGRAM: &str = include_str!("../../../examples/c/check.c");
/// What the library is called once it is installed, and where it is built.
const NAMES: [&str; 2] = ["revocache", "revocache_ffi"];

/// What was shown in C, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct InC {
    /// What the program printed; `null` if it could not be made.
    answer: Option<String>,
    /// Why it could not.
    missing: Option<String>,
}

/// Where the C library is.
struct Library {
    include: PathBuf,
    folder: PathBuf,
    name: &'static str,
}

impl Demo {
    /// Compiles a C program and lets it ask the index, if there is what that takes.
    pub(super) fn in_c(&self, place: &Path, index: &Path, pem: &str) -> Result<InC, CliError> {
        std::fs::write(place.join("revoked.der"), only_certificate(pem)?.der())?;
        let shown = Library::find()
            .ok_or_else(|| {
                "the C library is not beside this program (cargo build --release -p revocache-ffi makes it)"
                    .to_owned()
            })
            .and_then(|library| library.compile(place))
            .and_then(|program| run(&program, &[index.as_os_str(), place.join("revoked.der").as_os_str()]));
        match &shown {
            Ok(answer) => self.say(&format!(
                "9. The same index in a C program of {} lines, without a server (examples/c/check.c):\n   {}",
                PROGRAM.lines().count(),
                answer.trim_end().replace('\n', "\n   ")
            )),
            Err(missing) => self.say(&format!(
                "9. C programs ask the same index without a server. Not shown: {missing}.\n   See docs/embedding.md."
            )),
        }
        let missing = shown.as_ref().err().cloned();
        Ok(InC { answer: shown.ok(), missing })
    }
}

impl Library {
    /// Looks where it is installed with this program, and where both are built.
    fn find() -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let own = program.parent()?;
        let include = own.ancestors().take(4).map(|base| base.join("include"));
        let include = include.into_iter().find(|folder| folder.join("revocache.h").is_file())?;
        let installed = include.with_file_name("lib");
        let folders = [own, &own.join("deps"), &installed].map(Path::to_owned);
        let places = folders.iter().flat_map(|folder| NAMES.map(|name| (folder.clone(), name)));
        let (folder, name) =
            places.into_iter().find(|(folder, name)| folder.join(format!("lib{name}.so")).is_file())?;
        Some(Self { include, folder, name })
    }

    fn compile(&self, place: &Path) -> Result<PathBuf, String> {
        let (source, program) = (place.join("check.c"), place.join("check-c"));
        std::fs::write(&source, PROGRAM).map_err(|error| error.to_string())?;
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let joined = |flag: &str, path: &Path| {
            let mut argument = OsString::from(flag);
            argument.push(path);
            argument
        };
        let output = Command::new(&compiler)
            .arg(&source)
            .arg("-o")
            .arg(&program)
            .args([joined("-I", &self.include), joined("-L", &self.folder)])
            .arg(format!("-l{}", self.name))
            .arg(joined("-Wl,-rpath,", &self.folder))
            .output()
            .map_err(|error| format!("no C compiler ({}: {error})", compiler.display()))?;
        if output.status.success() {
            return Ok(program);
        }
        Err(format!("it does not compile: {}", String::from_utf8_lossy(&output.stderr).trim_end()))
    }
}

/// Runs the program; its exit code says what it found, and is no failure.
fn run(program: &Path, arguments: &[&OsStr]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    match output.status.code() {
        Some(0..=2) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => Err(format!("the program fails: {}", String::from_utf8_lossy(&output.stderr).trim_end())),
    }
}
