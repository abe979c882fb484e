// As much of HTTP as a scrape needs: one GET over a connection of its own, read to its end.
// Never knows: who asks, or what the answer means.
// Read next: `relay.rs`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::Failure;

/// A silent peer is given up after this.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer of any status.
pub(crate) struct Answer {
    /// Status line and headers, as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut found = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value.trim())
    }
}

/// Asks `address` for `path`.
///
/// # Errors
///
/// [`Failure::Failed`] when there is no connection, or no whole answer.
pub(crate) fn get(address: SocketAddr, path: &str, accept: &str) -> Result<Answer, Failure> {
    ask(address, path, accept)
        .map_err(|error| Failure::Failed(format!("GET http://{address}{path}: {error}")))
}

fn ask(address: SocketAddr, path: &str, accept: &str) -> io::Result<Answer> {
    let mut stream = connected(TcpStream::connect(address)?)?;
    // HTTP/1.0, so that no answer comes in chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\naccept: {accept}\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader)?;
    let mut body = String::new();
    reader.read_to_string(&mut body)?;
    Ok(Answer { head, body })
}

/// The same connection, which gives up when the other end is silent.
pub(crate) fn connected(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The lines up to the empty one.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head)? == 0 || head[before..].trim().is_empty() {
            head.truncate(before);
            return Ok(head);
        }
    }
}

/// What stands for `text` in a path.
pub(crate) fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_the_empty_line_and_its_names_have_no_case() {
        let mut text = &b"HTTP/1.0 200 OK\r\nContent-Type: text/plain; a=b\r\n\r\nbody"[..];
        let head = read_head(&mut text).expect("it is all there");
        let answer = Answer { head, body: String::new() };
        assert_eq!(answer.header("content-type"), "text/plain; a=b");
        assert_eq!(answer.header("accept"), "");
        assert_eq!(text, b"body");
    }

    #[test]
    fn every_byte_that_a_path_could_misread_is_encoded() {
        assert_eq!(percent_encoded("a1\\ \"\n%é"), "a1%5C%20%22%0A%25%C3%A9");
    }
}
