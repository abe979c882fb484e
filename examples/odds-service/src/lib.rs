//! A web service that answers with football prices out of a Kairos cache, as its user would write it.
// Never knows: which bookmaker it asks; `main.rs` brings a stand-in.
// Read next: `feed.rs`, the blocking thread beside it; `line.rs` for the key.
#![expect(clippy::print_stderr, reason = "a service logs")]

mod feed;
mod line;
mod upstream;

use std::net::{Shutdown, SocketAddr};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::Path;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kairos_cache::{Cache, Context, ErrorKind, Parts};
use tokio::net::TcpListener;

pub use line::{Line, Price};

/// The prices of every line. A miss asks the bookmaker, once however many customers wait.
pub static CACHE: LazyLock<Cache<Line, Price>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(50_000)
        .hard_timeout(Duration::from_secs(5))
        .max_concurrent_computes(64)
        .max_stale_if_error(Duration::from_secs(120))
        .loader(|line, _| upstream::price(line))
        .build()
        .expect("every field is in range")
});

/// Serves until `end` resolves, then answers what is under way, and ends everything that it started.
///
/// # Errors
/// The bookmaker cannot be reached for its news, or a part of the service broke.
///
/// # Cancellation
/// Dropping the future leaves the thread that follows the news, and the cache as it is.
pub async fn serve(
    listener: TcpListener,
    bookmaker: SocketAddr,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    upstream::ADDRESS.set(bookmaker).ok().context("the service runs already")?;
    let news = open_news(bookmaker).context("the bookmaker gives no news")?;
    let (ear, stream) = (news.try_clone()?, news);
    let feed = thread::spawn(move || feed::follow(ear));
    let mut notices = CACHE.subscribe();
    let log = tokio::spawn(async move {
        while let Some(notice) = notices.next().await {
            eprintln!("{notice:?}");
        }
    });

    let routes = Router::new()
        .route("/price/{fixture}/{market}", get(price))
        .route("/event/{fixture}/{event}", post(event))
        .route("/metrics", get(metrics));
    axum::serve(listener, routes).with_graceful_shutdown(end).await?;

    CACHE.shutdown().await?;
    log.await?;
    stream.shutdown(Shutdown::Both)?;
    tokio::task::spawn_blocking(|| feed.join()).await?.expect("the thread of the feed panics never")
}

/// A connection on which the bookmaker tells its news.
fn open_news(bookmaker: SocketAddr) -> std::io::Result<std::net::TcpStream> {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(bookmaker)?;
    stream.write_all(b"news\n")?;
    Ok(stream)
}

async fn price(Path((fixture, market)): Path<(String, String)>) -> Result<Response, Failure> {
    let context = Context::new(&CACHE.scope(&fixture)).market(&market);
    let hit = CACHE.read(&Parts((&*fixture, &*market)), &context).await?;
    let headers = [("x-price-because", hit.receipt().reason.name())];
    Ok((headers, format!("{}\n", *hit)).into_response())
}

async fn event(Path((fixture, event)): Path<(String, String)>) -> Result<String, Failure> {
    let outcome = CACHE.invalidate_event(&CACHE.scope(&fixture), &event)?;
    Ok(format!("{} died\n", outcome.died))
}

async fn metrics(headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let page = CACHE.registry().respond(accept);
    ([(CONTENT_TYPE, page.content_type)], page.body)
}

/// What the cache failed with, as a customer sees it.
struct Failure(kairos_cache::Error);

impl From<kairos_cache::Error> for Failure {
    fn from(error: kairos_cache::Error) -> Failure {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.kind() {
            ErrorKind::Nothing | ErrorKind::UnknownName => StatusCode::NOT_FOUND,
            ErrorKind::Compute | ErrorKind::Panicked => StatusCode::BAD_GATEWAY,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Overloaded | ErrorKind::ShutDown => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{}\n", self.0)).into_response()
    }
}
