// A relay that forces a format: it passes each request on with an `Accept` of its own.
// Never knows: what is relayed.
// Read next: `http.rs`.
//
// Which formats Prometheus asks for depends on its version, and older ones cannot be told.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::http::{connected, get, read_head};
use crate::failure::Failure;

/// Listens on a loopback port until it is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    service: SocketAddr,
    accept: &'static str,
    stopped: AtomicBool,
    /// That of the last answer.
    content_type: Mutex<String>,
}

impl Relay {
    /// Relays to `service`, asking for `accept`.
    pub(crate) fn start(service: SocketAddr, accept: &'static str) -> Result<Relay, Failure> {
        let failed = |error: io::Error| Failure::Failed(format!("cannot relay: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stopped, content_type) = (AtomicBool::new(false), Mutex::new(String::new()));
        let shared = Arc::new(Shared { service, accept, stopped, content_type });
        let thread = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.serve(&listener))
        };
        Ok(Relay { address, shared, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the last answer called itself; empty before there was one.
    pub(crate) fn content_type(&self) -> String {
        self.shared.content_type.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    fn serve(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            // Relaxed: the connection that wakes this thread is made after the flag is set.
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            // A scrape that fails is the scraper's to report: it finds nothing at the other end.
            let _ = stream.and_then(|stream| self.relay(stream));
        }
    }

    fn relay(&self, stream: TcpStream) -> io::Result<()> {
        let mut stream = connected(stream)?;
        let request = read_head(&mut BufReader::new(&stream))?;
        let path = request.split(' ').nth(1).unwrap_or("/");
        let answer = get(self.service, path, self.accept)
            .map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        // Noted first: whoever has read the answer may ask at once.
        let mut content_type = self.content_type.lock().unwrap_or_else(PoisonError::into_inner);
        answer.header("content-type").clone_into(&mut content_type);
        drop(content_type);
        write!(stream, "{}\r\n{}", answer.head, answer.body)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Relaxed: as in `serve`.
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Without a connection the thread waits for one; a thread that still waits is left alone.
        if TcpStream::connect(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}
