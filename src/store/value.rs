//! Values of parameters and columns. Columns hold integers and strings, nullable, in both engines.

use std::borrow::Cow;

use super::accounts::{MemberRole, Role};
use super::audit::StoredActor;
use super::django_keys::KeyedModel;
use super::join_requests::Status;
use super::sessions::Authentication;
use crate::clock::Timestamp;

/// A null parameter has the type of its column, which PostgreSQL cannot always infer. A null in a result has any type.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Integer(Option<i64>),
    Text(Option<Cow<'a, str>>),
}

/// A type that can be a parameter.
pub(super) trait ToValue {
    const NULL: Value<'static>;

    fn to_value(&self) -> Value<'_>;
}

/// A type that a column can be read as.
pub(super) trait FromValue: Sized {
    /// Returns `None` if the value has another type.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl ToValue for i64 {
    const NULL: Value<'static> = Value::Integer(None);

    fn to_value(&self) -> Value<'_> {
        Value::Integer(Some(*self))
    }
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(number) = value { number } else { None }
    }
}

impl FromValue for Value<'static> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Some(value.into_owned())
    }
}

/// Booleans are stored as 0 and 1.
impl ToValue for bool {
    const NULL: Value<'static> = i64::NULL;

    fn to_value(&self) -> Value<'_> {
        Value::Integer(Some((*self).into()))
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

/// Times are stored in microseconds since 1970.
impl ToValue for Timestamp {
    const NULL: Value<'static> = i64::NULL;

    fn to_value(&self) -> Value<'_> {
        Value::Integer(Some(self.micros()))
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(Self::from_micros)
    }
}

impl ToValue for str {
    const NULL: Value<'static> = Value::Text(None);

    fn to_value(&self) -> Value<'_> {
        Value::Text(Some(self.into()))
    }
}

impl ToValue for String {
    const NULL: Value<'static> = str::NULL;

    fn to_value(&self) -> Value<'_> {
        self.as_str().to_value()
    }
}

impl Value<'_> {
    fn into_owned(self) -> Value<'static> {
        match self {
            Self::Integer(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(text.map(|text| text.into_owned().into())),
        }
    }

    /// Returns a parameter that outlives its source.
    pub(super) fn owned(value: impl ToValue) -> Value<'static> {
        value.to_value().into_owned()
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { text.map(Cow::into_owned) } else { None }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    const NULL: Value<'static> = T::NULL;

    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    const NULL: Value<'static> = T::NULL;

    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Self::NULL, T::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(None) | Value::Text(None) => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// Stores enums by the names that strum derives.
macro_rules! store_by_name {
    ($($name:ty),+) => {$(
        impl ToValue for $name {
            const NULL: Value<'static> = str::NULL;

            fn to_value(&self) -> Value<'_> {
                self.into_str().to_value()
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value<'_>) -> Option<Self> {
                String::from_value(value)?.parse().ok()
            }
        }
    )+};
}

store_by_name!(Authentication, MemberRole, KeyedModel, Role, Status, StoredActor);

/// The parameters of a statement: `$1` is the first.
pub(super) trait Params {
    fn values(&self) -> Cow<'_, [Value<'_>]>;
}

impl Params for () {
    fn values(&self) -> Cow<'_, [Value<'_>]> {
        Cow::Borrowed(&[])
    }
}

impl Params for Vec<Value<'_>> {
    fn values(&self) -> Cow<'_, [Value<'_>]> {
        self.into()
    }
}

impl<T: ToValue, const N: usize> Params for [T; N] {
    fn values(&self) -> Cow<'_, [Value<'_>]> {
        self.iter().map(T::to_value).collect()
    }
}

macro_rules! params_of_tuples {
    ($(($($name:ident)+))+) => {$(
        impl<$($name: ToValue),+> Params for ($($name,)+) {
            fn values(&self) -> Cow<'_, [Value<'_>]> {
                #[expect(non_snake_case, reason = "the names of the types serve as names of the values")]
                let ($($name,)+) = self;
                vec![$($name.to_value()),+].into()
            }
        }
    )+};
}

params_of_tuples! {
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
    (A B C D E F G H I)
    (A B C D E F G H I J K)
}
