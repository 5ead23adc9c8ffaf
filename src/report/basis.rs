//! What the numbers of a screen rest on, in one line.

use crate::model::basis::{Basis, Via};
use crate::report::block::{Block, Role, one};
use crate::report::words::counted;

/// `from 1 234 spans in 56 journeys, a sample: the newest 200 traces of each of 4 services`.
pub fn line(basis: &Basis) -> Block {
    Block::Line(one(Role::Dim, sentence(basis)))
}

fn sentence(basis: &Basis) -> String {
    let calls = usize::try_from(basis.calls).unwrap_or(usize::MAX);
    if basis.via == Via::Metrics {
        let metric = basis.metric.as_deref().unwrap_or("metrics");
        return format!("from about {}, counted by {metric}", counted(calls, "call"));
    }
    let spans = format!("from {} in {}", counted(calls, "span"), counted(basis.journeys, "journey"));
    let lines = if basis.lines > 0 { format!(" and {}", counted(basis.lines, "line")) } else { String::new() };
    let sample = match (basis.limit, basis.services.len()) {
        (Some(limit), services) if services > 0 && basis.cut() > 0 => {
            format!(", a sample: the newest {limit} traces of each of {}", counted(services, "service"))
        }
        _ => String::new(),
    };
    format!("{spans}{lines}{sample}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::basis::SampledService;

    #[test]
    fn what_was_read_and_whether_it_was_all_is_said() {
        let service = |name: &str, cut| SampledService { service: name.to_owned(), traces: 200, cut };
        let read = Basis { calls: 12_345, journeys: 1, ..Basis::default() };
        let all = Basis { limit: Some(200), services: vec![service("a", false)], lines: 2, ..read.clone() };
        let cut = Basis { services: vec![service("a", false), service("b", true)], ..all.clone() };
        let counted = Basis { via: Via::Metrics, metric: Some("calls_total".to_owned()), ..read.clone() };
        let table = [
            (&read, "from 12 345 spans in 1 journey"),
            (&all, "from 12 345 spans in 1 journey and 2 lines"),
            (&cut, "from 12 345 spans in 1 journey and 2 lines, a sample: the newest 200 traces of each of 2 services"),
            (&counted, "from about 12 345 calls, counted by calls_total"),
        ];
        for (basis, wanted) in table {
            assert_eq!(sentence(basis), wanted);
        }
    }
}
