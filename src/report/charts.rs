//! Metrics as small charts.

use crate::model::metric::{Panel, float_text};
use crate::report::block::{Block, Chart, TextRole, plain, styled};

/// The panels of the configuration, a chart for each of their series.
pub(crate) fn panels(panels: &[Panel]) -> Vec<Block> {
    let mut charts = vec![];
    for panel in panels {
        let without_values = |caption| Chart { name: panel.name.clone(), values: vec![], caption };
        if let Some(error) = &panel.error {
            charts.push(without_values(styled(TextRole::Warn, error.clone())));
        } else if panel.series.is_empty() {
            charts.push(without_values(styled(TextRole::Dim, "no data")));
        }
        for series in &panel.series {
            let values: Vec<f64> = series.samples.iter().map(|(_, value)| *value).collect();
            let labels: Vec<String> =
                series.labels.iter().filter(|(k, _)| *k != "__name__").map(|(k, v)| format!("{k}={v}")).collect();
            let is_labelled = panel.series.len() > 1 && !labels.is_empty();
            let name = if is_labelled { format!("{} {}", panel.name, labels.join(" ")) } else { panel.name.clone() };
            charts.push(Chart { name, caption: plain(extremes(&values)), values });
        }
    }
    if charts.is_empty() { vec![] } else { vec![Block::Blank, Block::Charts(charts)] }
}

/// `min 1  max 12  last 3`, of the values that are numbers.
pub(crate) fn extremes(values: &[f64]) -> String {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let round = |value: f64| float_text((value * 1_000.0).round() / 1_000.0);
    match (finite().reduce(f64::min), finite().reduce(f64::max), values.last()) {
        (Some(min), Some(max), Some(last)) => format!("min {}  max {}  last {}", round(min), round(max), round(*last)),
        _ => "no data".to_owned(),
    }
}
