//! The house rules that a compiler does not hold: which file may import what, how long it may be, and where SQL stands.

use std::fs;
use std::path::{Path, PathBuf};

use pledge4future_auth::store::Store;
use regex::Regex;

/// From the ground up. Modules on one floor know nothing of each other.
const FLOORS: [&[&str]; 13] = [
    &["clock", "digest", "printable", "private_files", "random", "text"],
    &["config", "django", "metrics"],
    &["email", "mail", "passwords", "store", "tokens"],
    &["app", "error"],
    &["outbox"],
    &["security"],
    &["accounts"],
    &["groups", "health", "transfer"],
    &["blocking_pool"],
    &["graphql"],
    &["http"],
    &["server"],
    &["cli"],
];

const MOST_LINES: usize = 420;

/// A file below `src`.
struct Source {
    /// Beginning with `src/`, for messages.
    path: String,
    /// The folders and the name, without `.rs`.
    modules: Vec<String>,
    /// As it is.
    text: String,
    /// Without comments and what is in quotation marks, line for line.
    code: String,
    /// What is in quotation marks, with the line on which it begins.
    literals: Vec<(usize, String)>,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let relative = path.strip_prefix(root()).expect("a file of this project");
        let modules = relative.with_extension("");
        let modules = modules.iter().skip(1).map(|part| part.to_string_lossy().into_owned());
        let (code, literals) = split(&text);
        Self { path: relative.display().to_string(), modules: modules.collect(), text, code, literals }
    }

    /// The module of `lib.rs` that this file belongs to.
    fn top(&self) -> &str {
        &self.modules[0]
    }

    fn is_root(&self) -> bool {
        matches!(self.top(), "main" | "lib")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry of a folder").path()).collect()
}

fn sources() -> Vec<Source> {
    let (mut waiting, mut sources) = (files("src"), Vec::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting
                .extend(files(path.strip_prefix(root()).expect("a folder of ours").to_str().expect("UTF-8")));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source::read(&path));
        }
    }
    assert!(sources.len() > 20, "the sources are not where this test looks for them");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Parts code from comments and literals, which leave their line breaks behind.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let skipped = Regex::new(concat!(
        r"//[^\n]*",
        r#"|'(?:[^'\\\n]|\\'|\\[^\n']*)'"#,
        r##"|r#"(?s:.*?)"#"##,
        r#"|r"[^"]*""#,
        r#"|"(?:[^"\\]|\\(?s:.))*""#,
    ))
    .expect("a pattern");
    let mut literals = Vec::new();
    let code = skipped.replace_all(text, |found: &regex::Captures<'_>| {
        let part = found.get(0).expect("a match");
        if part.as_str().starts_with(['"', 'r']) {
            literals.push((line_of(text, part.start()), part.as_str().to_owned()));
        }
        "\n".repeat(part.as_str().matches('\n').count())
    });
    (code.into_owned(), literals)
}

/// The modules that paths from the root of the crate begin with, with their lines.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let path = Regex::new(r"\bcrate::(?:(\w+)|\{)").expect("a pattern");
    let mut imports = Vec::new();
    for found in path.captures_iter(&source.code) {
        let whole = found.get(0).expect("a match");
        let line = line_of(&source.code, whole.start());
        match found.get(1) {
            Some(module) => imports.push((line, module.as_str().to_owned())),
            None => imports
                .extend(first_names(&source.code[whole.end()..]).into_iter().map(|module| (line, module))),
        }
    }
    imports
}

/// The names with which the entries of a list in braces begin; the brace that opens it is gone.
fn first_names(list: &str) -> Vec<String> {
    let (mut names, mut name, mut depth) = (Vec::new(), Some(String::new()), 1);
    for character in list.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 1 && character == ',' || depth == 0 {
            names.extend(name.take().filter(|name| !name.is_empty()));
            name = Some(String::new());
        } else if character == '_' || character.is_alphanumeric() {
            if let Some(name) = &mut name {
                name.push(character);
            }
        } else if !character.is_whitespace() {
            names.extend(name.take());
        }
        if depth == 0 {
            return names;
        }
    }
    panic!("a brace is not closed: {list}");
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn assert_none(offences: &[String], rule: &str) {
    assert!(offences.is_empty(), "{rule}:\n{}", offences.join("\n"));
}

#[test]
fn every_module_has_its_floor() {
    let sources = sources();
    let library = sources.iter().find(|source| source.top() == "lib").expect("src/lib.rs");
    let declared = Regex::new(r"(?m)^(?:pub(?:\(crate\))? )?mod (\w+);").expect("a pattern");
    let mut modules: Vec<&str> =
        declared.captures_iter(&library.code).map(|found| found.get(1).expect("a name").as_str()).collect();
    let mut known = FLOORS.concat();
    modules.sort_unstable();
    known.sort_unstable();
    assert_eq!(modules, known, "give each module of src/lib.rs a floor in {}", file!());
}

#[test]
fn a_file_imports_only_from_lower_floors_or_its_own_module() {
    let (mut offences, mut seen) = (Vec::new(), 0);
    for source in sources().iter().filter(|source| !source.is_root()) {
        for (line, module) in imports(source) {
            seen += 1;
            if module != source.top() && floor(&module) >= floor(source.top()) {
                offences.push(format!("{}:{line}: crate::{module}", source.path));
            }
        }
    }
    assert!(seen > 100, "only {seen} imports were found");
    assert_none(&offences, "imports from the same or a higher floor");
}

#[test]
fn the_program_knows_its_command_line_alone() {
    let sources = sources();
    let main = sources.iter().find(|source| source.top() == "main").expect("src/main.rs");
    let path = Regex::new(r"\bpledge4future_auth::(\w+)").expect("a pattern");
    let modules: Vec<&str> =
        path.captures_iter(&main.code).map(|found| found.get(1).expect("a name").as_str()).collect();
    assert_eq!(modules, ["cli"]);
}

#[test]
fn no_path_climbs_out_of_its_module_by_super() {
    let climb = Regex::new(r"\b(?:super::)+").expect("a pattern");
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.is_root()) {
        for found in climb.find_iter(&source.code) {
            if found.as_str().matches("super").count() >= source.modules.len() {
                let line = line_of(&source.code, found.start());
                offences.push(format!("{}:{line}: {}", source.path, found.as_str()));
            }
        }
    }
    assert_none(&offences, "write crate:: where the path leaves the module");
}

#[test]
fn no_file_is_too_long_and_none_is_called_mod() {
    let sources = sources();
    let long = sources.iter().filter(|source| source.text.lines().count() > MOST_LINES);
    let long: Vec<_> =
        long.map(|source| format!("{}: {} lines", source.path, source.text.lines().count())).collect();
    assert_none(&long, &format!("files of more than {MOST_LINES} lines"));
    let named: Vec<_> = sources.iter().filter(|source| source.path.ends_with("/mod.rs")).collect();
    assert!(named.is_empty(), "write foo.rs beside foo/, not {}", named[0].path);
}

#[test]
fn sql_stands_in_the_store_alone() {
    let sql = Regex::new(
        r"(?is)\bselect\b.+\bfrom\b|\binsert\s+into\b|\bupdate\s+\S+\s+set\b|\bdelete\s+from\b|\bpragma\b",
    )
    .expect("a pattern");
    let (mut offences, mut in_store) = (Vec::new(), 0);
    for source in sources() {
        for (line, literal) in source.literals.iter().filter(|(_, literal)| sql.is_match(literal)) {
            if source.top() == "store" {
                in_store += 1;
            } else {
                offences.push(format!("{}:{line}: {literal}", source.path));
            }
        }
    }
    assert!(in_store > 20, "only {in_store} statements were found in src/store");
    assert_none(&offences, "SQL outside of src/store");
}

#[test]
fn every_migration_is_built_in_and_opens_with_its_reason() {
    let mut names = Vec::new();
    for path in files("migrations") {
        let text = fs::read_to_string(&path).expect("a migration");
        assert!(text.starts_with("-- "), "{}: open with a comment that says why", path.display());
        assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("sql"));
        names.push(path.file_stem().expect("a name").to_string_lossy().into_owned());
    }
    let number =
        |name: &String| name[1..].split_once("__").and_then(|(number, _)| number.parse::<u32>().ok());
    names.sort_by_key(number);
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with('V') && number(name).is_some()));
    assert_eq!(Store::embedded_migrations(), names, "refinery skips what is not called V1__name.sql");
    let numbers: Vec<_> = names.iter().filter_map(number).collect();
    assert_eq!(numbers, (1..).take(names.len()).collect::<Vec<u32>>(), "numbers follow one another");
}
