//! The real servers that `tests/stack/up` started: pushing known data into them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::generator::export::{to_loki_push, to_openmetrics, to_otlp_json};
use trace::model::log::LogEntry;
use trace::model::span::Span;
use trace::model::time::Timestamp;
use trace::source::demo::{DemoRun, Sample};

/// What `tests/stack/up` printed under this name.
pub fn address(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `eval \"$(tests/stack/up)\"` first"))
}

/// This machine's time, in whole microseconds as Jaeger keeps it.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("a time before 292277"))
}

async fn post(url: String, content_type: &str, body: String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
    let answer = client.post(&url).header("content-type", content_type).body(body).send().await.expect("an answer");
    let status = answer.status();
    assert!(status.is_success(), "{url}: {status}: {}", answer.text().await.unwrap_or_default());
}

/// Sends spans to both Jaegers.
pub async fn push_spans(spans: &[Span]) {
    for otlp in ["STACK_JAEGER1_OTLP", "STACK_JAEGER2_OTLP"] {
        for some in spans.chunks(2_000) {
            post(format!("{}/v1/traces", address(otlp)), "application/json", to_otlp_json(some)).await;
        }
    }
}

/// Sends lines to Loki.
pub async fn push_lines(lines: &[LogEntry]) {
    if !lines.is_empty() {
        post(format!("{}/loki/api/v1/push", address("STACK_LOKI_URL")), "application/json", to_loki_push(lines)).await;
    }
}

/// Sends a run's spans and lines.
pub async fn push(run: &DemoRun) {
    push_spans(&run.spans).await;
    push_lines(&run.logs).await;
}

/// The page that Prometheus scrapes. It has one address, so tests take turns: each has it until it drops this.
pub struct MetricsPage {
    page: Arc<Mutex<String>>,
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());
/// The page of this process, once it is served.
static PAGE: OnceLock<Arc<Mutex<String>>> = OnceLock::new();

impl MetricsPage {
    /// Serves these samples at the address that the stack scrapes.
    pub fn serve(samples: &[Sample]) -> Self {
        // A test that failed during its turn does not fail the next one.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let page = Self { page: Arc::clone(PAGE.get_or_init(Self::listen)), _turn: turn };
        page.show(samples);
        page
    }

    fn listen() -> Arc<Mutex<String>> {
        let page = Arc::<Mutex<String>>::default();
        let listener = TcpListener::bind(address("STACK_METRICS_ADDR")).expect("the metrics address is free");
        let shown = Arc::clone(&page);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let body = shown.lock().map(|page| page.clone()).unwrap_or_default();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\nconnection: close";
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        page
    }

    /// Shows other samples from now on.
    pub fn show(&self, samples: &[Sample]) {
        if let Ok(mut page) = self.page.lock() {
            *page = to_openmetrics(samples);
        }
    }
}

impl Drop for MetricsPage {
    /// The series end with the test.
    fn drop(&mut self) {
        self.show(&[]);
    }
}
