//! Custom scalars.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use crate::accounts::FieldErrors;
use crate::clock::Timestamp;

/// Errors by field, as a scalar.
pub struct ExpectedErrorType(pub FieldErrors);

/// Errors by field: `{"email": [{"message": "…", "code": "…"}]}`. Errors about the request as a whole are under
/// `nonFieldErrors`.
#[Scalar]
impl ScalarType for ExpectedErrorType {
    fn parse(value: Value) -> InputValueResult<Self> {
        Err(InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        async_graphql::to_value(&self.0).unwrap_or_default()
    }
}

pub struct GenericScalar(pub serde_json::Value);

/// A JSON value.
#[Scalar]
impl ScalarType for GenericScalar {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

pub struct DateTime(pub Timestamp);

/// A point in time in UTC as ISO 8601: `2021-08-08T17:22:56.123456+00:00`.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        Err(InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[derive(Clone)]
pub struct Uuid(pub String);

/// A UUID in lower case with dashes.
#[Scalar(name = "UUID")]
impl ScalarType for Uuid {
    fn parse(value: Value) -> InputValueResult<Self> {
        Err(InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}
