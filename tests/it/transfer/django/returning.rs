//! Django loads what `export --django` writes.

use std::collections::BTreeMap;

use super::filled::{address, filled, log_in_again, seen_account, seen_groups};
use super::records::records;
use super::{load_export, site_with};
use crate::support::django::DjangoSite;

#[tokio::test]
async fn records_of_django_are_the_same_after_an_import_and_an_export() {
    let Some(filled) = filled().await else { return };
    let Some(django) = DjangoSite::empty() else { return };
    let before = records(&filled.dump);
    assert_eq!(before.len(), 5 + 5 + 15 + 2 + 4, "{before:?}");
    load_export(&site_with(&filled.dump), &django);
    assert_eq!(records(&django.dump()), before);
}

#[tokio::test]
async fn everybody_logs_in_to_django_again_with_hashes_of_this_program() {
    let Some(filled) = filled().await else { return };
    let Some(django) = DjangoSite::empty() else { return };
    let site = site_with(&filled.dump);
    let server = site.serve();
    let mut tokens = BTreeMap::new();
    for account in &filled.people {
        // This replaces the hash of Django.
        let token = server.log_in(&account.person.email, &account.password).await;
        tokens.insert(account.person.email.as_str(), token);
    }
    load_export(&site, &django);
    let django = django.serve();
    for (email, token) in &tokens {
        let here = seen_account(&server.api(), token).await;
        let again = log_in_again(django.api(), email.trim_end_matches("@example.org")).await;
        assert_eq!(seen_account(django.api(), &again.token).await, here);
        // Django ignores the additional claims of this program.
        assert_eq!(seen_account(django.api(), token).await, here);
    }
    let [ada, jon] = ["ada", "jon"].map(|name| tokens[address(name).as_str()].as_str());
    assert_eq!(seen_groups(django.api(), ada, jon).await, filled.groups);
}
