//! Times of the pieces of requests: `cargo bench --bench pieces`.

#[expect(dead_code, reason = "bench/instructions.rs calls the other functions")]
mod in_process;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use in_process::InProcess;
use pledge4future_auth::app::App;
use pledge4future_auth::clock::{Clock, Timestamp};
use pledge4future_auth::config;
use pledge4future_auth::django::ascii_json;
use pledge4future_auth::passwords::{Hasher, PasswordCheck};
use pledge4future_auth::random::Random;
use pledge4future_auth::store::properties::{self, Property};
use pledge4future_auth::tokens::{SigningKey, access};
use serde_json::json;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const PASSWORD: &str = "correct-horse-battery";

/// Requests with everything but the socket.
fn requests(criterion: &mut Criterion) {
    let mut server = InProcess::start(100);
    criterion.bench_function("me", |bencher| bencher.iter(|| server.me()));
    criterion.bench_function("me, parsed and validated but not executed", |bencher| {
        bencher.iter(|| server.skipped_me());
    });
    criterion.bench_function("parsing of a document", |bencher| {
        bencher.iter(|| async_graphql::parser::parse_query(black_box(in_process::ME)));
    });
}

fn access_token(criterion: &mut Criterion) {
    let key = || SigningKey::new(KEY.to_owned().into());
    let now = Timestamp::from_seconds(1_772_366_400);
    let session = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let subject = access::Subject {
        email: "user0@example.org",
        account: 1,
        epoch: 0,
        session,
        authenticated_at: Timestamp::from_seconds(0),
        methods: &["pwd"],
    };
    let issued = access::issue(&subject, now, Duration::from_hours(24));
    let token = access::sign(&key(), &issued.payload).expect("a token");
    let read = |key: &SigningKey| access::read(key, black_box(&token), now).expect("a valid token");
    criterion.bench_function("verification of a new access token", |bencher| {
        // A key remembers the tokens that it has verified.
        bencher.iter_batched(key, |key| read(&key), BatchSize::SmallInput);
    });
    let key = key();
    criterion.bench_function("verification of a known access token", |bencher| {
        bencher.iter(|| read(&key));
    });
}

fn json_writing(criterion: &mut Criterion) {
    let node = |n: usize| {
        let email = format!("user{n}@example.org");
        json!({ "node": { "id": "VXNlck5vZGU6MQ==", "email": email, "firstName": "Ada", "lastName": "Lovelace" } })
    };
    let reply = json!({ "data": { "users": { "edges": (0..50).map(node).collect::<Vec<_>>() } } });
    criterion.bench_function("JSON of 50 accounts", |bencher| {
        bencher.iter(|| ascii_json::to_string(black_box(&reply)).expect("JSON"));
    });
}

fn password(criterion: &mut Criterion) {
    let cost = config::load_text("").expect("the defaults").config.passwords;
    let hasher = Hasher::new(&cost, Random::seeded(7)).expect("a hasher");
    let hash = hasher.hash(PASSWORD).expect("a hash");
    criterion.bench_function("verification of a password", |bencher| {
        bencher.iter(|| assert_eq!(hasher.verify(black_box(PASSWORD), Some(&hash)), PasswordCheck::Right));
    });
}

fn durable_write(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = format!("data_dir = {:?}\n", folder.path());
    let config = config::load_text(&settings).expect("good settings").config;
    let app = App::open(config, Clock::System, Random::seeded(7)).expect("a data folder");
    app.store.migrate().expect("a database");
    let mut number = 0;
    criterion.bench_function("durable write of one row", |bencher| {
        bencher.iter(|| {
            // SQLite writes nothing if the row stays the same.
            number += 1;
            let value = number.to_string();
            app.store.write(|tx| properties::upsert(tx, Property::KeyFingerprint, &value)).expect("a commit");
        });
    });
}

criterion_group!(pieces, requests, access_token, json_writing, password, durable_write);
criterion_main!(pieces);
