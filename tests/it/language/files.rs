//! Language files, and the choice of a language.

use std::fs;

use pledge4future_auth::language::{ENGLISH, Languages};

use crate::support::check_config;
use crate::support::program::Site;

const FRENCH: &str = "name = \"Français\"\n[sentences]\n\"Hello {name}!\" = \"Bonjour {name} !\"\n";

fn built_in(site_language: &str) -> Languages {
    Languages::load(None, site_language).expect("the built-in languages")
}

#[test]
fn a_browser_gets_the_available_language_that_it_prefers() {
    let languages = built_in(ENGLISH);
    for (header, expected) in [
        ("de", Some("de")),
        ("de-AT", Some("de")),
        ("DE-at, en;q=0.9", Some("de")),
        ("en;q=0.7, de;q=0.8", Some("de")),
        ("de;q=0.8,en", Some("en")),
        ("fr, de;q=0.1", Some("de")),
        ("fr-CA, fr", None),
        ("*", Some("en")),
        ("fr, *;q=0.5", Some("en")),
        ("de;q=0, en;q=0.1", Some("en")),
        ("de;q=0", None),
        ("", None),
        (",;,=;q", None),
        ("de;q=much, en;q=0.1", Some("en")),
        ("de;q=NaN", None),
        ("d, -de, de_AT", None),
    ] {
        let chosen = languages.negotiate(header).map(|language| language.code.as_str());
        assert_eq!(chosen, expected, "{header:?}");
    }
    let german_site = built_in("de");
    assert_eq!(german_site.negotiate("fr, *;q=0.5").map(|language| language.code.as_str()), Some("de"));
    assert_eq!(german_site.get(None).code, "de");
    assert_eq!(german_site.get(Some("fr")).code, "de", "a language that is no longer available");
}

#[test]
fn messages_are_translated_with_the_values_in_them() {
    let languages = built_in(ENGLISH);
    let german = languages.find("de").expect("German");
    for (english, expected) in [
        ("This field is required.", "Bitte füllen Sie dieses Feld aus."),
        (
            "Ensure this value has at most 25 characters (it has 31).",
            "Höchstens 25 Zeichen sind möglich, es sind aber 31.",
        ),
        ("Too many attempts. Try again in 1 second.", "Zu viele Versuche. Bitte warten Sie 1 Sekunde."),
        ("Too many attempts. Try again in 2 minutes.", "Zu viele Versuche. Bitte warten Sie 2 Minuten."),
        ("The password is too similar to the email.", "Das Passwort ähnelt zu sehr der E-Mail-Adresse."),
        ("A sentence without translation.", "A sentence without translation."),
    ] {
        assert_eq!(german.translate(english), expected);
        assert_eq!(languages.find("en").expect("English").translate(english), english);
    }
    // The name of a person is not translated, even if it is a sentence with a translation.
    let name = |_: &str| Some("Unauthenticated.".to_owned());
    assert_eq!(german.format("Hello {name}!", name), "Guten Tag Unauthenticated.!");
}

#[test]
fn a_file_adds_a_language_or_replaces_sentences() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("fr.toml"), FRENCH).expect("a file");
    let german = "name = \"Deutsch\"\n[sentences]\n\"This field is required.\" = \"Fehlt.\"\n";
    fs::write(folder.path().join("de.toml"), german).expect("a file");
    fs::write(folder.path().join("README.md"), "Not a language.").expect("a file");
    let languages = Languages::load(Some(folder.path()), "fr").expect("three languages");
    let names: Vec<_> = languages.all().iter().map(|language| language.name.as_str()).collect();
    assert_eq!(names, ["English", "Deutsch", "Français"]);
    let greeting = |code: &str| {
        let language = languages.find(code).expect("a language");
        language.format("Hello {name}!", |_| Some("Zoé".to_owned()))
    };
    assert_eq!(greeting("fr"), "Bonjour Zoé !");
    assert_eq!(greeting("de"), "Guten Tag Zoé!", "a sentence that the file does not replace");
    assert_eq!(languages.find("de").expect("German").translate("This field is required."), "Fehlt.");
    assert_eq!(languages.get(None).code, "fr");
}

#[test]
fn an_unusable_language_is_refused_with_a_sentence() {
    assert_eq!(
        check_config::refusal("site_language = \"fr\"\n"),
        "site_language: \"fr\" is not available; choose one of en, de"
    );
    assert!(check_config::refusal("languages = \"nowhere\"\n").contains("languages: nowhere cannot be read"));
    let site = Site::with_settings("languages = \"languages\"\n");
    fs::create_dir(site.path("languages")).expect("a folder");
    for (file, text, expected) in [
        (
            "fr.toml",
            FRENCH.replace("Bonjour {name}", "Bonjour {nom}"),
            "languages: languages/fr.toml: the translation of \"Hello {name}!\" must have the same placeholders",
        ),
        ("fr.toml", FRENCH.replace("[sentences]", "[sentences"), "languages: languages/fr.toml: line 2: "),
        (
            "fr.toml",
            FRENCH.replace("name =", "nom ="),
            "languages: languages/fr.toml: line 1: unknown field `nom`, expected `name` or `sentences`",
        ),
        (
            "french.language.toml",
            FRENCH.to_owned(),
            "languages: languages/french.language.toml is not named after a language; name it \"fr.toml\", for example",
        ),
        ("en.toml", FRENCH.to_owned(), "languages: languages/en.toml is not named after a language"),
    ] {
        site.write(&format!("languages/{file}"), &text);
        let sentence = site.run(["check-config"]).refused(2);
        assert!(sentence.contains(expected), "{sentence}");
        fs::remove_file(site.path(&format!("languages/{file}"))).expect("the file");
    }
    site.write("languages/fr.toml", FRENCH);
    site.run(["check-config"]).done();
}
