//! Records in the format of `dumpdata`.

use serde_json::{Map, Value, json};

const MODELS: [&str; 5] = [
    "people.institution",
    "people.researchfield",
    "people.customuser",
    "people.workinggroup",
    "people.workinggroupjoinrequest",
];

/// Returns the records of a dump that an export contains as well. Usernames replace the keys of users, which may change.
pub fn records(dump: &str) -> Vec<String> {
    let all: Vec<Value> = serde_json::from_str(dump).expect("JSON");
    let of_model = |model: &'static str| all.iter().filter(move |record| record["model"] == model);
    let name_of = |key: &Value| {
        let mut users = of_model("people.customuser");
        users.find(|user| user["pk"] == *key).map_or(Value::Null, |user| user["fields"]["username"].clone())
    };
    let status_of = |key: &Value| {
        let mut statuses = of_model("graphql_auth.userstatus");
        statuses.find(|status| status["fields"]["user"] == *key).map(|status| status["fields"].clone())
    };
    let mut lines = Vec::new();
    for model in MODELS {
        for record in of_model(model) {
            let (key, mut fields) = (&record["pk"], record["fields"].as_object().expect("fields").clone());
            if model == "people.customuser" {
                complete(&mut fields, status_of(key));
            } else {
                fields.insert("pk".to_owned(), key.clone());
            }
            for reference in ["user", "representative"] {
                if let Some(key) = fields.get_mut(reference) {
                    *key = name_of(key);
                }
            }
            // Django writes a time of less than a millisecond after a second with zeros.
            lines.push(format!("{model} {}", Value::Object(fields)).replace(".000Z", "Z"));
        }
    }
    lines.sort();
    lines
}

/// Adds the status of a user. Without one, an account is not verified. The form of a password hash may change, so only whether
/// there is a password is kept.
fn complete(user: &mut Map<String, Value>, status: Option<Value>) {
    let status =
        status.unwrap_or_else(|| json!({ "verified": false, "archived": false, "secondary_email": null }));
    for name in ["verified", "archived", "secondary_email"] {
        user.insert(name.to_owned(), status[name].clone());
    }
    let has_password = user["password"].as_str().is_some_and(|hash| !hash.starts_with('!'));
    user.insert("password".to_owned(), json!(has_password));
}
