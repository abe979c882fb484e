// A stand-in for a bookmaker, so that the example needs no other program: made-up prices and news.
// Never knows: who asks.
// Read next: `upstream.rs` and `feed.rs`, which speak with it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Starts it on a free port of this machine.
pub(crate) async fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    Ok(address)
}

async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut asked = String::new();
    stream.read_line(&mut asked).await?;
    let words: Vec<&str> = asked.split_whitespace().collect();
    match *words {
        ["price", fixture, market] => {
            // A price between 1.5 and 3.5 that depends on the names alone.
            let sum: u32 = fixture.bytes().chain(market.bytes()).map(u32::from).sum();
            let price = 1.5 + f64::from(sum % 200) / 100.0;
            stream.write_all(format!("price {price}\n").as_bytes()).await
        }
        ["news"] => {
            let kickoff = millis(now() + Duration::from_secs(45 * 60));
            let news = format!("kickoff arsenal-chelsea {kickoff}\n");
            stream.write_all(news.as_bytes()).await?;
            // It has no more to tell, and waits until its customer leaves.
            stream.read_line(&mut asked).await.map(drop)
        }
        _ => stream.write_all(b"what?\n").await,
    }
}

#[expect(clippy::disallowed_methods, reason = "a match kicks off some time from now")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn millis(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
