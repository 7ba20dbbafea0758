use bytesize::ByteSize;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphQl {
    pub graphiql: bool,
    pub introspection: bool,
    suggestions: Option<bool>,
    pub relay: bool,
    pub max_depth: usize,
    pub max_complexity: usize,
    pub max_body: ByteSize,
}

impl GraphQl {
    /// Returns whether errors suggest similar names. By default they do so only if clients may read the schema, because
    /// suggestions reveal its names.
    pub fn suggestions(&self) -> bool {
        self.suggestions.unwrap_or(self.introspection)
    }
}
