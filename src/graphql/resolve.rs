//! Calls rules from resolvers, on behalf of the viewer.

use std::sync::Arc;

use anyhow::anyhow;
use async_graphql::Context;

use super::error::request_error;
use super::payload::{Extras as _, GroupPayload, MutationType, Payload};
use super::response::RejectionCodes;
use super::types::scalars::ExpectedErrorType;
use crate::app::App;
use crate::blocking_pool::{BlockingPool, Queue};
use crate::error::{Error, Result};
use crate::security::Viewer;

/// A field that is null if it fails, without affecting other fields: the outer `Option` has this effect in
/// async-graphql.
pub type Nullable<T> = Option<async_graphql::Result<T>>;

/// What resolvers need to call rules.
pub struct RuleContext {
    pub pool: Arc<BlockingPool>,
    pub viewer: Viewer,
    pub codes: Arc<RejectionCodes>,
}

/// Calls a rule of accounts. A rejection is part of the payload.
pub async fn run<M: MutationType<Extras: From<T>>, T: Send + 'static>(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> Result<T> + Send + 'static,
) -> Nullable<Payload<M>> {
    Some(match call(ctx, queue, rule).await {
        Ok(result) => Ok(Payload { success: Some(true), errors: None, extras: result.into() }),
        Err(Error::Refused(errors)) => {
            let extras = M::Extras::of_rejection(&errors);
            Ok(Payload { success: Some(false), errors: Some(ExpectedErrorType(errors)), extras })
        }
        Err(error) => Err(request_error(error)),
    })
}

/// Calls a rule of working groups. A rejection becomes an entry of `errors`, and the field is null.
pub async fn run_group<M: MutationType<Extras: From<T>>, T: Send + 'static>(
    ctx: &Context<'_>,
    rule: impl FnOnce(&App, &Viewer) -> Result<T> + Send + 'static,
) -> Nullable<GroupPayload<M>> {
    let result = call(ctx, Queue::Writing, rule).await.map_err(request_error);
    Some(result.map(|result| GroupPayload { success: Some(true), extras: result.into() }))
}

/// Calls a rule that only reads.
pub async fn read<T: Send + 'static>(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> Result<T> + Send + 'static,
) -> async_graphql::Result<T> {
    call(ctx, queue, rule).await.map_err(request_error)
}

async fn call<T: Send + 'static>(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> Result<T> + Send + 'static,
) -> Result<T> {
    let Some(RuleContext { pool, viewer, codes }) = ctx.data_opt() else {
        return Err(anyhow!("the request has no context").into());
    };
    let viewer = viewer.clone();
    let result = pool.call(queue, move |app| rule(app, &viewer)).await;
    pool.count(ctx.field().name(), &result);
    let retry_after = match &result {
        Err(Error::Refused(errors)) => {
            codes.add(errors);
            errors.retry_after()
        }
        Err(Error::Unavailable(unavailable)) => Some(unavailable.retry_after),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        ctx.insert_http_header("Retry-After", seconds.to_string());
    }
    result
}
