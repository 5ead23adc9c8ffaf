//! Flags for the backends: addresses, time limits, limits on what is queried.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use secrecy::SecretString;

use crate::model::duration::{duration, positive_duration};
use crate::model::source::Source;
use crate::source::server::endpoint::JaegerApi;

/// Addresses and limits of the backends.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Backends")]
pub struct BackendArgs {
    /// Jaeger's address.
    #[arg(
        long,
        value_name = "URL",
        help = "Jaeger's address [env: TRACE_JAEGER_URL, JAEGER_QUERY_URL] [default: http://localhost:16686]"
    )]
    pub jaeger_url: Option<SecretString>,
    /// Loki's address.
    #[arg(
        long,
        value_name = "URL",
        help = "Loki's address [env: TRACE_LOKI_URL, LOKI_ADDR] [default: http://localhost:3100]"
    )]
    pub loki_url: Option<SecretString>,
    /// Prometheus' address.
    #[arg(
        long,
        value_name = "URL",
        help = "Prometheus' address [env: TRACE_PROMETHEUS_URL, PROMETHEUS_URL] [default: http://localhost:9090]"
    )]
    pub prometheus_url: Option<SecretString>,
    /// Do not ask these
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = choice(&SOURCES))]
    pub without: Vec<Source>,
    /// Which of Jaeger's APIs to speak.
    #[arg(long, value_name = "API", value_parser = choice(&APIS), help = "Which of Jaeger's APIs to speak [env: TRACE_JAEGER_API]")]
    pub jaeger_api: Option<JaegerApi>,
    /// Which lines to search, as a stream selector.
    #[arg(
        long,
        value_name = "SELECTOR",
        help = "Which lines to search, as a LogQL stream selector such as '{namespace=\"shop\"}' [env: TRACE_LOKI_SELECTOR]"
    )]
    pub loki_selector: Option<String>,
    /// Attribute keys under which the correlation ID may stand, likeliest first.
    #[arg(
        long,
        value_name = "KEY",
        help = "Attribute under which the correlation ID may stand; repeatable, likeliest first [env: TRACE_KEYS]"
    )]
    pub key: Vec<String>,
    /// Trust these authorities too, in PEM
    #[arg(
        long,
        value_name = "FILE",
        help = "Trust the authorities in this PEM file too [env: TRACE_<BACKEND>_CA_CERT]"
    )]
    pub ca_cert: Option<PathBuf>,
    /// How long asking may take in all, and one answer half of it [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub timeout: Option<i64>,
    /// How long a connection may take to stand, TLS included [default: 3s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub connect_timeout: Option<i64>,
    /// How long an answer that has begun may pause; over twice as long it must bring 1 KiB/s [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub idle_timeout: Option<i64>,
    /// How long after its last span a journey counts as finished [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub settle: Option<i64>,
    /// How much may be asked and kept.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// How much may be asked and kept.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Traces of one journey [default: 200]
    #[arg(long, value_name = "N", value_parser = count(1, 1_000_000))]
    pub max_traces: Option<u64>,
    /// Spans of one journey [default: 100000]
    #[arg(long, value_name = "N", value_parser = count(1, 100_000_000))]
    pub max_spans: Option<u64>,
    /// Lines of one journey [default: 50000]
    #[arg(long, value_name = "N", value_parser = count(1, 100_000_000))]
    pub max_lines: Option<u64>,
    /// Requests in all [default: 500, more where services must be asked one by one]
    #[arg(long, value_name = "N", value_parser = count(1, 1_000_000))]
    pub max_requests: Option<u64>,
    /// Lines asked for in one request [default: 1000]
    #[arg(long, value_name = "N", value_parser = count(1, 5_000))]
    pub page_size: Option<u64>,
    /// Traces asked for in one search [default: 100]
    #[arg(long, value_name = "N", value_parser = count(1, 1_500))]
    pub search_limit: Option<u64>,
    /// Rounds of following what links and lines name [default: 8]
    #[arg(long, value_name = "N", value_parser = count(1, 1_000))]
    pub max_rounds: Option<u64>,
    /// Requests under way at one server [default: 8]
    #[arg(long, value_name = "N", value_parser = count(1, 100))]
    pub in_flight: Option<u64>,
    /// Unpacked bytes of one answer, such as 64MiB or 1GB [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_answer: Option<usize>,
}

impl BackendArgs {
    /// The first of these flags that only backends need. Keys and the settle time matter to files, too.
    pub(crate) fn first_for_servers(&self) -> Option<&'static str> {
        let limits = &self.limits;
        let flags = [
            ("--jaeger-url", self.jaeger_url.is_some()),
            ("--loki-url", self.loki_url.is_some()),
            ("--prometheus-url", self.prometheus_url.is_some()),
            ("--without", !self.without.is_empty()),
            ("--jaeger-api", self.jaeger_api.is_some()),
            ("--loki-selector", self.loki_selector.is_some()),
            ("--ca-cert", self.ca_cert.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("--connect-timeout", self.connect_timeout.is_some()),
            ("--idle-timeout", self.idle_timeout.is_some()),
            ("--max-traces", limits.max_traces.is_some()),
            ("--max-spans", limits.max_spans.is_some()),
            ("--max-lines", limits.max_lines.is_some()),
            ("--max-requests", limits.max_requests.is_some()),
            ("--page-size", limits.page_size.is_some()),
            ("--search-limit", limits.search_limit.is_some()),
            ("--max-rounds", limits.max_rounds.is_some()),
            ("--in-flight", limits.in_flight.is_some()),
            ("--max-answer", limits.max_answer.is_some()),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}

const SOURCES: [(&str, Source); 3] =
    [("jaeger", Source::Jaeger), ("loki", Source::Loki), ("prometheus", Source::Prometheus)];

/// Jaeger's APIs by name.
pub(crate) const APIS: [(&str, JaegerApi); 3] =
    [("auto", JaegerApi::Auto), ("v1", JaegerApi::V1), ("v3", JaegerApi::V3)];

/// Parses one of these words into its value.
pub(crate) fn choice<T: Copy + Send + Sync + 'static>(
    choices: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|(word, _)| *word)).try_map(move |given| {
        choices.iter().find(|(word, _)| *word == given).map(|(_, value)| *value).ok_or("not one of the words")
    })
}

/// A whole number from `least` to `most`.
pub(crate) fn count(least: u64, most: u64) -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(least..=most)
}

/// A number of bytes, in units of 1000 (`kB`, `MB`, `GB`) or 1024 (`KiB`, `MiB`, `GiB`).
fn size(text: &str) -> Result<usize, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: usize = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        _ => return Err("write a size such as 64MiB or 1GB".to_owned()),
    };
    let bytes = number.parse().ok().and_then(|n: usize| n.checked_mul(factor));
    match bytes {
        Some(bytes) if bytes > 0 => Ok(bytes),
        Some(_) => Err("it should be more than nothing".to_owned()),
        None => Err("write a size such as 64MiB or 1GB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_decimal_or_binary_unit() {
        let table = [("1", 1), ("64MiB", 64 << 20), ("1GB", 1_000_000_000), ("10 kib", 10_240), ("2g", 2 << 30)];
        for (text, bytes) in table {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "MiB", "-1", "1.5MiB", "1TB", "99999999999999999999", "9999999999999GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
