// A customer: HTTP/1.1 over one connection that is kept, and that the customer may leave at any time.
// Never knows: what the service answers with.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// An answer: the status, the headers as they came, the body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

pub(crate) struct Client {
    service: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    pub(crate) fn new(service: SocketAddr) -> Client {
        Client { service, stream: None }
    }

    /// Asks, over the connection that is there or a new one.
    pub(crate) async fn send(&mut self, method: &str, path: &str) -> io::Result<()> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(BufReader::new(TcpStream::connect(self.service).await?)),
        };
        let request = format!("{method} {path} HTTP/1.1\r\nhost: it\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).await
    }

    /// Waits for the answer to what was sent.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut headers = String::new();
        while !headers.ends_with("\r\n\r\n") {
            if stream.read_line(&mut headers).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let malformed = || io::Error::other(headers.clone());
        let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.parse().ok()).ok_or_else(malformed)?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(Answer { status: status.ok_or_else(malformed)?, headers, body })
    }

    pub(crate) async fn ask(&mut self, method: &str, path: &str) -> io::Result<Answer> {
        self.send(method, path).await?;
        self.answer().await
    }

    /// Closes the connection, whatever is under way on it.
    pub(crate) fn leave(&mut self) {
        self.stream = None;
    }
}
