//! A disk that is soon full.

use std::path::Path;
use std::process::{Command, Stdio};

use super::skipped;

/// A small file system in memory.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// One of this size (`3m`); `None`, visibly, where mounting is not allowed.
    pub fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        skipped("no right to mount a small file system");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives it other options (`ro`, `size=64m`).
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.path()).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server of the test may still have the database open.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
