//! Mutations in two styles: with separate arguments at `/graphql`, and in the style of Relay at `/relay`, with one
//! argument `input`, and with `clientMutationId` in it and in the payload.

use std::borrow::Cow;

use async_graphql::{SimpleObject, TypeName};

use super::payload::{MutationType, Payload};

/// The result of a mutation.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct RelayPayload<M: MutationType> {
    #[graphql(flatten)]
    pub payload: Payload<M>,
    /// The `clientMutationId` of the request.
    pub client_mutation_id: Option<String>,
}

impl<M: MutationType> TypeName for RelayPayload<M> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Payload", M::NAME).into()
    }
}

/// Defines mutations in both styles: an object with separate arguments, and one with an input type for each mutation. `WORK`
/// lists the work of each mutation. The names of both objects precede the definitions.
///
/// A definition consists of the name of the resolver, the input type with the arguments, the payload, the kind of work,
/// and the rule to call.
macro_rules! account_mutations {
    ($ctx:ident, $mutation:ident, $relay_mutation:ident => $(
        $(#[$attribute:meta])*
        $name:ident($input:ident {
            $($(#[doc = $doc:tt])? $(#[graphql($($option:tt)*)])? $argument:ident: $type:ty,)*
        }) -> $payload:ident, $work:ident, $rule:expr;
    )*) => {
        use async_graphql::{Context, InputObject, Object};

        use $crate::graphql::mutation::Work;
        use $crate::graphql::payload::{self, Payload};
        use $crate::graphql::relay::RelayPayload;
        use $crate::graphql::resolve::{Nullable, run};

        pub(super) const WORK: &[(&str, Work)] = &[$((stringify!($name), Work::$work)),*];

        #[derive(Default)]
        pub struct $mutation;

        #[Object]
        #[allow(clippy::too_many_arguments, reason = "the arguments are those of the original")]
        impl $mutation {
            $(
                $(#[$attribute])*
                #[graphql(complexity = Work::$work.complexity(child_complexity))]
                async fn $name(
                    &self,
                    $ctx: &Context<'_>,
                    $($(#[graphql($($option)*)])? $argument: $type,)*
                ) -> Nullable<Payload<payload::$payload>> {
                    run($ctx, Work::$work.queue(), $rule).await
                }
            )*
        }

        $(
            /// The argument of a mutation.
            #[derive(InputObject)]
            pub struct $input {
                $($(#[doc = $doc])? $(#[graphql($($option)*)])? $argument: $type,)*
                /// Returned unchanged in the payload.
                client_mutation_id: Option<String>,
            }
        )*

        #[derive(Default)]
        pub struct $relay_mutation;

        #[Object]
        impl $relay_mutation {
            $(
                $(#[$attribute])*
                #[graphql(complexity = Work::$work.complexity(child_complexity))]
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    input: $input,
                ) -> Nullable<RelayPayload<payload::$payload>> {
                    // The macro of async-graphql makes the other resolver return a `Result` around the `Nullable`.
                    let client_mutation_id = input.client_mutation_id;
                    let payload = $mutation.$name(ctx, $(input.$argument),*).await.transpose()?;
                    Some(payload.flatten().map(|payload| RelayPayload { payload, client_mutation_id }))
                }
            )*
        }
    };
}

pub(super) use account_mutations;
