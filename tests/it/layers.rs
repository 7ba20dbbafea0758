//! Rules of the source that the compiler does not check: the layers, the length of files, and the place of SQL.

use std::fs;
use std::path::{Path, PathBuf};

use pledge4future_auth::store::Store;
use regex::Regex;

/// From the lowest to the highest. Modules of one layer do not import each other.
const LAYERS: [&[&str]; 13] = [
    &["clock", "digest", "paging", "printable", "private_files", "random", "text"],
    &["config", "django", "language", "metrics"],
    &["email", "mail", "passkeys", "passwords", "store", "tokens"],
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

const MAX_LINES: usize = 300;

/// A file below `src`.
struct Source {
    /// The path from `src/` on.
    path: String,
    /// The folders and the name, without `.rs`.
    modules: Vec<String>,
    text: String,
    /// The text without comments and literals, with all line breaks.
    code: String,
    /// String literals with their first lines.
    literals: Vec<(usize, String)>,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let relative = path.strip_prefix(root()).expect("a file of the project");
        let modules = relative.with_extension("");
        let modules = modules.iter().skip(1).map(|part| part.to_string_lossy().into_owned());
        let (code, literals) = split(&text);
        Self { path: relative.display().to_string(), modules: modules.collect(), text, code, literals }
    }

    /// Returns the module of `lib.rs` that this file belongs to.
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
    let (mut pending, mut sources) = (files("src"), Vec::new());
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(files(
                path.strip_prefix(root()).expect("a folder of the project").to_str().expect("UTF-8"),
            ));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source::read(&path));
        }
    }
    assert!(sources.len() > 20, "src/ contains few files");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Separates code from comments and literals, whose line breaks remain in the code.
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

/// Returns the modules in paths from `crate`, with their lines.
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

/// Returns the first name of each entry of a list in braces. `list` starts after the opening brace.
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

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn assert_none(violations: &[String], rule: &str) {
    assert!(violations.is_empty(), "{rule}:\n{}", violations.join("\n"));
}

#[test]
fn every_module_belongs_to_a_layer() {
    let sources = sources();
    let library = sources.iter().find(|source| source.top() == "lib").expect("src/lib.rs");
    let declared = Regex::new(r"(?m)^(?:pub(?:\(crate\))? )?mod (\w+);").expect("a pattern");
    let mut modules: Vec<&str> =
        declared.captures_iter(&library.code).map(|found| found.get(1).expect("a name").as_str()).collect();
    let mut known = LAYERS.concat();
    modules.sort_unstable();
    known.sort_unstable();
    assert_eq!(modules, known, "add each module of src/lib.rs to a layer in {}", file!());
}

#[test]
fn files_import_only_from_lower_layers_or_their_own_module() {
    let (mut violations, mut seen) = (Vec::new(), 0);
    for source in sources().iter().filter(|source| !source.is_root()) {
        for (line, module) in imports(source) {
            seen += 1;
            if module != source.top() && layer_of(&module) >= layer_of(source.top()) {
                violations.push(format!("{}:{line}: crate::{module}", source.path));
            }
        }
    }
    assert!(seen > 100, "only {seen} imports were found");
    assert_none(&violations, "imports from the same or a higher layer");
}

#[test]
fn the_program_imports_only_the_command_line() {
    let sources = sources();
    let main = sources.iter().find(|source| source.top() == "main").expect("src/main.rs");
    let path = Regex::new(r"\bpledge4future_auth::(\w+)").expect("a pattern");
    let modules: Vec<&str> =
        path.captures_iter(&main.code).map(|found| found.get(1).expect("a name").as_str()).collect();
    assert_eq!(modules, ["cli"]);
}

#[test]
fn super_does_not_leave_a_module() {
    let supers = Regex::new(r"\b(?:super::)+").expect("a pattern");
    let mut violations = Vec::new();
    for source in sources().iter().filter(|source| !source.is_root()) {
        for found in supers.find_iter(&source.code) {
            if found.as_str().matches("super").count() >= source.modules.len() {
                let line = line_of(&source.code, found.start());
                violations.push(format!("{}:{line}: {}", source.path, found.as_str()));
            }
        }
    }
    assert_none(&violations, "use crate:: for paths that leave the module");
}

#[test]
fn files_are_short_and_none_is_named_mod() {
    let sources = sources();
    let long = sources.iter().filter(|source| source.text.lines().count() > MAX_LINES);
    let long: Vec<_> =
        long.map(|source| format!("{}: {} lines", source.path, source.text.lines().count())).collect();
    assert_none(&long, &format!("files of more than {MAX_LINES} lines"));
    let named: Vec<_> = sources.iter().filter(|source| source.path.ends_with("/mod.rs")).collect();
    assert!(named.is_empty(), "use foo.rs beside foo/ instead of {}", named[0].path);
}

#[test]
fn only_the_store_contains_sql() {
    let sql = Regex::new(
        r"(?is)\bselect\b.+\bfrom\b|\binsert\s+into\b|\bupdate\s+\S+\s+set\b|\bdelete\s+from\b|\bpragma\b",
    )
    .expect("a pattern");
    let (mut violations, mut in_store) = (Vec::new(), 0);
    for source in sources() {
        for (line, literal) in source.literals.iter().filter(|(_, literal)| sql.is_match(literal)) {
            if source.top() == "store" {
                in_store += 1;
            } else {
                violations.push(format!("{}:{line}: {literal}", source.path));
            }
        }
    }
    assert!(in_store > 20, "only {in_store} statements were found in src/store");
    assert_none(&violations, "SQL outside of src/store");
}

/// SQLite numbers parameters in the order in which they first occur, and PostgreSQL by their names.
#[test]
fn parameters_of_statements_first_occur_in_order() {
    let parameter = Regex::new(r"\$(\d+)").expect("a pattern");
    let (mut violations, mut seen) = (Vec::new(), 0);
    for source in sources().iter().filter(|source| source.top() == "store") {
        for (line, literal) in &source.literals {
            let mut last = 0;
            for found in parameter.captures_iter(literal) {
                let number: usize = found[1].parse().expect("a number");
                seen += 1;
                if number > last + 1 {
                    violations.push(format!("{}:{line}: ${number} after ${last}", source.path));
                }
                last = last.max(number);
            }
        }
    }
    assert!(seen > 100, "only {seen} parameters were found in src/store");
    assert_none(&violations, "parameters that are not numbered in the order of their first use");
}

#[test]
fn every_migration_is_embedded_and_begins_with_its_reason() {
    for (folder, embedded) in [
        ("migrations/sqlite", Store::sqlite_migrations()),
        ("migrations/postgres", Store::postgres_migrations()),
    ] {
        let mut names = Vec::new();
        for path in files(folder) {
            let text = fs::read_to_string(&path).expect("a migration");
            assert!(
                text.starts_with("-- "),
                "{}: begin with a comment that gives the reason",
                path.display()
            );
            assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("sql"));
            names.push(path.file_stem().expect("a name").to_string_lossy().into_owned());
        }
        names.sort_by_key(|name| number_of_migration(name));
        assert_eq!(embedded, names, "refinery ignores files that are not named V1__name.sql");
    }
}

#[test]
fn migrations_of_both_engines_have_the_same_numbers() {
    let numbers = |names: Vec<String>| names.iter().map(|name| number_of_migration(name)).collect::<Vec<_>>();
    let (sqlite, postgres) = (numbers(Store::sqlite_migrations()), numbers(Store::postgres_migrations()));
    assert_eq!(sqlite, (1..).take(sqlite.len()).collect::<Vec<u32>>(), "consecutive numbers");
    // The first migration of PostgreSQL creates what the first twelve of SQLite create.
    assert_eq!(postgres, sqlite[11..]);
}

fn number_of_migration(name: &str) -> u32 {
    let number =
        name.strip_prefix('V').and_then(|name| name.split_once("__")).map(|(number, _)| number.parse());
    number.and_then(Result::ok).unwrap_or_else(|| panic!("{name} is not named V1__name"))
}
