//! The data of an answer as the flags that name it.

use std::path::Path;

use crate::model::provenance::{DataSelection, GivenTimes, Supply};
use crate::model::source::Source;
use crate::report::wording::shell::{flag, quoted, quoted_path};

/// The flags with which a command reads the same data; empty where no flag was given.
pub(crate) fn data_flags(data: &DataSelection) -> String {
    let path = |name: &str, path: &Path| match path.to_str() {
        Some(text) => flag(name, text),
        None => format!("{name} {}", quoted_path(path)),
    };
    let text = |name: &str, text: &Option<String>| text.as_deref().map(|text| flag(name, text));
    let mut flags: Vec<String> = match &data.supply {
        Supply::Backends => vec![],
        Supply::Files(files) => files.iter().map(|file| path("--input", file)).collect(),
        Supply::Demo(None) => vec!["--demo".to_owned()],
        Supply::Demo(Some(scenario)) => vec![format!("--demo={}", quoted(scenario))],
    };
    flags.extend(data.replay.as_deref().map(|folder| path("--replay", folder)));
    flags.extend(data.config.as_deref().map(|file| path("--config", file)));
    flags.extend(text("--profile", &data.profile));
    flags.extend(data.addresses.iter().map(|(backend, url)| flag(&address_flag(*backend), url)));
    let excluded: Vec<&str> = data.excluded.iter().map(|source| source.as_str()).collect();
    flags.extend((!excluded.is_empty()).then(|| format!("--without {}", excluded.join(","))));
    flags.extend(text("--jaeger-api", &data.jaeger_api));
    flags.extend(text("--loki-selector", &data.loki_selector));
    flags.extend(data.keys.iter().map(|key| flag("--key", key)));
    flags.extend(time_flags(&data.times));
    flags.join(" ")
}

/// The flags with which a command examines the same backends.
pub(crate) fn installation_flags(data: &DataSelection) -> String {
    let supply = match &data.supply {
        Supply::Files(_) => Supply::Backends,
        supply => supply.clone(),
    };
    data_flags(&DataSelection { supply, times: GivenTimes::default(), ..data.clone() })
}

fn address_flag(backend: Source) -> String {
    format!("--{}-url", backend.as_str())
}

fn time_flags(times: &GivenTimes) -> impl Iterator<Item = String> {
    let given = [("--since", &times.since), ("--start", &times.start), ("--end", &times.end)];
    given.into_iter().filter_map(|(name, time)| Some(flag(name, time.as_deref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_name_everything_that_chose_the_data() {
        let all = DataSelection {
            supply: Supply::Files(vec!["a b.json".into(), "-".into()]),
            replay: Some("rec".into()),
            config: Some("t.toml".into()),
            profile: Some("prod".to_owned()),
            addresses: vec![(Source::Loki, "http://loki:3100".to_owned())],
            excluded: vec![Source::Jaeger, Source::Prometheus],
            jaeger_api: Some("v3".to_owned()),
            loki_selector: Some("{a=\"b\"}".to_owned()),
            keys: vec!["request_id".to_owned()],
            times: GivenTimes { since: Some("2h".to_owned()), ..GivenTimes::default() },
            via: Some("spans"),
        };
        let flags = "--input 'a b.json' --input=- --replay rec --config t.toml --profile prod --loki-url \
                     http://loki:3100 --without jaeger,prometheus --jaeger-api v3 --loki-selector '{a=\"b\"}' --key \
                     request_id --since 2h";
        assert_eq!(data_flags(&all), flags);
        assert_eq!(data_flags(&DataSelection::default()), "");
        assert_eq!(data_flags(&DataSelection::demo(None)), "--demo");
        assert_eq!(data_flags(&DataSelection::demo(Some("lost-message".to_owned()))), "--demo=lost-message");
    }
}
