//! `serve --demo`. It ignores the configuration, so that it cannot change the data of another server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use anyhow::{Context as _, Result, anyhow};

use super::database::open_or_create;
use super::output::{has_colours, print_unescaped};
use super::{explain, serve};
use crate::accounts::activation;
use crate::app::App;
use crate::config::{self, Config};
use crate::error;
use crate::security::{Client, Viewer};
use crate::transfer::{bundled, file, import};

const SAMPLE: &str = include_str!("../../assets/demo.json");
const PASSWORD: &str = "tidal-Meadow-26";
const UNVERIFIED: &str = "lise@example.org";

pub(super) fn run(listen: SocketAddr) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("pledge4future-auth-demo-").tempdir();
    let folder = folder.context("no temporary folder can be created; choose another place with TMPDIR")?;
    let mut loaded = config::load_text("")?;
    loaded.config.data_dir = folder.path().to_owned();
    loaded.config.listen = free_address(listen)?;
    loaded.config.public_url = public_url(loaded.config.listen);
    loaded.config.pages.admin = true;
    let created = create_sample(&open_or_create(&loaded.config)?);
    explain("the sample data cannot be created", created)?;
    print_unescaped(&introduction(&loaded.config, has_colours(&std::io::stdout())))?;
    serve::run(&loaded)
}

/// Replaces port 0 with a free port, because links in mails name the port.
fn free_address(listen: SocketAddr) -> Result<SocketAddr> {
    let address = TcpListener::bind(listen).and_then(|listener| listener.local_addr());
    address.with_context(|| {
        format!("{listen} is not available; choose another address, such as --demo=127.0.0.1:0")
    })
}

fn public_url(listen: SocketAddr) -> String {
    let ip = listen.ip();
    let is_this_machine = ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST || ip.is_unspecified();
    if is_this_machine { format!("http://localhost:{}", listen.port()) } else { format!("http://{listen}") }
}

fn create_sample(app: &App) -> error::Result<()> {
    import::import(app, &bundled::research_fields(app)?, false, &|_| {})?;
    let mut sample =
        file::parse(SAMPLE).map_err(|faults| anyhow!("the sample data are faulty: {faults:?}"))?;
    let hash = app.hasher.hash(PASSWORD)?;
    for user in &mut sample.users {
        user.password.clone_from(&hash);
    }
    import::import(app, &sample, false, &|_| {})?;

    let viewer = Viewer::anonymous(Client::new(None, "pledge4future-auth serve --demo"));
    activation::resend(app, &viewer, UNVERIFIED)
}

fn introduction(config: &Config, has_colours: bool) -> String {
    let bold = |text: String| if has_colours { format!("\x1b[1m{text}\x1b[0m") } else { text };
    let graphiql = bold(format!("{}/graphql", config.public_url));
    let front_page = bold(format!("{}/", config.public_url));
    let admin = bold(format!("{}/admin", config.public_url));
    let data = config.data_dir.display();
    let accounts = [
        ("ada@example.org", "represents the working group \"Tidal energy\", where a join request waits"),
        ("grace@example.org", "is a member of \"Tidal energy\""),
        ("emmy@example.org", "has asked to join \"Tidal energy\""),
        ("alan@example.org", "is staff, without a group"),
        (UNVERIFIED, "is not verified: follow the link in the mail below before you log in"),
    ];
    let line = |(email, note)| format!("  {}  {note}\n", bold(format!("{email:<17}  {PASSWORD}")));
    let accounts: String = accounts.into_iter().map(line).collect();
    format!(
        "This demo keeps its sample data in {data} and deletes them when it stops (Ctrl+C).\n\n  \
         {graphiql}  GraphiQL in a browser, the API for programs\n  \
         {front_page}  pages to register, log in and look after an account\n  \
         {admin}  pages for staff\n\n\
         Log in with an address and its password:\n\n{accounts}\n\
         Mails are printed here as well.\n\n"
    )
}
