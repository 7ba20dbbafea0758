//! `serve --demo`. It reads no configuration, so that it cannot change the data of a real server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use anyhow::{Context as _, Result};

use super::output::{has_colours, print_unescaped};
use super::{explain, serve};
use crate::accounts::admin::{self, Creation};
use crate::accounts::login;
use crate::accounts::profile::{self, Changes};
use crate::accounts::register::{self, Registration};
use crate::app::App;
use crate::config::{self, Config};
use crate::error;
use crate::groups::join;
use crate::groups::manage::{self, NewGroupForm};
use crate::groups::selection::{GroupSelection, JoinRequestSelection};
use crate::security::{Client, Viewer};
use crate::transfer::bundled;
use crate::transfer::file::Institution;
use crate::transfer::import;

const PASSWORD: &str = "tidal-Meadow-26";

const REPRESENTATIVE: &str = "ada@example.org";
const MEMBER: &str = "grace@example.org";
const APPLICANT: &str = "emmy@example.org";
const STAFF: &str = "alan@example.org";
const UNVERIFIED: &str = "lise@example.org";

const GROUP: &str = "Tidal energy";
const INSTITUTION: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
/// "Environmental engineering" of the research fields of the OECD.
const RESEARCH_FIELD: i64 = 207;

pub(super) fn run(listen: SocketAddr) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("pledge4future-auth-demo-").tempdir();
    let folder = folder.context("no temporary folder can be created; choose another place with TMPDIR")?;
    let mut loaded = config::load_text("")?;
    loaded.config.data_dir = folder.path().to_owned();
    loaded.config.listen = free_address(listen)?;
    loaded.config.public_url = public_url(loaded.config.listen);
    serve::run(&loaded, |app| {
        explain("the sample data cannot be created", fill(app))?;
        print_unescaped(&introduction(&app.config, has_colours(&std::io::stdout())))
    })
}

/// Replaces port 0 by a free port, because links in mails name the port.
fn free_address(listen: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind(listen).and_then(|listener| listener.local_addr());
    listener.with_context(|| {
        format!("{listen} is not available; choose another address, such as --demo=127.0.0.1:0")
    })
}

fn public_url(listen: SocketAddr) -> String {
    let ip = listen.ip();
    let is_this_machine = ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST || ip.is_unspecified();
    if is_this_machine { format!("http://localhost:{}", listen.port()) } else { format!("http://{listen}") }
}

fn fill(app: &App) -> error::Result<()> {
    let mut data = bundled::research_fields(app)?;
    data.institutions.push(Institution {
        id: INSTITUTION.to_owned(),
        name: "Heidelberg University".to_owned(),
        city: "Heidelberg".to_owned(),
        state: Some("Baden-Württemberg".to_owned()),
        country: "Germany".to_owned(),
    });
    import::import(app, &data, false, &|| {})?;

    let representative = create_account(app, REPRESENTATIVE, "Ada", "Lovelace", false)?;
    create_account(app, MEMBER, "Grace", "Hopper", false)?;
    let applicant = create_account(app, APPLICANT, "Emmy", "Noether", false)?;
    create_account(app, STAFF, "Alan", "Turing", true)?;

    let new = NewGroupForm {
        name: Some(GROUP.to_owned()),
        institution: INSTITUTION.to_owned(),
        research_field: RESEARCH_FIELD,
        employees: Some(7),
        is_public: true,
    };
    let group = manage::create(app, &representative, &new, &GroupSelection::default())?;
    manage::add(app, &representative, MEMBER)?;
    join::request(app, &applicant, &group.record.id, &JoinRequestSelection::default())?;

    let registration = Registration {
        email: Some(UNVERIFIED.to_owned()),
        username: Some(username(UNVERIFIED)),
        first_name: Some("Lise".to_owned()),
        last_name: Some("Meitner".to_owned()),
        password1: Some(PASSWORD.to_owned()),
        password2: Some(PASSWORD.to_owned()),
        ..Registration::default()
    };
    register::register(app, &viewer(), registration)?;
    Ok(())
}

/// Creates a verified account and logs it in.
fn create_account(app: &App, email: &str, first: &str, last: &str, staff: bool) -> error::Result<Viewer> {
    let new = Creation {
        email: email.to_owned(),
        username: Some(username(email)),
        is_verified: true,
        is_staff: staff,
        password: Some(PASSWORD.to_owned()),
    };
    admin::create(app, &new)?;
    let name = login::Name { email: Some(email.to_owned()), username: None };
    let logged_in = login::log_in(app, &viewer(), &name, PASSWORD)?;
    let owner = viewer().with_token(&logged_in.tokens.token);
    let (first_name, last_name) = (Some(first.to_owned()), Some(last.to_owned()));
    profile::update(app, &owner, &Changes { first_name, last_name, academic_title: None })?;
    Ok(owner)
}

fn username(email: &str) -> String {
    email.split('@').next().unwrap_or(email).to_owned()
}

fn viewer() -> Viewer {
    Viewer::at(Client::new(None, "pledge4future-auth serve --demo"))
}

fn introduction(config: &Config, colours: bool) -> String {
    let bold = |text: String| if colours { format!("\x1b[1m{text}\x1b[0m") } else { text };
    let (graphiql, front_page) =
        (format!("{}/graphql", config.public_url), format!("{}/", config.public_url));
    let (graphiql, front_page) = (bold(graphiql), bold(front_page));
    let data = config.data_dir.display();
    let accounts = [
        (REPRESENTATIVE, format!("represents the working group \"{GROUP}\", where a join request waits")),
        (MEMBER, format!("is a member of \"{GROUP}\"")),
        (APPLICANT, format!("has asked to join \"{GROUP}\"")),
        (STAFF, "is staff, without a group".to_owned()),
        (UNVERIFIED, "is not verified: follow the link in the mail below before you log in".to_owned()),
    ];
    let line = |(email, note)| format!("  {}  {note}\n", bold(format!("{email:<17}  {PASSWORD}")));
    let accounts: String = accounts.into_iter().map(line).collect();
    format!(
        "This demo keeps its sample data in {data} and deletes them when it stops (Ctrl+C).\n\n  \
         {graphiql}  GraphiQL in a browser, the API for programs\n  \
         {front_page}  the front page\n\n\
         Log in with an address and its password:\n\n{accounts}\n\
         Mails are printed here as well.\n\n"
    )
}
