use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value, scalar};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::FieldErrors;

pub struct ExpectedErrorType(pub FieldErrors);

/// Errors by field: `{"email": [{"message": "…", "code": "…"}]}`. Other errors are under `nonFieldErrors`.
#[Scalar]
impl ScalarType for ExpectedErrorType {
    fn parse(value: Value) -> InputValueResult<Self> {
        Err(InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        async_graphql::to_value(&self.0).unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
pub struct GenericScalar(pub serde_json::Value);
scalar!(GenericScalar, "GenericScalar", "A JSON value.");

#[derive(Serialize, Deserialize)]
pub struct Uuid(pub String);
scalar!(Uuid, "UUID", "A UUID in lower case with dashes.");

#[derive(Serialize, Deserialize)]
pub struct DateTime(String);
scalar!(DateTime, "DateTime", "A point in time in UTC as ISO 8601: `2021-08-08T17:22:56.123456+00:00`.");

impl From<Timestamp> for DateTime {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.to_string())
    }
}
