//! The program: starts a stand-in for a bookmaker, and serves its prices until ctrl-c.
// Never knows: how a price is cached.
// Read next: `lib.rs`, the service.
//
// `cargo run -p odds-service`, then `curl -i http://127.0.0.1:8080/price/arsenal-chelsea/btts`
#![expect(clippy::print_stdout, reason = "a program says where it listens")]

mod bookmaker;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let bookmaker = bookmaker::start().await?;
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/price/arsenal-chelsea/btts", listener.local_addr()?);
    let end = async {
        // Where there is no signal to wait for, the service ends at once.
        let _ended = tokio::signal::ctrl_c().await;
    };
    odds_service::serve(listener, bookmaker, end).await
}
