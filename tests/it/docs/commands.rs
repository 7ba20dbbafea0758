//! Runs the commands in documents and compares their output.
//!
//! In a document, `…` stands for the rest of a string. A string that ends with it names a value: the output gives the
//! value, and later commands use it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use regex::{Captures, Regex};

use crate::support::program::{Serving, Site};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pledge4future-auth");
/// The shell prints it after the output of each block.
const END_OF_OUTPUT: &str = "--- end of the output ---";

/// A shell that runs the commands of documents.
struct Shell {
    site: Site,
    server: Serving,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Values by the beginning that the documents show.
    values: HashMap<String, String>,
    last_output: LastOutput,
}

/// The output of the previous block.
#[derive(Default)]
enum LastOutput {
    /// The block contained no commands, or its output was compared already.
    #[default]
    None,
    /// The block was not run, because a program is missing.
    Skipped,
    Printed(String),
}

/// A block of code and the paragraph before it.
struct Block<'a> {
    before: &'a str,
    language: &'a str,
    code: &'a str,
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let pattern = Regex::new(r"(?s)([^\n]*\n?)\n```([a-z]+)\n(.*?)```").expect("a pattern");
    let block = |found: Captures<'_>| {
        let [before, language, code] =
            [1, 2, 3].map(|group| found.get(group).map_or(0..0, |part| part.range()));
        Block { before: &document[before], language: &document[language], code: &document[code] }
    };
    pattern.captures_iter(document).map(block).collect()
}

fn is_missing(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_err()
}

/// A value in a document: its beginning and `…`.
fn value() -> Regex {
    Regex::new("([A-Za-z0-9_-]*)…").expect("a pattern")
}

/// Replaces times, which differ in every run.
fn without_times(text: &str) -> String {
    let time = Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").expect("a pattern");
    time.replace_all(text, "TIME").into_owned()
}

impl Shell {
    fn new() -> Self {
        let site = Site::empty();
        let server = site.serve_with([("P4F_AUTH_LISTEN", "127.0.0.1:0")]);
        let mut process = Command::new("bash")
            .current_dir(site.path("."))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash runs");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { site, server, process, input, output, values: HashMap::new(), last_output: LastOutput::None }
    }

    fn follow(&mut self, document: &str) {
        let mut followed = 0;
        for block in blocks(document) {
            match (block.language, std::mem::take(&mut self.last_output)) {
                ("sh", LastOutput::None) if block.code.starts_with("cargo run --release -- serve\n") => {
                    self.last_output = LastOutput::Printed(self.first_lines());
                }
                // This would run the tests again.
                ("sh", LastOutput::None) if block.code.starts_with("cargo test\n") => {}
                ("sh", LastOutput::None | LastOutput::Skipped) => {
                    self.last_output = self.run(block.code);
                }
                ("json" | "text", LastOutput::Printed(printed)) => self.compare(block.code, &printed),
                // `second_factor.rs` runs the JavaScript.
                ("json" | "text", LastOutput::Skipped) | ("js", LastOutput::None) => {}
                ("text", LastOutput::None) if block.code.contains("Subject: ") => self.find_mail(block.code),
                ("toml", LastOutput::None) => check_configuration(block.code),
                ("python" | "ts", LastOutput::None) => self.save(&block),
                ("graphql", LastOutput::None) => self.last_output = LastOutput::Skipped,
                (language, LastOutput::None | LastOutput::Skipped) => {
                    panic!("nothing printed this {language}:\n{}", block.code)
                }
                (_, LastOutput::Printed(printed)) => panic!("the document does not show this:\n{printed}"),
            }
            followed += 1;
        }
        assert!(followed > 3, "only {followed} blocks of code were found");
    }

    /// Returns the first log lines, with the port of the documents.
    fn first_lines(&self) -> String {
        let mut lines = format!("{}\n", self.server.greeting());
        for _ in 0..2 {
            lines += &(self.server.wait_for("INFO") + "\n");
        }
        lines.replace(self.server.address().trim_start_matches("http://"), "127.0.0.1:8000")
    }

    fn run(&mut self, commands: &str) -> LastOutput {
        let missing = match commands.split_once(' ') {
            Some(("python3", _)) if is_missing("python3") => "Python is missing",
            Some(("npm", _)) if is_missing("npm") => "Node.js is missing",
            Some(("npx", _)) if !self.site.path("node_modules").exists() => "its packages are missing",
            _ => "",
        };
        if !missing.is_empty() {
            eprintln!("skipped: {missing}, so this was not run: {commands}");
            return LastOutput::Skipped;
        }
        let script = self.site.path(".commands.sh");
        std::fs::write(&script, self.for_this_server(commands)).expect("a script");
        let line = format!(". {} </dev/null 2>&1; echo; echo '{END_OF_OUTPUT}'\n", script.display());
        self.input.write_all(line.as_bytes()).expect("the shell reads");
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("output in UTF-8") > 0, "the shell has ended");
            if line.trim_end() == END_OF_OUTPUT {
                // The output of npm varies.
                let is_shown = !printed.trim().is_empty() && !commands.starts_with("npm ");
                return if is_shown { LastOutput::Printed(printed) } else { LastOutput::None };
            }
            printed += &line;
        }
    }

    /// Inserts the address of this server and known values into commands or a program.
    fn for_this_server(&self, text: &str) -> String {
        let text = text
            .replace("http://localhost:8000", self.server.address())
            .replace("target/release/pledge4future-auth", PROGRAM);
        let known = |found: &Captures<'_>| match self.values.get(&found[1]) {
            Some(value) => value.clone(),
            None => panic!("no output has shown {} before this: {text}", &found[0]),
        };
        value().replace_all(&text, known).into_owned()
    }

    /// Compares an output and remembers its values.
    fn compare(&mut self, expected: &str, printed: &str) {
        let (expected, printed) = (without_times(expected.trim()), without_times(printed.trim()));
        assert!(self.matches(&expected, &printed), "expected:\n{expected}\n\nprinted:\n{printed}");
    }

    fn matches(&mut self, expected: &str, printed: &str) -> bool {
        let (mut pattern, mut names, mut end) = (String::from("(?s)^"), Vec::new(), 0);
        for found in value().captures_iter(expected) {
            let whole = found.get(0).expect("a match");
            pattern += &regex::escape(&expected[end..whole.start()]);
            pattern += if found[1].is_empty() { "(.*?)" } else { "([^\"\\s]+)" };
            names.push(found[1].to_owned());
            end = whole.end();
        }
        pattern += &(regex::escape(&expected[end..]) + "$");
        let Some(found) = Regex::new(&pattern).expect("a pattern").captures(printed) else { return false };
        let values = found.iter().skip(1).map(|value| value.map_or("", |value| value.as_str()).to_owned());
        self.values.extend(names.into_iter().zip(values).filter(|(name, _)| !name.is_empty()));
        true
    }

    /// Waits for a mail, and skips mails that the document does not show.
    fn find_mail(&mut self, expected: &str) {
        loop {
            let mail = self.server.mail();
            if self.matches(expected.trim(), mail.trim()) {
                return;
            }
            eprintln!("another mail:\n{mail}\nexpected:\n{expected}");
        }
    }

    /// Saves a program under the name in the paragraph before it.
    fn save(&self, block: &Block<'_>) {
        let name = Regex::new("as `([a-z.]+)`").expect("a pattern");
        let name = name.captures(block.before).unwrap_or_else(|| panic!("no name in {}", block.before));
        self.site.write(&name[1], block.code.replace("http://localhost:8000", self.server.address()));
    }
}

fn check_configuration(toml: &str) {
    let site = Site::empty();
    site.write("config.toml", toml);
    site.run(["check-config"]).done();
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The shell may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(document: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    std::fs::read_to_string(path).expect("a document")
}

fn follow(documents: &[&str]) {
    if is_missing("bash") || is_missing("curl") {
        eprintln!("skipped: the documents need bash and curl");
        return;
    }
    let mut shell = Shell::new();
    for document in documents {
        shell.follow(&read(document));
    }
}

#[test]
fn every_command_of_the_readme_prints_what_is_documented() {
    follow(&["README.md"]);
}

#[test]
fn every_command_of_the_tour_and_the_clients_prints_what_is_documented() {
    follow(&["docs/tour.md", "docs/clients.md"]);
}

#[test]
fn every_file_that_the_guide_for_contributors_names_exists() {
    let path = Regex::new(r"`((?:src|tests|docs|assets|migrations)/[\w./-]*)`").expect("a pattern");
    let guide = read("CONTRIBUTING.md");
    let named: Vec<&str> =
        path.captures_iter(&guide).map(|found| found.get(1).expect("a path").as_str()).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(name).exists(), "{name}");
    }
}
