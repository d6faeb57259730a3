//! The endpoint that a scraper reads, on a thread of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::ChainMetrics;

/// Where the figures are, if nothing else is said: on loopback, since nobody is asked who he is.
pub const DEFAULT_METRICS_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9_464);

/// From accepting a client to the last byte of the answer.
const MOST_TIME: Duration = Duration::from_secs(2);
/// Clients at a time. The next ones wait in the listener's queue.
const MOST_CLIENTS: usize = 16;
/// Of a request's head. What a scraper sends is some hundred bytes.
const MOST_HEAD_BYTES: usize = 8_192;
const MOST_HEADERS: usize = 64;
/// After a failure to accept, which is one of the whole process (too many open files), not of a client.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `GET /metrics` and nothing else, until it is dropped.
#[derive(Debug)]
pub struct MetricsServer {
    address: SocketAddr,
    /// Always there until it is dropped.
    tokio: Option<tokio::runtime::Runtime>,
}

impl MetricsServer {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken or not this machine's, or there is no thread.
    pub fn start(address: SocketAddr, metrics: ChainMetrics) -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let tokio = builder.worker_threads(1).thread_name("metrics").enable_io().enable_time().build()?;
        // Bound here and not in the runtime, which the caller may be inside of: blocking on another is not allowed there.
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let entered = tokio.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(entered);
        tokio.spawn(serve(listener, metrics));
        Ok(Self { address, tokio: Some(tokio) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        if let Some(tokio) = self.tokio.take() {
            // Waits for no client, and may be done inside another runtime.
            tokio.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, metrics: ChainMetrics) {
    let clients = Arc::new(Semaphore::new(MOST_CLIENTS));
    loop {
        let client = Arc::clone(&clients).acquire_owned().await.expect("nobody closes this semaphore");
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let metrics = metrics.clone();
        tokio::spawn(async move {
            let _client = client;
            // A client that is too slow, gone or wrong is its own affair.
            let _ = timeout(MOST_TIME, answer(stream, &metrics)).await;
        });
    }
}

async fn answer(mut stream: TcpStream, metrics: &ChainMetrics) -> io::Result<()> {
    let response = match request(&mut stream).await? {
        Some(Request::Metrics) => response("200 OK", "text/plain; version=0.0.4; charset=utf-8", "", &metrics.encode()),
        Some(Request::OtherPath) => told("404 Not Found", "", "only /metrics is here\n"),
        Some(Request::OtherMethod) => told("405 Method Not Allowed", "Allow: GET\r\n", "only GET is understood\n"),
        Some(Request::TooLong) => told("431 Request Header Fields Too Large", "", "a request of more than 8 KiB\n"),
        Some(Request::None) => told("400 Bad Request", "", "not a request of HTTP/1\n"),
        None => return Ok(()),
    };
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

enum Request {
    Metrics,
    OtherPath,
    OtherMethod,
    TooLong,
    None,
}

/// Reads a request's head. None: the client went before its end.
async fn request(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while head.len() < MOST_HEAD_BYTES {
        let room = (MOST_HEAD_BYTES - head.len()) as u64;
        if (&mut *stream).take(room).read_buf(&mut head).await? == 0 {
            return Ok(None);
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Partial) => {}
            Ok(httparse::Status::Complete(_)) => return Ok(Some(asked(&request))),
            Err(httparse::Error::TooManyHeaders) => return Ok(Some(Request::TooLong)),
            Err(_) => return Ok(Some(Request::None)),
        }
    }
    Ok(Some(Request::TooLong))
}

fn asked(request: &httparse::Request<'_, '_>) -> Request {
    let target = request.path.unwrap_or_default();
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    match (path, request.method) {
        ("/metrics", Some("GET")) => Request::Metrics,
        ("/metrics", _) => Request::OtherMethod,
        _ => Request::OtherPath,
    }
}

fn told(status: &str, header: &str, body: &str) -> String {
    response(status, "text/plain; charset=utf-8", header, body)
}

fn response(status: &str, content_type: &str, header: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{header}Connection: close\r\n\r\n{body}"
    )
}
