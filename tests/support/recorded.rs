//! The three backends of a recording on loopback, which fail when and how a test says.
//!
//! A request is known by its line without the times in it, so that the recording can be asked about at any time.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;

use super::{fixture, recorded_id};

/// What the servers see, counted from 1 over all three since the last [`Recorded::plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection.
    Accept(usize),
    /// A request.
    Request(usize),
}

/// What the servers do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Answer as recorded.
    Answer,
    /// Answer as recorded, but let it be waited for.
    AnswerLate(Duration),
    /// Close at once; of a request nothing is read, so that the other side sees a reset.
    Drop,
    /// Read the request and close.
    Silence,
    /// Close in the middle of the status line.
    HalfHead,
    /// Close in the middle of the body.
    HalfBody,
    /// Reset in the middle of the body.
    HalfBodyReset,
    /// 503.
    Unavailable,
    /// A whole answer whose JSON is cut off.
    CutJson,
}

impl Deed {
    /// Whether the one who asks has the whole answer.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Answer | Self::AnswerLate(_))
    }
}

type Plan = Box<dyn FnMut(Event) -> Deed + Send>;

struct Doings {
    plan: Plan,
    accepts: usize,
    requests: usize,
    log: Vec<(String, Deed)>,
    unexpected: Vec<String>,
}

/// The servers.
pub struct Recorded {
    urls: [String; 3],
    doings: Arc<Mutex<Doings>>,
    /// The ID that was recorded.
    pub id: String,
    /// When.
    pub at: String,
}

impl Recorded {
    /// Servers that answer what `fixtures/NAME` holds.
    pub fn healthy(name: &str) -> Self {
        let text = std::fs::read_to_string(fixture(name).join("exchanges.jsonl")).expect("the recording");
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let at = lines.next().expect("its head")["recorded_at"].as_str().expect("a time").to_owned();
        let answers: HashMap<String, (u16, Vec<u8>)> = lines.filter_map(|exchange| answer(&exchange)).collect();
        let (answers, doings) = (Arc::new(answers), Arc::new(Mutex::new(Doings::new(Box::new(|_| Deed::Answer)))));
        let urls = ["jaeger", "loki", "prometheus"].map(|backend| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let url = format!("http://{}", listener.local_addr().expect("its address"));
            let (answers, doings) = (Arc::clone(&answers), Arc::clone(&doings));
            std::thread::spawn(move || accept(&listener, backend, &answers, &doings));
            url
        });
        Self { urls, doings, id: recorded_id(name), at }
    }

    /// From now on this happens; the counts and the log start anew.
    pub fn plan(&self, plan: impl FnMut(Event) -> Deed + Send + 'static) {
        *self.doings() = Doings::new(Box::new(plan));
    }

    /// The flags that lead here.
    pub fn flags(&self) -> Vec<String> {
        let flags = ["--jaeger-url", "--loki-url", "--prometheus-url"];
        flags.iter().zip(&self.urls).flat_map(|(flag, url)| [(*flag).to_owned(), url.clone()]).collect()
    }

    /// How many connections and requests there were.
    pub fn counts(&self) -> (usize, usize) {
        let doings = self.doings();
        (doings.accepts, doings.requests)
    }

    /// Each request and what was done about it.
    pub fn log(&self) -> Vec<(String, Deed)> {
        self.doings().log.clone()
    }

    /// Fails if it was asked anything that is not in the recording.
    pub fn assert_only_recorded(&self) {
        assert!(self.doings().unexpected.is_empty(), "not recorded: {:#?}", self.doings().unexpected);
    }

    fn doings(&self) -> MutexGuard<'_, Doings> {
        self.doings.lock().expect("the doings")
    }
}

impl Doings {
    fn new(plan: Plan) -> Self {
        Self { plan, accepts: 0, requests: 0, log: vec![], unexpected: vec![] }
    }

    fn accepted(&mut self) -> Deed {
        self.accepts += 1;
        (self.plan)(Event::Accept(self.accepts))
    }

    fn asked(&mut self, key: &str, is_known: bool) -> Deed {
        self.requests += 1;
        let deed = (self.plan)(Event::Request(self.requests));
        self.log.push((key.to_owned(), deed));
        if !is_known {
            self.unexpected.push(key.to_owned());
        }
        deed
    }
}

type Answers = HashMap<String, (u16, Vec<u8>)>;

fn answer(exchange: &Value) -> Option<(String, (u16, Vec<u8>))> {
    let (backend, line) = exchange["request"].as_str()?.split_once(' ')?;
    let status = u16::try_from(exchange["status"].as_u64()?).ok()?;
    Some((key(backend, line), (status, exchange["body"].as_str()?.as_bytes().to_vec())))
}

/// The line of a request without the times in it.
fn key(backend: &str, line: &str) -> String {
    let (path, parameters) = line.split_once('?').unwrap_or((line, ""));
    let is_time = |one: &&str| ["start=", "end=", "step=", "time="].iter().any(|name| one.starts_with(name));
    let kept: Vec<&str> = parameters.split('&').filter(|one| !is_time(one)).collect();
    format!("{backend} {path} {}", kept.join("&"))
}

fn accept(listener: &TcpListener, backend: &'static str, answers: &Arc<Answers>, doings: &Arc<Mutex<Doings>>) {
    for stream in listener.incoming().flatten() {
        if doings.lock().expect("the doings").accepted() != Deed::Answer {
            continue;
        }
        let (answers, doings) = (Arc::clone(answers), Arc::clone(doings));
        std::thread::spawn(move || while serve(&stream, backend, &answers, &doings).is_some() {});
    }
}

/// One exchange; none where the connection is to end.
fn serve(mut stream: &TcpStream, backend: &str, answers: &Answers, doings: &Mutex<Doings>) -> Option<()> {
    let request = whole_request(stream)?;
    let key = key(backend, &line(&request)?);
    let known = answers.get(&key);
    let deed = doings.lock().ok()?.asked(&key, known.is_some());
    let (status, body) = known.map_or((500, &b"not recorded"[..]), |(status, body)| (*status, body));
    // What is left unread at the end makes a reset of it.
    let unread = match deed {
        Deed::Drop => return None,
        Deed::HalfBodyReset => 1,
        _ => 0,
    };
    stream.read_exact(&mut vec![0; request.len() - unread]).ok()?;
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
    };
    let mut send = |head: String, body: &[u8]| {
        stream.write_all(&[head.as_bytes(), body].concat()).and_then(|()| stream.flush()).ok()
    };
    let half = &body[..body.len() / 2];
    match deed {
        Deed::Answer => send(head(status, body.len()), body),
        Deed::AnswerLate(by) => {
            std::thread::sleep(by);
            send(head(status, body.len()), body)
        }
        Deed::Unavailable => send(head(503, 4), b"busy"),
        Deed::CutJson => send(head(status, half.len()), half),
        Deed::Drop | Deed::Silence => None,
        Deed::HalfHead => send("HTTP/1.1 20".to_owned(), b"").and(None),
        Deed::HalfBody | Deed::HalfBodyReset => send(head(status, body.len()), half).and(None),
    }
}

/// A request with its body, looked at and still to be read.
fn whole_request(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut seen = vec![0; 1 << 16];
    loop {
        let n = stream.peek(&mut seen).ok().filter(|n| *n > 0)?;
        let text = String::from_utf8_lossy(&seen[..n]).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            let whole = end + 4 + length.unwrap_or(0_usize);
            if n >= whole {
                return Some(seen[..whole].to_vec());
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// `GET /path?parameters`, those of a form included.
fn line(request: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let (head, form) = text.split_once("\r\n\r\n")?;
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1");
    Some(if form.is_empty() { line.to_owned() } else { format!("{line}?{form}") })
}
