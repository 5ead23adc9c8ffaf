//! Receives that polled: the time until the message was there is neither work nor waiting.

use crate::model::journey::Forest;
use crate::model::span::Span;

/// Marks what each receive spent on polling: it began before the message was published, and ended after that. Its work
/// begins when the publish ended.
pub(crate) fn mark(spans: &mut [Span], forest: &Forest) {
    for index in 0..spans.len() {
        let Some((cause, _)) = forest.cause[index] else { continue };
        let (published, receive) = (&spans[cause], &spans[index]);
        let is_polling = receive.is_receive()
            && receive.start < published.start
            && receive.end() > published.start
            && receive.has_sane_time()
            && published.has_sane_time();
        if is_polling {
            spans[index].polled_ns = published.end().min(receive.end()).since(receive.start).max(0);
        }
    }
}
