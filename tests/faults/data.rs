//! Rows 47 to 50 and 63 to 81: answers that are partial, cut, or full of odd data.

use crate::fault::{Fault, json, remade};
use crate::fault_health::{AT, ID, SPAN, alerts, line, span, spans, streams, success, trace};
use crate::row::{Jaeger, Loki, Prometheus, Row, data};

pub fn rows() -> Vec<Row> {
    let mut rows = partial();
    rows.extend(shapes());
    rows.extend(odd_spans());
    rows.extend(odd_text());
    rows
}

fn jaeger(name: &str, spans: &[String]) -> Row {
    data(name, Jaeger, json(trace(spans)))
}

fn with(more: &str) -> Vec<String> {
    let mut all = spans();
    all.push(span("aaaaaaaaaaaaaaaa", "odd", more));
    all
}

/// The journey with something else instead of this piece of its third span.
fn instead(of: &str, put: &str) -> Vec<String> {
    let mut all = spans();
    all.push(span("aaaaaaaaaaaaaaaa", "odd", "").replace(of, put));
    all
}

fn partial() -> Vec<Row> {
    let with_error = trace(&spans()).replace(r#""errors":null"#, r#""errors":[{"code":500,"msg":"a shard is away"}]"#);
    let with_warning = trace(&spans()).replace(r#""warnings":null"#, r#""warnings":["a shard is away"]"#);
    let loki_warns =
        streams(&line()).replace(r#""status":"success""#, r#""status":"success","warnings":["a shard is away"]"#);
    let loki_fails = streams(&line()).replace(r#""status":"success""#, r#""status":"error","error":"a shard is away""#);
    let half = trace(&spans()).replacen('{', r#"{"status":"PARTIAL","message":"a shard is away","#, 1);
    vec![
        data("47 errors beside data", Jaeger, json(with_error)).says(&["a shard is away"]).with_own(),
        data("47 warnings of a trace", Jaeger, json(with_warning)).says(&["a shard is away"]).with_own(),
        data("48 warnings", Prometheus, json(success(&alerts(), r#","warnings":["a shard is away"]"#)))
            .says(&["a shard is away"])
            .with_own(),
        data("48 infos", Prometheus, json(success(&alerts(), r#","infos":["use rate"]"#))).code(0).says(&["use rate"]),
        data("48 warnings", Loki, json(loki_warns)).says(&["a shard is away"]).with_own(),
        data("49 isPartial", Prometheus, json(success(&alerts(), "").replacen('{', r#"{"isPartial":true,"#, 1)))
            .says(&["partial"])
            .with_own(),
        data("49 isPartial", Loki, json(streams(&line()).replacen('{', r#"{"isPartial":true,"#, 1)))
            .says(&["partial"])
            .with_own(),
        data("49 PARTIAL", Jaeger, json(half)).says(&["partial", "a shard is away"]).with_own(),
        data("49 an error beside data", Prometheus, json(success(&alerts(), r#","error":"a shard is away""#)))
            .says(&["a shard is away"])
            .with_own(),
        data("49 an error beside data", Loki, json(loki_fails)).says(&["a shard is away"]).with_own(),
        data("50 always as many as the limit", Jaeger, json(trace(&spans())))
            .args(&["--search-limit", "1"])
            .requests(3, 100)
            .says(&["raise --search-limit"])
            .with_own(),
        data("50 always a full page", Loki, json(streams(&line()))).args(&["--page-size", "1"]).code(0),
    ]
}

fn shapes() -> Vec<Row> {
    let nulls = trace(&spans()).replace("[]", "null");
    let crowd: Vec<String> =
        spans().into_iter().chain((1..3_000).map(|n| span(&format!("{n:016x}"), "many", ""))).collect();
    let vector = |values: &str| success(&alerts().replace("]]}", &format!("],{values}]}}")), "");

    vec![
        jaeger("63 more spans than the bound", &crowd)
            .args(&["--max-spans", "1000"])
            .says(&["more than 1000 spans"])
            .without_own(),
        data("64 status twice", Prometheus, json(success(&alerts(), r#","status":"error""#))).says(&["twice"]),
        data("64 data twice", Jaeger, json(trace(&spans()).replacen('{', r#"{"data":[],"#, 1))).says(&["data"]),
        data("64 data twice", Loki, json(streams(&line()).replacen('{', r#"{"data":null,"#, 1))).says(&["data"]),
        jaeger("64 a key twice in a span", &with(r#","operationName":"other""#)).code(0),
        data("65 null in every list", Jaeger, json(nulls)).code(0),
        data("65 no data", Jaeger, json(r#"{"data":null,"errors":null}"#)).code(0).without_own(),
        // No line is an answer, and no sample is none.
        data("65 no data", Loki, json(r#"{"status":"success","data":null}"#)).code(0).without_own().gate(1),
        data("65 no data", Prometheus, json(r#"{"status":"success","data":null}"#)).code(0).without_own().gate(3),
        data("65 no result", Loki, json(r#"{"status":"success","data":{"resultType":"streams","result":null}}"#))
            .code(0)
            .without_own()
            .gate(1),
        jaeger("66 fields that nobody knows", &with(r#","flavour":{"a":[1,{"b":null}]}"#)).code(0),
        jaeger(
            "66 fields that are not there",
            &[
                spans(),
                vec![format!(
                    r#"{{"traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"aaaaaaaaaaaaaaaa","startTime":{AT}}}"#
                )],
            ]
            .concat(),
        )
        .code(0),
        jaeger("67 numbers as text", &instead(r#""duration":90000"#, r#""duration":"90000""#)).code(0),
        jaeger("67 numbers with an exponent", &instead(r#""duration":90000"#, r#""duration":9e4"#)).code(0),
        jaeger("67 a word for a number", &instead(r#""duration":90000"#, r#""duration":"long""#))
            .says(&["1 span skipped", "duration"])
            .with_own(),
        jaeger("67 a list for a span", &[spans(), vec!["[1]".into()]].concat()).says(&["1 span skipped"]).with_own(),
        data("67 an object for a list", Jaeger, json(r#"{"data":{"spans":7}}"#)).says(&["skipped"]),
        data("67 a number for a line", Loki, json(streams(&format!("{},7", line()))))
            .says(&["1 line skipped"])
            .with_own(),
        data(
            "67 a text for a series",
            Prometheus,
            json(success(&alerts().replace("\"result\":[", "\"result\":[\"x\","), "")),
        )
        .says(&["1 series skipped"])
        .with_own(),
        data("67 a text for all series", Prometheus, json(success(r#"{"resultType":"matrix","result":"x"}"#, "")))
            .says(&["skipped"]),
        data(
            "68 NaN as text",
            Prometheus,
            json(vector(&format!(r#"[{},"NaN"],[{},"+Inf"]"#, AT / 1_000_000 + 60, AT / 1_000_000 + 90))),
        )
        .code(0),
        data("68 NaN bare", Prometheus, json(vector(&format!("[{},NaN]", AT / 1_000_000 + 60))))
            .says(&["invalid json"]),
    ]
}

fn odd_spans() -> Vec<Row> {
    let parent = |of: &str| {
        format!(
            r#""references":[{{"refType":"CHILD_OF","traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"{of}"}}]"#
        )
    };
    let child = |id: &str, of: &str| span(id, "odd", "").replace(r#""references":[]"#, &parent(of));
    let added = |more: Vec<String>| [spans(), more].concat();
    let two = r#""references":[{"refType":"FOLLOWS_FROM","traceID":"1","spanID":"1"},{"refType":"CHILD_OF","traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"b7ad6b7169203331"},{"refType":"CHILD_OF","traceID":"4bf92f3577b34da6a3ce929d0e0e4736","spanID":"00f067aa0ba902b7"}]"#;
    let chain: Vec<String> = (1..2_000).map(|n| child(&format!("{n:016x}"), &format!("{:016x}", n - 1))).collect();
    let fan: Vec<String> = (1..2_000).map(|n| child(&format!("{n:016x}"), "00f067aa0ba902b7")).collect();
    let start = format!(r#""startTime":{AT}"#);
    let later = format!(r#""startTime":{}"#, AT - 50_000);
    let repeated = added(vec![spans().remove(1)]);
    let other = added(vec![spans().remove(0).replace("POST /charge", "POST /charge again")]);
    let long = "n".repeat(100_000);
    vec![
        jaeger("69 a negative duration", &instead(r#""duration":90000"#, r#""duration":-90000"#)).code(0),
        jaeger("70 a duration beyond 2^63", &instead(r#""duration":90000"#, r#""duration":18446744073709551000"#))
            .code(0),
        jaeger("70 a start beyond 2^63", &instead(&start, r#""startTime":18446744073709551000"#)).code(0),
        jaeger("71 a start of 0", &instead(&start, r#""startTime":0"#)).code(0),
        jaeger("71 a start in 2500", &instead(&start, r#""startTime":16725225600000000"#)).code(0),
        jaeger("72 a child before its parent", &added(vec![child("aaaaaaaaaaaaaaaa", SPAN).replace(&start, &later)]))
            .code(0),
        jaeger("73 its own parent", &added(vec![child("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa")])).code(0),
        jaeger(
            "74 a circle of two",
            &added(vec![child("aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"), child("bbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaa")]),
        )
        .code(0),
        jaeger("75 a span twice", &repeated).code(0),
        jaeger("75 a span ID twice", &other).code(0),
        jaeger("76 no such parent", &added(vec![child("aaaaaaaaaaaaaaaa", "cccccccccccccccc")])).code(0),
        // One of them lies in a trace that is not stored: what must be absent may be there.
        jaeger("77 two parents", &instead(r#""references":[]"#, two)).code(0).gate(3),
        jaeger("78 2,000 deep", &added(chain)).code(0),
        jaeger("78 2,000 wide", &added(fan)).code(0),
        jaeger("79 an unknown process", &instead("\"p1\"", "\"p9\"")).code(0),
        jaeger("79 a name of 100 KB", &instead("\"odd\"", &format!("\"{long}\""))).code(0),
    ]
}

fn odd_text() -> Vec<Row> {
    let nasty = "\\u001b[2J\\u0007\\u202e\\u2028::error::x\\u0000\u{85}";
    let line_with = |text: &str| streams(&format!(r#"{},["{}","{text} {ID}"]"#, line(), AT * 1_000 + 5));
    let in_latin: Fault = remade(Jaeger.health(), |body| {
        let mut bytes = body.into_bytes();
        let at = bytes.windows(6).position(|w| w == b"POST /").unwrap_or(0);
        if at > 0 {
            bytes[at + 4] = 0xff;
        }
        bytes
    });
    let marked: Fault = remade(Prometheus.health(), |body| format!("\u{feff}{body}").into_bytes());
    let wide: Fault = remade(Loki.health(), |body| {
        [0xfeff_u16].into_iter().chain(body.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    });
    vec![
        jaeger("80 control characters", &instead("\"odd\"", &format!("\"{nasty}\""))).code(0),
        data("80 control characters", Loki, json(line_with(nasty))).code(0),
        data("80 control characters", Prometheus, json(success(&alerts(), &format!(r#","infos":["{nasty}"]"#))))
            .code(0),
        data("81 bytes that are no UTF-8", Jaeger, in_latin).code(0),
        data("81 a lone surrogate", Loki, json(line_with("\\ud800"))).code(0),
        data("81 a byte order mark", Prometheus, marked).code(0),
        data("81 UTF-16", Loki, wide).code(0),
    ]
}
