//! A disk that fails on demand, put below the program by the loader of the system; see `tests/faults/disk.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::program::Site;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/disk.c");

/// The disk of a site. Only on Linux with the GNU C library can a program be given another one.
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

    /// The line of a shell that puts the disk below what it starts.
    pub fn line(&self) -> String {
        format!("export LD_PRELOAD='{}' FAULTS='{}'", self.library.display(), self.order.display())
    }

    /// From here on nothing can be written.
    pub fn breaks(&self) {
        self.obeys("");
    }

    /// Ahead of so many-th write from here on, the program is killed.
    pub fn kills_at(&self, write: u32) {
        self.obeys(&write.to_string());
    }

    fn obeys(&self, order: &str) {
        // It is there as a whole or not at all.
        let draft = self.order.with_extension("draft");
        std::fs::write(&draft, order).expect("a file in a temporary folder");
        std::fs::rename(draft, &self.order).expect("a file in a temporary folder");
    }

    /// All is well again.
    pub fn mends(&self) {
        std::fs::remove_file(&self.order).expect("it was broken");
    }
}
