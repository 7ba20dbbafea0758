//! `import-django` and `export --django`, with the server that this program replaces.

mod filled;
mod moving;
mod records;
mod returning;
mod sources;

use crate::support::database::SECRET_KEY;
use crate::support::django::DjangoSite;
use crate::support::program::Site;

/// The folder of a server that has not been started, on an empty database.
fn new_site() -> Site {
    Site::with_settings("mail.transport = \"file\"\nlimits.enabled = false\n")
}

/// Imports from a file of the site, or from a URL.
fn import(site: &Site, source: &str) {
    site.write("key", SECRET_KEY);
    site.run(["import-django", source, "--secret-key-file", "key"]).done();
}

/// The folder of a server to which a dump has moved.
fn site_with(dump: &str) -> Site {
    let site = new_site();
    site.write("dump.json", dump);
    import(&site, "dump.json");
    site
}

/// Loads an export into an empty Django site.
fn load_export(site: &Site, django: &DjangoSite) {
    site.run(["export", "--django", "back.json"]).done();
    django.load(&std::fs::read_to_string(site.path("back.json")).expect("a file"));
}
