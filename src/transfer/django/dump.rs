//! Reads the JSON of `manage.py dumpdata` one object at a time, because it may be larger than memory.

use std::fmt;
use std::io::Read;

use anyhow::{Error, Result, anyhow};
use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// An object of a dump.
#[derive(Deserialize)]
pub(super) struct DumpedObject {
    /// The label of its model, such as `auth.user`.
    pub(super) model: String,
    #[serde(default)]
    pub(super) pk: Value,
    pub(super) fields: Map<String, Value>,
}

/// Calls `visit` with each object. Stops at the first error. `name` is the name of the file.
pub(super) fn for_each_object(
    json: impl Read,
    name: &str,
    visit: &mut dyn FnMut(DumpedObject) -> Result<()>,
) -> Result<()> {
    let mut error_of_visit = None;
    let mut deserializer = serde_json::Deserializer::from_reader(json);
    let objects = Objects { visit, error: &mut error_of_visit };
    let read = deserializer.deserialize_seq(objects).and_then(|()| deserializer.end());
    match (error_of_visit, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) if error.is_io() => {
            Err(Error::new(error).context(format!("{name} cannot be read")))
        }
        (None, Err(error)) => {
            Err(anyhow!("{name} is not the JSON of `manage.py dumpdata`; make the file again ({error})"))
        }
        (None, Ok(())) => Ok(()),
    }
}

struct Objects<'a> {
    visit: &'a mut dyn FnMut(DumpedObject) -> Result<()>,
    /// The error of `visit`, which `serde_json` would turn into text.
    error: &'a mut Option<Error>,
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects with model, pk and fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> std::result::Result<(), A::Error> {
        while let Some(object) = objects.next_element()? {
            if let Err(error) = (self.visit)(object) {
                *self.error = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
