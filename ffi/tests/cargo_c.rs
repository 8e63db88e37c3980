//! What packagers get from cargo-c, where it is installed: the layout of `install.sh`, and a program that uses it.
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
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{World, include, is_there, repository, skipped};

/// The only file below a folder with this name.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}\n{complaints}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn packagers_get_the_same_layout_and_soname() {
    let cargo = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg("cinstall").current_dir(repository());
        cargo
    };
    if !cargo().arg("--version").output().is_ok_and(|output| output.status.success()) {
        skipped("cargo-c is not installed");
        return;
    }
    if !["cc", "objdump", "pkg-config"].into_iter().all(is_there) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    // Not optimized, which changes nothing of the layout.
    let options = ["--offline", "--debug", "--package", "revocache-ffi", "--prefix", "/usr", "--destdir"];
    printed(cargo().args(options).arg(folder));

    for header in ["revocache.h", "revocache.hpp"] {
        let installed = fs::read(folder.join("usr/include").join(header)).unwrap();
        assert!(installed == fs::read(include().join(header)).unwrap(), "{header}");
    }
    let header = fs::read_to_string(include().join("revocache.h")).unwrap();
    let abi = header.lines().find_map(|line| line.strip_prefix("#define REVOCACHE_ABI_VERSION ")).unwrap();
    let soname = format!("librevocache.so.{abi}");
    let library = find(folder, &soname).unwrap_or_else(|| panic!("{soname} is not installed"));
    let headers = printed(Command::new("objdump").arg("-p").arg(&library));
    let stated = headers.lines().find_map(|line| line.trim().strip_prefix("SONAME")).unwrap();
    assert_eq!(stated.trim(), soname);
    assert!(find(folder, "librevocache.a").is_some());

    let description = find(folder, "revocache.pc").unwrap();
    let flags = printed(
        Command::new("pkg-config")
            .args(["--cflags", "--libs", "revocache"])
            .env("PKG_CONFIG_PATH", description.parent().unwrap())
            .env("PKG_CONFIG_SYSROOT_DIR", folder),
    );
    let (program, source) = (folder.join("check"), repository().join("examples/c/check.c"));
    printed(Command::new("cc").arg(source).arg("-o").arg(&program).args(flags.split_whitespace()));
    let world = World::new();
    let asked = Command::new(&program)
        .args([world.index(), world.path("revoked.der"), world.path("ca.der")])
        .env("LD_LIBRARY_PATH", library.parent().unwrap())
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");
}
