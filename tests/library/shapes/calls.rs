//! Calls: in layers, to those who make no spans, again, elsewhere, given up.

use serde_json::json;

use super::{ShapeStage, after, text, within};
use trace::model::attribute::Value;
use trace::model::log::Level;
use trace::model::span::SpanKind;
use trace::source::demo::recorder::{ErrorDraft, PythonException, SpanCause, SpanRef};

/// Who is called.
const TEXTS: &str = "text_store_service";
const PROFILES: &str = "profile_service";
const REPORTS: &str = "report_service";

impl ShapeStage<'_> {
    /// A GET, as an instrumented HTTP client records it.
    fn get(&mut self, host: &'static str, path: &str, status: i64, cause: SpanCause, time: (i64, i64)) -> SpanRef {
        let service = self.service;
        self.get_by(service, (host, path), status, cause, time)
    }

    fn get_by(
        &mut self,
        service: &'static str,
        (host, path): (&'static str, &str),
        status: i64,
        cause: SpanCause,
        time: (i64, i64),
    ) -> SpanRef {
        let name = self.named("GET", "HTTP GET");
        let call = self.plain(service, SpanKind::Client, name, cause, time);
        let scheme = if host.contains('.') { "https" } else { "http" };
        let attributes = [
            (self.named("http.request.method", "http.method"), text("GET")),
            (self.named("server.address", "net.peer.name"), text(host)),
            (self.named("url.full", "http.url"), text(&format!("{scheme}://{host}{path}"))),
            (self.named("http.response.status_code", "http.status_code"), Value::Int(status)),
        ];
        let known = if status == 0 { &attributes[..3] } else { &attributes };
        self.tell(call, known);
        call
    }

    /// The other side of a GET.
    fn serve(
        &mut self,
        service: &'static str,
        route: &'static str,
        status: i64,
        cause: SpanCause,
        time: (i64, i64),
    ) -> SpanRef {
        let served = self.plain(service, SpanKind::Server, &format!("GET {route}"), cause, time);
        let attributes = [
            (self.named("http.request.method", "http.method"), text("GET")),
            ("http.route", text(route)),
            (self.named("url.path", "http.target"), text(route)),
            (self.named("http.response.status_code", "http.status_code"), Value::Int(status)),
        ];
        self.tell(served, &attributes);
        served
    }
}

/// The inner part of a span's time.
fn inside(at: SpanRef) -> (i64, i64) {
    (within(at, 10), within(at, 90))
}

pub(super) fn layers(stage: &mut ShapeStage) {
    let cause = SpanCause::Parent(stage.host);
    let outer =
        stage.plain(stage.service, SpanKind::Client, "ProfileClient.fetch", cause, (stage.at(20), stage.at(70)));
    let peer = stage.named("peer.service", "net.peer.name");
    stage.tell(outer, &[(peer, text(PROFILES))]);
    let middle = stage.get(PROFILES, "/v1/profiles/7", 200, SpanCause::Parent(outer), inside(outer));
    let inner = stage.get(PROFILES, "/v1/profiles/7", 200, SpanCause::Parent(middle), inside(middle));
    let served = stage.serve(PROFILES, "/v1/profiles/{id}", 200, SpanCause::Parent(inner), inside(inner));
    stage.plain(PROFILES, SpanKind::Internal, "render", SpanCause::Parent(served), inside(served));
}

pub(super) fn beside_inner(stage: &mut ShapeStage) {
    let time = (stage.at(15), stage.at(60));
    let outer = stage.get(TEXTS, "/v1/texts/1", 200, SpanCause::Parent(stage.host), time);
    let inner = stage.get(TEXTS, "/v1/texts/1", 200, SpanCause::Parent(outer), inside(outer));
    stage.serve(TEXTS, "/v1/texts/{id}", 200, SpanCause::Parent(outer), inside(inner));
}

pub(super) fn unknown_database(stage: &mut ShapeStage) {
    let system = stage.named("db.system.name", "db.system");
    let statement = stage.named("db.query.text", "db.statement");
    let address = stage.named("server.address", "net.peer.name");
    for n in 0..3 {
        let time = (stage.at(20 + 20 * n), stage.at(32 + 20 * n));
        let span = stage.plain(stage.service, SpanKind::Client, "find essays", SpanCause::Parent(stage.host), time);
        let query = text("find essays where batch = ?");
        stage.tell(span, &[(system, text("frobnicadb")), (statement, query), (address, text("store-0"))]);
    }
}

pub(super) fn unknown_cache(stage: &mut ShapeStage) {
    let address = stage.named("server.address", "net.peer.name");
    for (n, name) in ["GET", "SETEX"].into_iter().enumerate() {
        let time = (stage.at(5 + 10 * n as i64), stage.at(9 + 10 * n as i64));
        let span = stage.plain(stage.service, SpanKind::Client, name, SpanCause::Parent(stage.host), time);
        let system = if n == 0 { ("db.system", text("pelikan")) } else { ("cache.system", text("pelikan")) };
        stage.tell(span, &[system, (address, text("sessions-0")), ("cache.key", text("session:4711"))]);
    }
}

pub(super) fn third_party(stage: &mut ShapeStage) {
    let calls = [
        ("api.stripe.com", "/v1/charges"),
        ("hooks.slack.com", "/services/T0/B0/x"),
        ("api.stripe.com", "/v1/charges"),
    ];
    for (n, (host, path)) in calls.into_iter().enumerate() {
        let time = (stage.at(10 + 25 * n as i64), stage.at(30 + 25 * n as i64));
        stage.get(host, path, 200, SpanCause::Parent(stage.host), time);
    }
}

pub(super) fn linked_server(stage: &mut ShapeStage) {
    let call = stage.get(REPORTS, "/v1/reports", 200, SpanCause::Parent(stage.host), (stage.at(20), stage.at(80)));
    let served = stage.serve(REPORTS, "/v1/reports", 200, SpanCause::Link(call), inside(call));
    stage.carry_id(served);
    stage.plain(REPORTS, SpanKind::Internal, "collect", SpanCause::Parent(served), inside(served));
}

pub(super) fn retries(stage: &mut ShapeStage) {
    let time = (stage.at(10), stage.at(90));
    let whole = stage.plain(stage.service, SpanKind::Internal, "fetch_text", SpanCause::Parent(stage.host), time);
    let timed_out = PythonException::new(
        "aiohttp.client_exceptions.ServerDisconnectedError",
        "Server disconnected",
        "aiohttp/client.py",
        "_request",
    );
    for attempt in 0..2_i64 {
        let time = (within(whole, 5 + 30 * attempt), within(whole, 25 + 30 * attempt));
        let status = 503 * attempt;
        let call = stage.get(TEXTS, "/v1/texts/9", status, SpanCause::Parent(whole), time);
        if attempt == 0 {
            stage.r.fail(call, &timed_out);
        } else {
            let served = stage.serve(TEXTS, "/v1/texts/{id}", status, SpanCause::Parent(call), inside(call));
            let unavailable = PythonException::new("TextStoreBusy", "too many readers", "app/texts.py", "get");
            stage.r.fail(call, &unavailable);
            stage.r.fail(served, &unavailable);
        }
        stage.line(
            call,
            Level::Warn,
            "Text could not be read, will be tried again",
            &[("attempt", json!(attempt + 1))],
        );
    }
    let call = stage.get(TEXTS, "/v1/texts/9", 200, SpanCause::Parent(whole), (within(whole, 65), within(whole, 95)));
    stage.serve(TEXTS, "/v1/texts/{id}", 200, SpanCause::Parent(call), inside(call));
}

pub(super) fn redirect(stage: &mut ShapeStage) {
    for (n, status, route) in [(0, 302, "/v1/texts/{id}"), (1, 200, "/v2/texts/{id}")] {
        let time = (stage.at(20 + 30 * n), stage.at(45 + 30 * n));
        let call = stage.get(TEXTS, &route.replace("{id}", "3"), status, SpanCause::Parent(stage.host), time);
        stage.serve(TEXTS, route, status, SpanCause::Parent(call), inside(call));
    }
}

/// A page asks for a report and stops waiting; the report fails long after.
pub(super) fn gives_up(stage: &mut ShapeStage) {
    let from = stage.at(30);
    let page = stage.serve("report_page_service", "/reports/{id}", 504, SpanCause::Nothing, (from, after(from, 320)));
    stage.carry_id(page);
    let time = (after(from, 5), after(from, 310));
    let call = stage.get_by("report_page_service", (REPORTS, "/v1/reports/9"), 0, SpanCause::Parent(page), time);
    let served =
        stage.serve(REPORTS, "/v1/reports/{id}", 500, SpanCause::Parent(call), (after(from, 12), after(from, 6_400)));
    let gone =
        PythonException::new("asyncio.exceptions.TimeoutError", "no answer within 300 ms", "app/pages.py", "report");
    let failed = PythonException::new("ReportError", "the report has no rows", "app/reports.py", "build");
    for (span, failure) in [(call, &gone), (page, &gone), (served, &failed)] {
        stage.r.fail(span, failure);
        let data = json!({"report": 9});
        stage.r.error_log(
            span,
            span.to - 50_000,
            &ErrorDraft { event: "Report failed", exception: failure, data: &data },
        );
    }
    stage.plant_beside(call, "the caller gave up", "error_origin");
    stage.plant_beside(served, "the callee failed long after its caller gave up", "error_origin");
}

/// Each call is preceded by a question whether anybody is there.
pub(super) fn probes(stage: &mut ShapeStage) {
    for n in 0..2 {
        let time = (stage.at(10 + 40 * n), stage.at(15 + 40 * n));
        stage.get(PROFILES, "/healthz", 200, SpanCause::Parent(stage.host), time);
        let time = (stage.at(20 + 40 * n), stage.at(45 + 40 * n));
        let call = stage.get(PROFILES, "/v1/profiles/7", 200, SpanCause::Parent(stage.host), time);
        stage.serve(PROFILES, "/v1/profiles/{id}", 200, SpanCause::Parent(call), inside(call));
    }
}

/// Six steps alike, of which one finds in memory what the others read and keep.
pub(super) fn spared_lookups(stage: &mut ShapeStage) {
    let system = stage.named("db.system.name", "db.system");
    let spared = stage.r.random.below(6) as i64;
    for n in 0..6 {
        let time = (stage.at(10 + 13 * n), stage.at(20 + 13 * n));
        let step = stage.plain(stage.service, SpanKind::Internal, "weigh_word", SpanCause::Parent(stage.host), time);
        if n == spared {
            continue;
        }
        for (name, kind, (from, to)) in [("SELECT words", "postgresql", (10, 40)), ("SET", "redis", (50, 80))] {
            let time = (within(step, from), within(step, to));
            let asked = stage.plain(stage.service, SpanKind::Client, name, SpanCause::Parent(step), time);
            stage.tell(asked, &[(system, text(kind))]);
        }
    }
}
