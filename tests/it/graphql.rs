mod arguments;
mod dialect;
mod documents;
mod graphql_cop;
mod recorded_schemas;
mod relay;
mod schema;
