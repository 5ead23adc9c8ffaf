//! IDs in the forms in which people copy them: headers, URLs, other spellings, quotes.

use crate::model::id::TraceId;

/// The ID in a text that holds more than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastedId {
    /// The ID alone.
    pub text: String,
    /// What the text is.
    pub form: &'static str,
}

/// The ID in this text; none where the text is an ID and nothing else.
pub(crate) fn pasted_id(text: &str) -> Option<PastedId> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '“' | '”' | ',' | ';');
    let bare = text.trim_matches(is_around);
    let (name, value) =
        bare.split_once([':', '=']).map_or(("", bare), |(name, value)| (name, value.trim_matches(is_around)));
    let header = match name.trim().to_ascii_lowercase().as_str() {
        "traceparent" | "b3" | "uber-trace-id" | "x-amzn-trace-id" | "x-b3-traceid" | "trace_id" | "trace-id"
        | "traceid" => value,
        _ => bare,
    };
    let found = trace_id_in(header).map(|(id, form)| PastedId { text: id.to_string(), form });
    found.or_else(|| {
        let form = "an ID with blanks or quotes around it";
        (bare != text && !bare.is_empty()).then(|| PastedId { text: bare.to_owned(), form })
    })
}

fn trace_id_in(text: &str) -> Option<(TraceId, &'static str)> {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |text: &str, lengths: &[usize]| lengths.contains(&text.len()).then(|| TraceId::from_hex(text)).flatten();
    let is_hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    match parts.as_slice() {
        [version, id, span, flags] if is_hex(version, 2) && is_hex(span, 16) && is_hex(flags, 2) => {
            return hex(id, &[32]).map(|id| (id, "a traceparent header"));
        }
        [id, span, ..] if is_hex(span, 16) && parts.len() <= 4 && id.len() >= 16 => {
            return hex(id, &[16, 32]).map(|id| (id, "a b3 header"));
        }
        [_, _, _, _, _] if parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| is_hex(part, length)) => {
            return hex(&parts.concat(), &[32]).map(|id| (id, "a trace ID with dashes"));
        }
        _ => {}
    }
    if let Some(id) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return TraceId::from_hex(id).map(|id| (id, "a trace ID with 0x before it"));
    }
    if text.contains("://") || text.starts_with('/') {
        return in_url(text).map(|id| (id, "the address of a trace"));
    }
    let fields = text.split(';').map(str::trim);
    let root = fields.map(|field| field.strip_prefix("Root=").unwrap_or(field)).find(|field| field.starts_with("1-"));
    if let Some([_, time, rest]) = root.map(|root| root.split('-').collect::<Vec<_>>()).as_deref()
        && is_hex(time, 8)
        && is_hex(rest, 24)
    {
        return TraceId::from_hex(&format!("{time}{rest}")).map(|id| (id, "a trace ID of AWS X-Ray"));
    }
    match text.replace("%3A", ":").replace("%3a", ":").split(':').collect::<Vec<_>>().as_slice() {
        [id, span, parent, flags]
            if id.len() > 12
                && [span, parent, flags].iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit())) =>
        {
            TraceId::from_hex(id).map(|id| (id, "an uber-trace-id header"))
        }
        _ => None,
    }
}

/// The trace ID in an address of Jaeger (`/trace/ID`), Tempo (`/api/traces/ID`) or Grafana (within the parameters of its
/// explorer): the first whole word of it that can be one.
fn in_url(url: &str) -> Option<TraceId> {
    let after = |marker: &str| url.rfind(marker).map(|at| &url[at + marker.len()..]);
    let word = |text: &str| text.split(|c: char| !c.is_ascii_hexdigit()).next().and_then(TraceId::from_hex);
    let path = ["/trace/", "/traces/", "traceID=", "traceId=", "trace_id="]
        .iter()
        .find_map(|marker| after(marker).and_then(word));
    path.or_else(|| {
        // Percent signs and their two digits part words in a parameter that is JSON.
        let decoded = url.replace("%22", "\"").replace("%3A", ":").replace("%2C", ",");
        let mut words = decoded.split(|c: char| !c.is_ascii_alphanumeric());
        words.find(|word| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit())).and_then(TraceId::from_hex)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90";

    #[test]
    fn the_id_is_found_in_what_people_paste() {
        let forms = [
            "00-ID-00000000000000a1-01",
            "traceparent: 00-ID-00000000000000a1-01",
            "ID-00000000000000a1-1",
            "b3: ID-00000000000000a1-1-00000000000000b1",
            "ID:a1:0:1",
            "uber-trace-id: ID:a1:0:1",
            "1-a1b2c3d4-e5f60718293a4b5c6d7e8f90",
            "Root=1-a1b2c3d4-e5f60718293a4b5c6d7e8f90;Parent=53995c3f42cd8ad8;Sampled=1",
            "X-Amzn-Trace-Id: Root=1-a1b2c3d4-e5f60718293a4b5c6d7e8f90",
            "a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90",
            "0xID",
            "http://localhost:16686/trace/ID",
            "http://localhost:16686/trace/ID?uiFind=a1",
            "https://tempo/api/traces/ID",
            "https://g/explore?left=%7B%22queries%22%3A%5B%7B%22query%22%3A%22ID%22%7D%5D%7D",
            " \"ID\" ",
            "'ID'",
        ];
        for form in forms {
            let found = pasted_id(&form.replace("ID", ID));
            assert_eq!(found.map(|found| found.text).as_deref(), Some(ID), "{form}");
        }
        assert_eq!(pasted_id(" 'req-42'\n").map(|found| found.text).as_deref(), Some("req-42"));
        for id in [ID, "req-42", "", "a:b:c:d", "1-2-3", "http://a/b"] {
            assert_eq!(pasted_id(id), None, "{id}");
        }
    }
}
