//! Connections to PostgreSQL: their encryption, and what happens when they break.

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::support::certificate::Certificate;
use crate::support::mutation::register;
use crate::support::person::PASSWORD;
use crate::support::postgres::{Access, PASSWORD as DATABASE_PASSWORD, PostgresServer};
use crate::support::program::{Serving, Site};
use crate::support::proxy::Proxy;

const DATABASE: &str = "postgres";
const MAIL_TO_FILES: &str = "mail.transport = \"file\"\n";

/// Returns the folder of a server on the database at a port.
fn site(user: &str, port: u16, toml: &str) -> Site {
    let site = Site::with_settings(&format!(
        "secret_key = \"a key of at least thirty-two characters\"\n{MAIL_TO_FILES}\
         database.url = \"postgres://{user}@127.0.0.1:{port}/{DATABASE}\"\n{toml}"
    ));
    std::process::Command::new("chmod")
        .arg("600")
        .arg(site.path("config.toml"))
        .status()
        .expect("chmod runs");
    site
}

async fn registration(server: &Serving, name: &str) -> Response {
    let body = register(&format!("{name}@example.org"), PASSWORD).with("username", name).body();
    Client::new().post(server.endpoint()).json(&body).send().await.expect("a reply")
}

async fn json(reply: Response) -> Value {
    reply.json().await.expect("JSON")
}

#[tokio::test]
async fn without_a_database_requests_get_503_until_it_is_back() {
    let Some(postgres) = PostgresServer::start(&Access::Open) else { return };
    let site = site("p4f", postgres.port(), "");
    let server = site.serve();
    assert_eq!(json(registration(&server, "ada").await).await["data"]["payload"]["success"], true);
    postgres.crash();
    let (refused, me) = futures_util::future::join(registration(&server, "bo"), async {
        let query = json!({ "query": "{ institutions { name } }" });
        Client::new().post(server.endpoint()).json(&query).send().await.expect("a reply")
    })
    .await;
    for refused in [refused, me] {
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (503, &"30".parse().expect("a value"))
        );
        assert_eq!(
            json(refused).await["errors"][0]["message"],
            "Nothing can be saved at the moment. Please try again later."
        );
    }
    let readiness = reqwest::get(format!("{}/readyz", server.address())).await.expect("a reply");
    assert_eq!(readiness.status(), 503);
    postgres.launch();
    assert_eq!(json(registration(&server, "cleo").await).await["data"]["payload"]["success"], true);
    let users = site.run(["user", "list"]).done();
    assert!(users.contains("ada@") && !users.contains("bo@") && users.contains("cleo@"), "{users}");
}

#[tokio::test]
async fn a_commit_without_a_reply_is_reported_and_not_repeated() {
    let Some(postgres) = PostgresServer::start(&Access::Open) else { return };
    let proxy = Proxy::start(postgres.port());
    let site = site("p4f", proxy.address.port(), "limits.enabled = false\n");
    let server = site.serve();
    assert_eq!(json(registration(&server, "ada").await).await["data"]["payload"]["success"], true);

    // A registration has a transaction that only checks, and one that stores the account. With `updateAccount` there is one.
    site.run(["user", "verify", "ada"]).done();
    let token = server.log_in("ada@example.org", PASSWORD).await;
    proxy.lose_the_next_commit();
    let update = json!({ "query": "mutation { updateAccount(firstName: \"Ada\") { success } }" });
    let request = Client::new().post(server.endpoint()).header("Authorization", format!("JWT {token}"));
    let reply = request.json(&update).send().await.expect("a reply");
    assert!(reply.headers().get("retry-after").is_none(), "a client must not repeat it blindly");
    let reply = json(reply).await;
    let sentence = "Your request may have been carried out. Check before you send it again.";
    assert_eq!(reply["errors"][0]["message"], sentence, "{reply}");
    // It was carried out, and the next connection works.
    assert_eq!(server.query(Some(&token), "{ me { firstName } }").await["me"]["firstName"], "Ada");
    assert!(server.terminate().stderr.contains("changes may be stored or not"));
}

#[test]
fn connections_by_tcp_are_encrypted_and_verified() {
    let certificate = Certificate::new();
    let Some(postgres) = PostgresServer::start(&Access::Tls(&certificate)) else { return };
    let user = format!(
        "p4f:{}",
        percent_encoding::utf8_percent_encode(DATABASE_PASSWORD, percent_encoding::NON_ALPHANUMERIC)
    );
    let ca = "database.ca_file = \"ca.pem\"\n";
    let with_ca = site(&user, postgres.port(), ca);
    with_ca.write("ca.pem", &certificate.authority);
    let server = with_ca.serve();
    assert!(
        server
            .terminate()
            .stderr
            .contains(&format!("data in postgres://127.0.0.1:{}/{DATABASE}", postgres.port()))
    );

    // The same password from the environment.
    let without_password = site("p4f", postgres.port(), ca);
    without_password.write("ca.pem", &certificate.authority);
    without_password.run_with([("PGPASSWORD", DATABASE_PASSWORD)], ["migrate", "--status"]).done();

    let stranger = site(&user, postgres.port(), ca);
    stranger.write("ca.pem", Certificate::new().authority);
    let unencrypted = site(&user, postgres.port(), "");
    for (site, cause) in [(&stranger, "certificate"), (&unencrypted, "no encryption")] {
        let refused = site.run(["migrate"]).refused(1);
        assert!(refused.contains("cannot be reached") && refused.contains(cause), "{refused}");
        assert!(!refused.contains(DATABASE_PASSWORD) && !refused.contains(&user), "{refused}");
    }
}
