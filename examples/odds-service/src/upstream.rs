// The bookmaker's side of the wire: how one price is asked for.
// Never knows: that its answers are cached.
// Read next: `feed.rs`, which reads the same bookmaker's news.

use std::net::SocketAddr;
use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::line::{Line, Price};

/// Where the bookmaker listens. Set before the first read.
pub(crate) static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();

/// Asks the bookmaker for the price of a line; `None` if it offers none.
pub(crate) async fn price((fixture, market): Line) -> anyhow::Result<Option<Price>> {
    let address = ADDRESS.get().context("the bookmaker's address is not set")?;
    let mut stream = TcpStream::connect(address).await.context("the bookmaker is away")?;
    let question = format!("price {fixture} {market}\n");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    match answer.trim_end().split_once(' ') {
        Some(("price", price)) => Ok(Some(price.parse().context("the price is no number")?)),
        None if answer == "none\n" => Ok(None),
        _ => bail!("the bookmaker answered {answer:?}"),
    }
}
