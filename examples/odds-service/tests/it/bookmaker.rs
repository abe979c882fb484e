// A bookmaker under the test's control: it can be down, offer nothing, or hold a price back.
// Never knows: the service.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

/// The last news: of a match that nothing else names.
pub(crate) const LAST_NEWS: &str = "event last weather_rain\n";

#[derive(Default)]
pub(crate) struct Bookmaker {
    /// Who waits to be told that the price of a fixture is asked for.
    awaited: Mutex<HashMap<String, oneshot::Sender<()>>>,
    is_closing: Notify,
}

impl Bookmaker {
    pub(crate) async fn start() -> (Arc<Bookmaker>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let bookmaker = Arc::new(Bookmaker::default());
        let shared = Arc::clone(&bookmaker);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let of = Arc::clone(&shared);
                // Whoever asked may have left: that ends the conversation and nothing else.
                tokio::spawn(async move { of.answer(stream).await.ok() });
            }
        });
        (bookmaker, address)
    }

    /// Resolves once the price of a fixture is asked for, which is then held back.
    pub(crate) fn asked_for(&self, fixture: &str) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.awaited.lock().expect("no panic").insert(fixture.to_owned(), tell);
        told
    }

    /// Tells the last news.
    pub(crate) fn close(&self) {
        self.is_closing.notify_one();
    }

    async fn answer(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut asked = String::new();
        stream.read_line(&mut asked).await?;
        let words: Vec<&str> = asked.split_whitespace().collect();
        match *words {
            ["price", "down", _] => stream.write_all(b"busy\n").await,
            ["price", "gone", _] => stream.write_all(b"none\n").await,
            ["price", held, _] if held.starts_with("held") => {
                let awaited = self.awaited.lock().expect("no panic").remove(held);
                awaited.and_then(|tell| tell.send(()).ok());
                until_it_leaves(&mut stream).await
            }
            ["price", ..] => stream.write_all(b"price 1.85\n").await,
            ["news"] => {
                stream.write_all(news().as_bytes()).await?;
                self.is_closing.notified().await;
                stream.write_all(LAST_NEWS.as_bytes()).await?;
                until_it_leaves(&mut stream).await
            }
            _ => stream.write_all(b"what?\n").await,
        }
    }
}

async fn until_it_leaves(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    while stream.read_u8().await.is_ok() {}
    Ok(())
}

/// Kickoffs, prices with a panic among them, events, and a line that makes no sense.
fn news() -> String {
    let now = now_ms();
    let mut news = String::from("weather fine\n");
    for fixture in 0..8 {
        // Writing into a `String` cannot fail.
        let _ = writeln!(news, "kickoff f{fixture} {}", now + 45 * 60 * 1000);
        for (price, age) in [(1.85, 5), (1.86, 4), (1.85, 3), (1.86, 2), (3.5, 1)] {
            let _ = writeln!(news, "odds f{fixture} home_win {price} {}", now - age);
        }
        let _ = writeln!(news, "event f{fixture} goalkeeper_change");
    }
    news
}

#[expect(clippy::disallowed_methods, reason = "the service runs on the system's clock")]
fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis()
}
