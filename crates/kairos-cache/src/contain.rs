// User code that may panic where nothing else may end with it: contained, and told as an error where one is wanted.
// Never knows: whose code it is, or what hangs on it.
// Read next: `engine/compute/crew.rs` and `engine/compute/running.rs`, which have something to end whatever user code does.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use crate::error::Error;

/// Runs `step`; a panic in it is an error.
pub(crate) fn caught<T>(step: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| panicked(&*panic))
}

/// Runs `step`; a panic in it ends the step and nothing else. The panic hook has told of it.
pub(crate) fn shielded(step: impl FnOnce()) {
    let _told = caught(step);
}

/// Drops values of users, each by itself.
pub(crate) fn drop_each(values: impl IntoIterator) {
    values.into_iter().for_each(|value| shielded(|| drop(value)));
}

/// Runs work so that a panic in the closure, in its future or in the future's drop is an error.
pub(crate) async fn contained<T>(
    work: impl FnOnce() -> Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>,
) -> Result<T, Error> {
    let mut future = Some(caught(work)?);
    let found = poll_fn(|cx| {
        let future = future.as_mut().expect("the future is taken after its last poll");
        caught(|| future.as_mut().poll(cx)).unwrap_or_else(|error| Poll::Ready(Err(error)))
    })
    .await;
    let dropped = caught(|| drop(future.take()));
    match (found, dropped) {
        (Ok(_), Err(error)) => Err(error),
        (found, _) => found,
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::Panicked(message.into())
}
