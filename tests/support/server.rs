//! A small strict server on loopback: it answers as a test says, and keeps the requests that the test did not expect.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a test answers: status, content type, body. None for an unexpected request.
pub type Reply = Option<(u16, &'static str, Vec<u8>)>;

/// The server; its address is `url()`.
pub struct Server {
    address: String,
    unexpected: Arc<Mutex<Vec<String>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request by its line, `GET /path?query`; a form body is appended to it after a space.
    pub fn answering(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let (unexpected, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (strange, all, answer) = (Arc::clone(&unexpected), Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (strange, all, answer) = (Arc::clone(&strange), Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || while serve(&stream, &*answer, &strange, &all).is_some() {});
            }
        });
        Self { address, unexpected, seen }
    }

    /// Its base address.
    pub fn url(&self) -> &str {
        &self.address
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("the list").clone()
    }

    /// Fails if it was asked anything that the test did not expect.
    pub fn assert_only_expected(&self) {
        let unexpected = self.unexpected.lock().expect("the list");
        assert!(unexpected.is_empty(), "unexpected requests: {unexpected:#?}");
    }
}

fn serve(
    mut stream: &TcpStream,
    answer: &(impl Fn(&str) -> Reply + ?Sized),
    unexpected: &Mutex<Vec<String>>,
    seen: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|n| *n > 0)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = first.trim().trim_end_matches(" HTTP/1.1");
    let line = if body.is_empty() { line.to_owned() } else { format!("{line} {}", String::from_utf8_lossy(&body)) };
    seen.lock().ok()?.push(line.clone());
    let (status, kind, body) = answer(&line).unwrap_or_else(|| {
        if let Ok(mut list) = unexpected.lock() {
            list.push(line.clone());
        }
        (500, "text/plain", b"unexpected request".to_vec())
    });
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).ok()
}
