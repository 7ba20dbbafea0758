//! Files and tests that the documents link to exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

const PAGE: &str = "docs/security.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the paths of all documents.
fn documents() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs")).expect("a folder of documents");
    let names = entries.map(|entry| entry.expect("an entry of a folder").file_name());
    let names = names.filter_map(|name| name.to_str().map(str::to_owned));
    let pages = names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let mut documents: Vec<String> = pages.collect();
    assert!(documents.len() > 3, "the documents are in another folder");
    documents.sort();
    documents.extend(["README.md", "ARCHITECTURE.md", "SECURITY.md"].map(str::to_owned));
    documents
}

/// Returns the files of this project that a document links to.
fn linked(document: &str) -> BTreeSet<PathBuf> {
    let link = Regex::new(r"\]\(([^()\s#]+)(?:#[^()\s]*)?\)").expect("a pattern");
    let folder = Path::new(document).parent().unwrap_or(Path::new(""));
    let text = read(document);
    let targets = link.captures_iter(&text).map(|found| found[1].to_owned());
    targets.filter(|target| !target.contains(':')).map(|target| folder.join(target)).collect()
}

#[test]
fn every_file_that_a_document_links_to_is_there() {
    let mut missing = Vec::new();
    for document in documents() {
        let gone = linked(&document).into_iter().filter(|file| !root().join(file).exists());
        missing
            .extend(gone.map(|file| format!("{document} links to {}, which does not exist", file.display())));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_linked_test_exists() {
    let page = read(PAGE);
    let proof = Regex::new(r"\[`([a-z0-9_:]+)`\]\(\.\./(tests/it/([a-z0-9_/]+)\.rs)\)").expect("a pattern");
    let (mut named, mut wrong) = (0, Vec::new());
    for found in proof.captures_iter(&page) {
        named += 1;
        let [path, file, modules] = [&found[1], &found[2], &found[3]];
        let Some((module, name)) = path.rsplit_once("::") else {
            wrong.push(format!("{PAGE} names {path} without its module"));
            continue;
        };
        if module != modules.replace('/', "::") {
            wrong.push(format!("{PAGE} names {path} and links to {file}"));
        }
        let pattern = format!(r"#\[(?:tokio::)?test\b[^\n]*\n(?:\s*#\[[^\n]*\n)*\s*(?:async )?fn {name}\(");
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        if !Regex::new(&pattern).expect("a pattern").is_match(&text) {
            wrong.push(format!("{PAGE} names the test {name}, which is not in {file}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let links = page.matches("](../tests/it/").count();
    assert_eq!(named, links, "a link of {PAGE} to a test file does not name a test");
    assert!(named > 60, "only {named} tests are named");
}
