//! A server of raw sockets that breaks as the test says: which bytes, when, and how the connection ends.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// One request as it came.
pub struct Asked {
    /// `GET /path?query HTTP/1.1`, and the form body after it.
    pub line: String,
    /// The path alone.
    pub path: String,
    /// How many came before it, of those that are broken.
    pub before: usize,
}

/// What becomes of a connection.
pub enum Turn {
    /// The answer of a server in health.
    Well,
    /// Something was written; another request may come.
    Keep,
    /// The connection ends.
    Close,
}

/// How a request is broken.
pub type Fault = Arc<dyn Fn(&Asked, &mut Line) -> Turn + Send + Sync>;

/// The answer of a server in health: status and JSON.
pub type Health = fn(&Asked) -> (u16, String);

/// One end of a connection.
pub struct Line {
    tcp: TcpStream,
}

impl Line {
    /// Whether the other end took it.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.tcp.write_all(bytes).is_ok()
    }

    /// Ends with RST instead of FIN.
    pub fn reset(&mut self) {
        let _ = SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }

    /// Waits until the other end gives up.
    pub fn hold(&mut self) {
        let _ = self.tcp.set_read_timeout(Some(Duration::from_mins(1)));
        let mut rest = [0; 4096];
        while matches!(self.tcp.read(&mut rest), Ok(n) if n > 0) {}
    }
}

/// A server on loopback. It takes no more connections once it is dropped: thousands of them come and go.
pub struct Server {
    /// Where it is.
    pub address: SocketAddr,
    broken: Arc<AtomicUsize>,
    taken: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Release);
        // Wakes the thread that waits for a connection, so that it ends.
        drop(TcpStream::connect(self.address));
    }
}

impl Server {
    /// Breaks the requests that `is_broken` chooses, and answers the others in health.
    pub fn start(health: Health, fault: Fault, is_broken: fn(&Asked) -> bool) -> Self {
        Self::start_at("127.0.0.1:0", health, fault, is_broken).expect("a free port")
    }

    /// The same at an address of this machine, if it has it.
    pub fn start_at(at: &str, health: Health, fault: Fault, is_broken: fn(&Asked) -> bool) -> Option<Self> {
        let listener = TcpListener::bind(at).ok()?;
        let address = listener.local_addr().ok()?;
        let broken = Arc::new(AtomicUsize::new(0));
        let taken = Arc::new(AtomicUsize::new(0));
        let (count, connections) = (Arc::clone(&broken), Arc::clone(&taken));
        let gone = Arc::new(AtomicBool::new(false));
        let is_gone = Arc::clone(&gone);
        thread::spawn(move || {
            for tcp in listener.incoming().flatten().take_while(|_| !is_gone.load(Ordering::Acquire)) {
                connections.fetch_add(1, Ordering::AcqRel);
                let (fault, count) = (Arc::clone(&fault), Arc::clone(&count));
                thread::spawn(move || converse(tcp, health, &fault, is_broken, &count));
            }
        });
        Some(Self { address, broken, taken, gone })
    }

    /// Takes connections and says nothing, whatever comes.
    pub fn silent() -> Self {
        Self::silent_at("127.0.0.1:0").expect("a free port")
    }

    /// The same at an address of this machine, if it has it.
    pub fn silent_at(at: &str) -> Option<Self> {
        let listener = TcpListener::bind(at).ok()?;
        let address = listener.local_addr().ok()?;
        let taken = Arc::new(AtomicUsize::new(0));
        let connections = Arc::clone(&taken);
        let gone = Arc::new(AtomicBool::new(false));
        let is_gone = Arc::clone(&gone);
        thread::spawn(move || {
            for tcp in listener.incoming().flatten().take_while(|_| !is_gone.load(Ordering::Acquire)) {
                connections.fetch_add(1, Ordering::AcqRel);
                thread::spawn(move || Line { tcp }.hold());
            }
        });
        Some(Self { address, broken: Arc::default(), taken, gone })
    }

    /// How many connections came so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// How many requests were broken so far.
    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::Acquire)
    }
}

fn converse(tcp: TcpStream, health: Health, fault: &Fault, is_broken: fn(&Asked) -> bool, count: &AtomicUsize) {
    let _ = tcp.set_nodelay(true);
    let Ok(copy) = tcp.try_clone() else { return };
    let (mut reader, mut line) = (BufReader::new(copy), Line { tcp });
    while let Some(mut asked) = read(&mut reader) {
        let turn = if is_broken(&asked) {
            asked.before = count.fetch_add(1, Ordering::AcqRel);
            fault(&asked, &mut line)
        } else {
            Turn::Well
        };
        let goes_on = match turn {
            Turn::Well => {
                let (status, body) = health(&asked);
                line.send(&http(status, "content-type: application/json\r\n", body.as_bytes()))
            }
            Turn::Keep => true,
            Turn::Close => false,
        };
        if !goes_on {
            return;
        }
    }
}

/// One request, read whole.
pub fn read(reader: &mut impl std::io::BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut headers = String::new();
    loop {
        let from = headers.len();
        reader.read_line(&mut headers).ok().filter(|n| *n > 2 || headers.ends_with("\r\n"))?;
        if headers[from..].trim().is_empty() {
            break;
        }
    }
    headers.make_ascii_lowercase();
    let length = headers.lines().find_map(|h| h.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    // A proxy is asked for a whole address.
    let path = line.split([' ', '?']).nth(1).unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..])).to_owned();
    Some(Asked { line: format!("{} {}", line.trim(), String::from_utf8_lossy(&body)), path, before: 0 })
}

/// An answer with its length; the headers end with a line break each.
pub fn http(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Answers with this.
pub fn says(status: u16, headers: &'static str, body: impl Into<Vec<u8>>) -> Fault {
    let whole = http(status, headers, &body.into());
    Arc::new(move |_, line| if line.send(&whole) { Turn::Keep } else { Turn::Close })
}

/// Answers 200 with this as JSON.
pub fn json(body: impl Into<Vec<u8>>) -> Fault {
    says(200, "content-type: application/json\r\n", body)
}

/// Answers with what it makes of the health's own body.
pub fn remade(health: Health, remake: impl Fn(String) -> Vec<u8> + Send + Sync + 'static) -> Fault {
    Arc::new(move |asked, line| {
        line.send(&http(200, "content-type: application/json\r\n", &remake(health(asked).1)));
        Turn::Keep
    })
}

/// Writes these bytes and closes.
pub fn raw(bytes: impl Into<Vec<u8>>) -> Fault {
    let bytes = bytes.into();
    Arc::new(move |_, line| {
        line.send(&bytes);
        Turn::Close
    })
}

/// Writes these bytes, then nothing more.
pub fn stalls_after(bytes: impl Into<Vec<u8>>) -> Fault {
    let bytes = bytes.into();
    Arc::new(move |_, line| {
        line.send(&bytes);
        line.hold();
        Turn::Close
    })
}

/// Writes these bytes, then resets the connection.
pub fn resets_after(bytes: impl Into<Vec<u8>>) -> Fault {
    let bytes = bytes.into();
    Arc::new(move |_, line| {
        line.send(&bytes);
        // What was sent is to arrive: a reset throws away what is still under way.
        thread::sleep(Duration::from_millis(if bytes.is_empty() { 0 } else { 60 }));
        line.reset();
        Turn::Close
    })
}

/// Writes the head, then this piece for ever, with a pause after each.
pub fn drips(head: &'static [u8], piece: impl Into<Vec<u8>>, pause: Duration) -> Fault {
    let piece = piece.into();
    Arc::new(move |_, line| {
        let mut goes_on = line.send(head);
        while goes_on {
            thread::sleep(pause);
            goes_on = line.send(&piece);
        }
        Turn::Close
    })
}

/// Breaks the first of them only.
pub fn first(count: usize, fault: Fault) -> Fault {
    Arc::new(move |asked, line| if asked.before < count { fault(asked, line) } else { Turn::Well })
}

/// A port at which nothing listens.
pub fn refusing() -> SocketAddr {
    // Bound and not listening: no other process gets the port as long as the test runs.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    let address = socket.local_addr().ok().and_then(|a| a.as_socket()).expect("its address");
    std::mem::forget(socket);
    address
}

/// A port at which connections hang: its queue is full.
pub struct BlackHole {
    /// Where it is.
    pub address: SocketAddr,
    _listener: Socket,
    _idle: Vec<TcpStream>,
}

impl BlackHole {
    /// Fills the queue.
    pub fn open() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        listener.listen(0).expect("it listens");
        let address = listener.local_addr().ok().and_then(|a| a.as_socket()).expect("its address");
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let idle = (0..8).map_while(connect).collect();
        Self { address, _listener: listener, _idle: idle }
    }
}

/// A text as gzip.
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

/// This many mebibytes of blanks as gzip, a thousandth of their size: one block again and again, for who reads to the
/// end would find no sum there.
pub fn gzipped_blanks(mebibytes: usize) -> Vec<u8> {
    let mut block = Vec::with_capacity(1 << 16);
    let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
    let blanks = vec![b' '; 1 << 20];
    deflate.compress_vec(&blanks, &mut block, flate2::FlushCompress::Full).expect("memory");
    assert_eq!(deflate.total_in(), 1 << 20, "a whole block");
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..], &block.repeat(mebibytes)].concat()
}
