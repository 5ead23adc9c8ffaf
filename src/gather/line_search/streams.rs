//! The streams in which lines are searched.

use crate::model::time::{DAY, Window};
use crate::source::failure::Failure;
use crate::source::role::LogSource;

/// The streams to search.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    /// Their selector, in LogQL.
    pub(super) selector: String,
    /// The label that distinguishes services; none if it is unknown.
    pub(super) label: Option<String>,
}

impl Streams {
    /// The streams of a configured selector; without one, all with the label that most streams have.
    pub(super) async fn found(
        source: &dyn LogSource,
        configured: Option<&str>,
        window: Window,
    ) -> Result<Self, Failure> {
        // The labels of the last day are enough, and never too many for a server.
        let last = Window::new(window.from.max(window.to.plus(-DAY)), window.to);
        let mut labels = source.labels(last).await;
        if last != window && labels.as_ref().is_ok_and(Vec::is_empty) {
            labels = source.labels(window).await.or(labels);
        }
        let selector = match (configured, &labels) {
            (Some(selector), _) => selector.to_owned(),
            (None, Ok(labels)) => source
                .best_label(labels)
                .map_or_else(|| source.usual_streams().to_owned(), |label| source.streams_with(label)),
            (None, Err(failure)) => return Err(failure.clone()),
        };
        let label = labels.ok().and_then(|labels| source.best_label(&labels).map(str::to_owned));
        Ok(Self { selector, label })
    }
}
