//! The endpoint that a scraper reads, on a thread of its own.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use seriatim_tos::chain::ChainMetrics;

/// The address of the endpoint if no other is given. It is on loopback, since nobody is asked who he is.
pub const DEFAULT_METRICS_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9_464);

/// A client has this long, from the moment it is accepted to the last byte of its answer.
const MOST_TIME: Duration = Duration::from_secs(2);
/// So many clients are served at a time. The next ones wait in the listener's queue.
const MOST_CLIENTS: usize = 16;
/// The head of a request may have so many bytes. What a scraper sends is some hundred.
const MOST_HEAD_BYTES: usize = 8_192;
const MOST_HEADERS: usize = 64;
/// The pause after a failure to accept. Such a failure is one of the whole process (too many open files), not of a client.
const PAUSE: Duration = Duration::from_millis(100);

const FIGURES: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const GET: HeaderValue = HeaderValue::from_static("GET");

/// Serves `GET /metrics` and nothing else, until it is dropped.
#[derive(Debug)]
pub struct MetricsServer {
    address: SocketAddr,
    /// It is there until the server is dropped.
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

/// Answers one request. What is no request, or has too long a head, hyper refuses itself.
async fn answer(stream: TcpStream, metrics: &ChainMetrics) -> hyper::Result<()> {
    let service = service_fn(|request| {
        let response = response(&request, metrics);
        async { Ok::<_, Infallible>(response) }
    });
    let mut builder = http1::Builder::new();
    builder.keep_alive(false).max_headers(MOST_HEADERS).max_buf_size(MOST_HEAD_BYTES);
    builder.title_case_headers(true).auto_date_header(false);
    builder.serve_connection(TokioIo::new(stream), service).await
}

fn response<B>(request: &Request<B>, metrics: &ChainMetrics) -> Response<String> {
    let (status, content_type, body) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET) => (StatusCode::OK, FIGURES, metrics.encode()),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET is understood\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, TEXT, "only /metrics is here\n".to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, GET);
    }
    response
}
