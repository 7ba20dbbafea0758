//! The checks of graphql-cop (<https://github.com/dolevf/graphql-cop>), and related limits.

use reqwest::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::server::TestServer;

const TYPENAME: &str = "query cop { __typename }";

/// Sends a request. Returns the status and the body.
async fn reply(request: RequestBuilder) -> (u16, Value) {
    let reply = request.send().await.expect("a reply");
    let status = reply.status().as_u16();
    assert_eq!(reply.headers()[CONTENT_TYPE], "application/json");
    (status, reply.json().await.expect("a reply in JSON"))
}

/// Sends a document that is refused with 400, one error and no data. Returns the message.
async fn refused(server: &TestServer, document: &str) -> String {
    let reply = server.send(None, document, json!({})).await;
    assert_eq!(reply.status, 400, "{document}: {}", reply.body);
    assert!(reply.body.get("data").is_none(), "{}", reply.body);
    let errors = reply.body["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{document}: {}", reply.body);
    let sentence = errors[0]["message"].as_str().expect("a sentence");
    assert!(sentence.ends_with('.') && sentence.lines().count() == 1, "{sentence}");
    sentence.to_owned()
}

fn aliases(count: usize) -> String {
    let fields: Vec<String> = (0..count).map(|index| format!("alias{index}: __typename")).collect();
    format!("query cop {{ {} }}", fields.join("\n"))
}

#[tokio::test]
async fn too_many_aliases_are_refused() {
    let server = TestServer::start("").await;
    let few = server.query(None, &aliases(30)).await;
    assert_eq!(few["alias29"], "Query");
    for count in [31, 101] {
        let sentence = refused(&server, &aliases(count)).await;
        assert_eq!(sentence, "A request may use at most 30 aliases.");
    }
    let spread = aliases(16).replace("query cop", "fragment More on Query");
    let both = aliases(16).replace(" }", " ...More }") + &spread.replace("alias", "other");
    assert_eq!(refused(&server, &both).await, "A request may use at most 30 aliases.");
}

#[tokio::test]
async fn a_batch_of_requests_is_refused() {
    let server = TestServer::start("").await;
    for path in ["/graphql", "/graphql/", "/relay", "/relay/"] {
        let batch = Value::Array(vec![json!({ "query": TYPENAME }); 10]);
        let (status, body) = reply(server.raw(Method::POST, path).json(&batch)).await;
        assert_eq!(status, 400, "{path}");
        let sentence = "The received data is not a valid JSON query.";
        assert_eq!(body, json!({ "errors": [{ "message": sentence }] }), "{path}");
    }
}

#[tokio::test]
async fn repeated_directives_are_refused_with_one_error() {
    let server = TestServer::start("").await;
    let sentence = refused(&server, "query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }").await;
    assert_eq!(sentence, "A request may use a directive once in the same place.");
    let spread_out =
        "__typename @include(if: true) ... @skip(if: false) { __typename @include(if: true) } ".repeat(10);
    let many = format!("query cop {{ {spread_out} }}");
    assert_eq!(server.query(None, &many).await, json!({ "__typename": "Query" }));
    let sentence = refused(&server, &many.replace("query cop", "query cop @skip(if: false)")).await;
    assert_eq!(sentence, "A request may use at most 30 directives.");
    let variables: Vec<String> = (0..31).map(|index| format!("$v{index}: Int @x")).collect();
    let sentence = refused(&server, &format!("query ({}) {{ __typename }}", variables.join(" "))).await;
    assert_eq!(sentence, "A request may use at most 30 directives.");
}

#[tokio::test]
async fn circular_introspection_is_refused() {
    let server = TestServer::start("").await;
    let cop = "query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } \
               } } } } } } }";
    let by_fragments = "{ __schema { types { ...A } } } \
        fragment A on __Type { fields { type { ...B } } } \
        fragment B on __Type { fields { type { ... { fields { name } } } } }";
    let mixed = "{ __type(name: \"Query\") { possibleTypes { interfaces { inputFields { name } } } } }";
    for document in [cop, by_fragments, mixed] {
        let sentence = refused(&server, document).await;
        assert_eq!(
            sentence,
            "An operation may nest at most 2 of fields, interfaces, possibleTypes, inputFields."
        );
    }
    let once = "{ __type(name: \"Query\") { fields { type { fields { name } } } } }";
    assert!(server.query(None, once).await["__type"]["fields"].is_array());
}

#[tokio::test]
async fn repeated_introspection_is_refused() {
    let server = TestServer::start("").await;
    let times = |count: usize, field: &str| (0..count).map(|n| format!("a{n}: {field} ")).collect::<String>();
    let all = "__schema { types { fields { description args { description } } } }";
    let lists = format!("__schema {{ types {{ {} }} }}", times(20, "fields { description }"));
    for document in [times(11, all), times(30, "__type(name: \"Mutation\") { name }"), lists] {
        let sentence = refused(&server, &format!("{{ {document} }}")).await;
        assert_eq!(
            sentence,
            "An operation may select __schema, __type, fields, interfaces, possibleTypes, inputFields at most 20 times in total."
        );
    }
    assert!(server.query(None, &format!("{{ {} }}", times(10, all))).await["a9"]["types"].is_array());
}

#[tokio::test]
async fn repeated_fields_are_refused() {
    let server = TestServer::start("").await;
    let repeated = |count: usize| format!("query cop {{ {} }}", "__typename \n".repeat(count));
    assert_eq!(server.query(None, &repeated(20)).await, json!({ "__typename": "Query" }));
    for count in [21, 500] {
        let sentence = refused(&server, &repeated(count)).await;
        assert_eq!(sentence, "A request may select a field at most 20 times in the same place.");
    }
}

#[tokio::test]
async fn too_many_operations_fragments_or_lists_are_refused() {
    let server = TestServer::start("").await;
    let many = |count: usize, each: fn(usize) -> String| (0..count).map(each).collect::<String>();
    let operations = many(11, |index| format!("query q{index} {{ __typename }}\n"));
    assert_eq!(refused(&server, &operations).await, "A request may contain at most 10 operations.");
    let fragments = many(51, |index| format!("fragment f{index} on Query {{ __typename }}\n"));
    let document = format!("{{ ...f0 }} {fragments}");
    assert_eq!(refused(&server, &document).await, "A request may contain at most 50 fragments.");
    let lists = |count: usize| {
        let fields: String = (0..count).map(|index| format!("l{index}: institutions {{ id }} ")).collect();
        format!("{{ {fields} }}")
    };
    assert_eq!(server.query(None, &lists(5)).await["l4"], json!([]));
    let sentence = "A request may select \"institutions\" at most 5 times.";
    assert_eq!(refused(&server, &lists(6)).await, sentence);
}

#[tokio::test]
async fn validation_errors_stay_short_for_large_documents() {
    let server = TestServer::start("").await;
    let arguments = |value: u8| (0..400).map(|index| format!("a{index}:{value} ")).collect::<String>();
    let clash = format!("me({}) {{ email }} me({}) {{ email }}", arguments(0), arguments(1));
    let unknown = (0..600).map(|index| format!("x{index} ")).collect::<String>();
    let spread = (0..9).map(|index| format!("query q{index} {{ ...F }} ")).collect::<String>();
    for document in [format!("{{ {clash} }}"), format!("{spread} fragment F on Query {{ {unknown} }}")] {
        let reply = server.send(None, &document, json!({})).await;
        assert_eq!(reply.status, 400);
        let length = reply.body.to_string().len();
        assert!(length < 3 * document.len(), "{length} for {}", document.len());
    }
}

#[tokio::test]
async fn a_document_with_too_many_tokens_is_refused() {
    let server = TestServer::start("").await;
    let names = "me ".repeat(5000);
    let sentence = refused(&server, &format!("{{ {names} }}")).await;
    assert_eq!(sentence, "The request is too long: at most 5000 tokens are allowed.");
    // Strings, comments, white space and commas do not count.
    let padded = format!("{{ users(email: \"{}\") {{ edges {{ cursor }} }} }} # {names}", "x ".repeat(5000));
    assert_eq!(server.query(None, &padded).await, json!({ "users": { "edges": [] } }));
}

#[tokio::test]
async fn get_executes_neither_queries_nor_mutations() {
    let server = TestServer::start("").await;
    let register = "mutation cop { register(email: \"ada@example.org\", password1: \"kelp-Forest-41\", \
                    password2: \"kelp-Forest-41\") { success } }";
    for document in [TYPENAME, "mutation cop { __typename }", register] {
        for accept in ["*/*", "application/json", "text/html"] {
            let request = server.raw(Method::GET, "/relay").query(&[("query", document)]);
            let reply = request.header(ACCEPT, accept).send().await.expect("a reply");
            assert_eq!(
                (reply.status().as_u16(), &reply.headers()[ALLOW]),
                (405, &"POST".parse().expect("POST"))
            );
            assert!(!reply.text().await.expect("a string").contains("\"data\""));
            let request = server.raw(Method::GET, "/graphql").query(&[("query", document)]);
            let reply = request.header(ACCEPT, accept).send().await.expect("a reply");
            assert_eq!(reply.status().as_u16(), if accept == "text/html" { 200 } else { 405 });
            assert!(!reply.text().await.expect("a string").contains("\"data\""));
        }
    }
    assert!(!server.rows().iter().any(|row| row.contains("ada@example.org")));
}

#[tokio::test]
async fn forms_of_other_sites_execute_nothing() {
    let server = TestServer::start("").await;
    for path in ["/graphql", "/relay"] {
        let form = server.raw(Method::POST, path).form(&[("query", TYPENAME)]);
        let (status, body) = reply(form).await;
        assert_eq!((status, body.get("data")), (415, None), "{path}");
        // Browsers send these types across origins without a preflight.
        for media_type in
            ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
        {
            let request = server.raw(Method::POST, path).header(CONTENT_TYPE, media_type);
            let (status, body) = reply(request.body(json!({ "query": TYPENAME }).to_string())).await;
            assert!(matches!(status, 400 | 415), "{media_type}: {status}");
            assert!(body.get("data").is_none() && body["errors"].is_array(), "{media_type}: {body}");
        }
        let unnamed = server.raw(Method::POST, path).body(json!({ "query": TYPENAME }).to_string());
        assert_eq!(reply(unnamed).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn no_reply_contains_traces() {
    let server = TestServer::start("").await;
    for document in [
        TYPENAME,
        "query cop { nope }",
        "qwerty cop { abc }",
        "mutation { verifyToken(token: \"x\") { errors } }",
    ] {
        let request = server.raw(Method::POST, "/graphql").json(&json!({ "query": document }));
        let request =
            request.header("X-Apollo-Tracing", "1").header("Apollo-Tracing", "1").header("X-Debug", "1");
        let (_, body) = reply(request).await;
        assert!(body.get("extensions").is_none(), "{body}");
        for error in body["errors"].as_array().into_iter().flatten() {
            assert!(error.get("extensions").is_none(), "{error}");
        }
        let text = body.to_string().to_lowercase();
        for word in ["tracing", "exception", "stacktrace", "debug"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn names_are_suggested_only_if_introspection_is_allowed() {
    let typo = "query cop { users { edge } }";
    let answers = async |settings: &str, document: &str| {
        TestServer::start(settings).await.send(None, document, json!({})).await.body.to_string()
    };
    assert!(answers("", typo).await.contains("Did you mean"), "no suggestion, unlike the original");
    for settings in ["graphql.suggestions = false\n", "graphql.introspection = false\n"] {
        for document in [
            typo,
            "query cop { __schema { directive } }",
            "mutation { verifyToken(toke: \"x\") { success } }",
        ] {
            let answer = answers(settings, document).await;
            assert!(!answer.contains("Did you mean"), "{settings}: {answer}");
        }
    }
    let both = "graphql.introspection = false\ngraphql.suggestions = true\n";
    assert!(answers(both, typo).await.contains("Did you mean"));
}

#[tokio::test]
async fn graphiql_is_served_only_if_turned_on() {
    for (settings, is_there) in [("", true), ("graphql.graphiql = false\n", false)] {
        let server = TestServer::start(settings).await;
        for path in ["/graphql", "/graphql/"] {
            let reply =
                server.raw(Method::GET, path).header(ACCEPT, "text/html").send().await.expect("a reply");
            assert_eq!(reply.text().await.expect("a string").contains("GraphiQL"), is_there, "{path}");
        }
        // Scanners look for such pages at these paths.
        for path in ["/graphiql", "/playground", "/console", "/altair", "/voyager", "/v1/graphql"] {
            let reply =
                server.raw(Method::GET, path).header(ACCEPT, "text/html").send().await.expect("a reply");
            assert_eq!(reply.status(), 404, "{path}");
        }
    }
}

#[tokio::test]
async fn introspection_returns_nothing_if_turned_off() {
    let cop = "query cop { __schema { types { name fields { name } } } }";
    let open = TestServer::start("").await;
    assert!(open.query(None, cop).await["__schema"]["types"].is_array());
    let closed = TestServer::start("graphql.introspection = false\n").await;
    for document in
        [cop, "{ s: __schema { types { name } } t: __type(name: \"UserNode\") { fields { name } } }"]
    {
        for path in ["/graphql", "/relay"] {
            let request = closed.raw(Method::POST, path).json(&json!({ "query": document }));
            let (_, body) = reply(request).await;
            assert!(!body.to_string().contains("\"name\""), "{body}");
            let schema = [&body["data"]["__schema"], &body["data"]["s"], &body["data"]["t"]];
            assert!(schema.into_iter().all(Value::is_null), "{body}");
        }
    }
}

#[tokio::test]
async fn a_syntax_error_is_one_sentence_that_quotes_nothing() {
    let server = TestServer::start("").await;
    let cases = [
        ("qwerty cop { abc }", "line 1, column 1"),
        ("query cop { abc", "line 1, column 16"),
        ("{\n  me { email(a: kelp-Forest-41) }\n}", "line 2, column 21"),
        ("{ me { email } }\n\n\n\n\n\n\n\n\n\n\n# = kelp\nabc # = expected abc", "line 13, column 1"),
    ];
    for (document, place) in cases {
        let sentence = refused(&server, document).await;
        let start = format!("Syntax error at {place}: expected ");
        assert!(sentence.starts_with(&start), "{sentence}");
        for word in ["qwerty", "abc", "kelp", "^", "|"] {
            assert!(!sentence.contains(word), "{word} in {sentence}");
        }
    }
}
