mod arguments;
mod dialect;
mod documents;
mod graphql_cop;
mod recorded_schemas;
mod relay;
mod relay_id;
mod schema;
