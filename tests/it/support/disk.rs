//! A disk that fails on demand: a preloaded library replaces the system calls, see `tests/faults/disk.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::program::Site;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/disk.c");

/// The disk of a site. It works on Linux with the GNU C library only.
pub struct Disk {
    library: &'static Path,
    order: PathBuf,
}

impl Disk {
    pub fn of(site: &Site) -> Self {
        static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
        let library = LIBRARY.get_or_init(|| {
            let library =
                Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{}.so", std::process::id()));
            let mut compiler = Command::new("cc");
            compiler.args(["-shared", "-fPIC", "-Wall", "-Werror", SOURCE, "-ldl", "-o"]).arg(&library);
            assert!(compiler.status().expect("a C compiler").success(), "{SOURCE} is not compiled");
            library
        });
        Self { library, order: site.path("order-to-the-disk") }
    }

    /// Returns a line of shell that preloads the library.
    pub fn line(&self) -> String {
        format!("export LD_PRELOAD='{}' FAULTS='{}'", self.library.display(), self.order.display())
    }

    /// Makes all writes fail from now on.
    pub fn break_down(&self) {
        self.command("");
    }

    /// Kills the program before a write, counted from now on.
    pub fn kill_at(&self, write: u32) {
        self.command(&write.to_string());
    }

    fn command(&self, order: &str) {
        // The program reads either no file or a complete one.
        let draft = self.order.with_extension("draft");
        std::fs::write(&draft, order).expect("a file in a temporary folder");
        std::fs::rename(draft, &self.order).expect("a file in a temporary folder");
    }

    /// Lets writes succeed again.
    pub fn repair(&self) {
        std::fs::remove_file(&self.order).expect("a broken disk");
    }
}
