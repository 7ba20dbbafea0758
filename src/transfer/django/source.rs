//! Where a site is read from: a dump, an SQLite file or a PostgreSQL database.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use flate2::bufread::MultiGzDecoder;
use serde_json::{Map, Value};

use super::dump::{DumpedObject, for_each_object};
use super::models::{Kind, Models};
use crate::config::{Database, Location};
use crate::store::foreign::{ForeignDatabase, is_sqlite};
use crate::text;

/// The first bytes of a gzip file (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The size of the buffers for the file.
const BUFFER: usize = 256 * 1024;

pub enum Source {
    Dump(PathBuf),
    Database(Location),
}

/// An object of a model that an import reads.
pub(super) struct Object {
    pub(super) kind: Kind,
    /// The label of its model, such as `auth.user`.
    pub(super) label: String,
    /// An integer, or a UUID in lower case with dashes.
    pub(super) key: String,
    /// Without `_id` at the ends of their names.
    pub(super) fields: Map<String, Value>,
}

/// What a site contains, as far as it is known after the read.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) models: Models,
    /// The numbers of objects of models that an import does not read, by label.
    pub(super) others: BTreeMap<String, u64>,
}

impl Source {
    /// Finds out what `name` is: the URL of a PostgreSQL database, or a file. A URL is parsed with the settings.
    pub fn locate(name: &str, settings: &Database) -> Result<Self> {
        if name.contains("://") {
            return settings.locate_uncounted(name).context("SOURCE").map(Self::Database);
        }
        let path = PathBuf::from(name);
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            bail!("{name} is not a regular file; write the dump to a file first");
        }
        let is_database = is_sqlite(open(&path)?.fill_buf().with_context(|| unreadable(&path))?);
        Ok(if is_database { Self::Database(Location::Sqlite(path)) } else { Self::Dump(path) })
    }

    /// Calls `visit` with each object of a model that an import reads.
    pub(super) fn for_each_object(&self, visit: &mut dyn FnMut(Object) -> Result<()>) -> Result<Contents> {
        match self {
            Self::Dump(path) => read_dump(path, visit),
            Self::Database(location) => read_database(location, visit),
        }
    }
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| unreadable(path))?;
    Ok(BufReader::with_capacity(BUFFER, file))
}

fn read_dump(path: &Path, visit: &mut dyn FnMut(Object) -> Result<()>) -> Result<Contents> {
    let name = path.display().to_string();
    let mut file = open(path)?;
    if file.fill_buf().with_context(|| unreadable(path))?.starts_with(&GZIP) {
        return read_json(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)), &name, visit);
    }
    read_json(file, &name, visit)
}

/// Reads the JSON of a dump. `name` is the name of the file.
pub(super) fn read_json(
    json: impl Read,
    name: &str,
    visit: &mut dyn FnMut(Object) -> Result<()>,
) -> Result<Contents> {
    let mut contents = Contents::default();
    let mut kinds: HashMap<String, Option<Kind>> = HashMap::new();
    for_each_object(json, name, &mut |DumpedObject { model: label, pk, fields }| {
        let kind = if let Some(kind) = kinds.get(&label) {
            *kind
        } else {
            let has_uuids = pk.as_str().is_some_and(|key| text::uuid(key).is_some());
            let kind = contents.models.recognize(&label, fields.keys().cloned().collect(), has_uuids)?;
            kinds.insert(label.clone(), kind);
            kind
        };
        let Some(kind) = kind else {
            *contents.others.entry(label).or_default() += 1;
            return Ok(());
        };
        let Some(key) = key_of(&pk) else {
            bail!("an object of {label} has the primary key {pk}; make the dump without --natural-primary")
        };
        visit(Object { kind, label, key, fields })
    })?;
    Ok(contents)
}

fn read_database(location: &Location, visit: &mut dyn FnMut(Object) -> Result<()>) -> Result<Contents> {
    let mut database = ForeignDatabase::open(location)?;
    let mut contents = Contents::default();
    for table in database.tables()? {
        let label = label_of(&table.name);
        let columns = table.columns.iter().filter(|column| *column != "id");
        let fields = columns.map(|column| field_of(column).to_owned()).collect();
        let Some(kind) = contents.models.recognize(&label, fields, false)? else {
            if !table.name.starts_with("sqlite_") {
                let count = database.count_rows(&table)?;
                contents.others.extend((count > 0).then_some((table.name, count)));
            }
            continue;
        };
        let mut has_uuids = None;
        database.for_each_row(&table, &mut |row| {
            let mut fields: Map<String, Value> =
                row.into_iter().map(|(column, value)| (field_of(&column).to_owned(), value)).collect();
            let key = fields.remove("id").unwrap_or_default();
            has_uuids = Some(key.is_string());
            let Some(key) = key_of(&key) else {
                bail!("{label} has the primary key {key}, which is not an integer or a UUID")
            };
            visit(Object { kind, label: label.clone(), key, fields })
        })?;
        if let Some(model) = contents.models.0.get_mut(&kind) {
            model.has_uuids = has_uuids.unwrap_or(kind.has_uuids());
        }
    }
    Ok(contents)
}

/// Returns the name of a field: a column with a foreign key has `_id` at its end.
fn field_of(column: &str) -> &str {
    column.strip_suffix("_id").unwrap_or(column)
}

/// Returns the label of the model that Django stores in a table, unless the model names another table.
fn label_of(table: &str) -> String {
    table.rsplit_once('_').map_or_else(|| table.to_owned(), |(app, model)| format!("{app}.{model}"))
}

/// Returns a primary or foreign key as a string.
pub(super) fn key_of(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => number.as_i64().map(|number| number.to_string()),
        Value::String(text) => {
            text::uuid(text).or_else(|| text.parse::<i64>().ok().map(|key| key.to_string()))
        }
        _ => None,
    }
}
