//! The endpoint answers what it is for, refuses the rest, outlives clients of any kind and ends when it is dropped.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use seriatim_node::{DEFAULT_METRICS_ADDRESS, MetricsServer};
use seriatim_testkit::exposition::Exposition;
use seriatim_testkit::test_mode::{SOON, wait_until};
use seriatim_tos::chain::ChainMetrics;

fn start() -> MetricsServer {
    MetricsServer::start((Ipv4Addr::LOCALHOST, 0).into(), ChainMetrics::new()).unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// The whole answer; empty if the server just goes.
fn answer(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(address);
    // A server that has answered already may refuse the rest.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    String::from_utf8(answer).unwrap()
}

fn get(address: SocketAddr, path: &str) -> String {
    answer(address, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").as_bytes())
}

fn is_well(address: SocketAddr) {
    let answer = get(address, "/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = format!("{head}\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    Exposition::read(body).count("seriatim_test_mode_blocks_total");
}

#[test]
fn the_figures_are_there_and_nothing_else_is() {
    assert!(DEFAULT_METRICS_ADDRESS.ip().is_loopback());
    let server = start();
    let address = server.local_addr();
    is_well(address);
    assert!(get(address, "/metrics?name=x").starts_with("HTTP/1.1 200 "));
    for path in ["/", "/metric", "/metrics/", "/metrics2", "//metrics", "/../metrics"] {
        assert!(get(address, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        let refused = answer(address, format!("{method} /metrics HTTP/1.1\r\n\r\n").as_bytes());
        assert!(refused.starts_with("HTTP/1.1 405 ") && refused.contains("Allow: GET\r\n"), "{method}: {refused}");
    }
}

#[test]
fn garbage_and_endless_heads_are_refused() {
    let server = start();
    let address = server.local_addr();
    for garbage in [&b"\0\x01\x02\xff\xfe\r\n\r\n"[..], b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
    {
        assert!(answer(address, garbage).starts_with("HTTP/1.1 400 "), "{garbage:?}");
    }
    let many = "X: y\r\n".repeat(500);
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}", "y".repeat(100_000));
    for refused in [format!("GET /metrics HTTP/1.1\r\n{many}\r\n"), long] {
        // What was not read makes the system drop the connection, the answer with it, as it pleases.
        let told = answer(address, refused.as_bytes());
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 431 "), "{told}");
    }
    is_well(address);
}

#[test]
fn clients_that_say_nothing_or_go_hold_nothing_up() {
    let server = start();
    let address = server.local_addr();
    let silent: Vec<_> = (0..10).map(|_| connect(address)).collect();
    for _ in 0..30 {
        connect(address).write_all(b"GET /metr").unwrap();
    }
    is_well(address);
    // As many as are served at a time: the next one waits for their time to be over and not for ever.
    let more: Vec<_> = (0..40).map(|_| connect(address)).collect();
    is_well(address);
    drop((silent, more));
    is_well(address);
}

#[test]
fn it_ends_when_it_is_dropped_whoever_is_connected() {
    let server = start();
    let address = server.local_addr();
    let mut client = connect(address);
    client.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    is_well(address);
    drop(server);
    assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)), "the connection is closed");
    wait_until(|| TcpStream::connect(address).is_err());
    // The port is free again, also inside another runtime.
    seriatim_testkit::wait(async { drop(MetricsServer::start(address, ChainMetrics::new()).unwrap()) });
}

#[test]
fn a_taken_address_is_refused() {
    let server = start();
    let error = MetricsServer::start(server.local_addr(), ChainMetrics::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}
