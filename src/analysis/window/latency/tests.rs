use super::*;
use crate::analysis::journey::sketch;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::evidence::Evidence;
use crate::model::pattern::Pattern;
use crate::model::source::Source;
use crate::source::demo::{NOW, scenarios};
use crate::stitch::every_journey::every_journey;

const MS: i64 = 1_000_000;

const ORDER: &str = "
        shop/POST /orders 0..120 server tenant=a
          shop/SELECT 10..30 client
          shop/SELECT 20..40 client error: locked
          shop/publish 60..62 producer topic=orders
            ~> billing/process 104..314 consumer topic=orders trace=2 tenant=b
              billing/charge 110..300 client
    ";

fn of(text: &str, by: LatencyGrouping, window: Option<Window>, filters: &Filters) -> LatencyTable {
    let mut fold = Latencies::new(by, window);
    fold.add(&sketch::journey(text), filters);
    fold.table()
}

fn table(by: LatencyGrouping, filters: &Filters) -> LatencyTable {
    of(ORDER, by, None, filters)
}

fn demo_runs() -> Vec<Journey> {
    let mut all = Evidence::default();
    for (seed, scenario) in scenarios().into_iter().enumerate() {
        all.spans.extend(scenario.run(NOW, seed as u64).spans);
    }
    every_journey(all, &CORRELATION_KEYS.map(str::to_owned)).collect()
}

fn rows(table: &LatencyTable) -> Vec<(&str, &str, u64, u64, i64, i64)> {
    let row = |row: &'_ LatencyRow| (row.calls, row.errors, row.self_ns.unwrap() / MS, row.critical_ns.unwrap() / MS);
    let all = table.rows.iter().map(|r| (r.service.as_str(), r.name.as_str(), row(r)));
    all.map(|(service, name, (calls, errors, own, waited))| (service, name, calls, errors, own, waited)).collect()
}

/// 120 ms of the order: 30 under the two reads together, 2 under the publish. The message lay 42 ms, but the order was open
/// all that time, so that nothing only waited.
#[test]
fn self_time_and_critical_path_are_counted_apart() {
    let all = Filters::default();
    let by_operation = table(LatencyGrouping::Operation, &all);
    assert_eq!(by_operation.critical_ns, 314 * MS);
    assert_eq!(
        rows(&by_operation),
        [
            ("billing", "charge", 1, 0, 190, 190),
            ("shop", "POST /orders", 1, 0, 88, 72),
            ("shop", "SELECT", 2, 1, 40, 30),
            ("billing", "process", 1, 0, 20, 20),
            ("shop", "publish", 1, 0, 2, 2),
        ]
    );
    let queue = &by_operation.queues[0];
    assert_eq!(
        (queue.topic.as_str(), queue.critical_ns, &queue.lengths),
        ("orders", 0, &Durations::Exact(vec![42 * MS]))
    );
    assert_eq!(
        rows(&table(LatencyGrouping::Service, &all)),
        [("billing", "", 1, 0, 210, 210), ("shop", "", 1, 0, 130, 104)]
    );
    let by_tenant = table(LatencyGrouping::Attribute("tenant".to_owned()), &all);
    assert_eq!(rows(&by_tenant), [("", "a", 1, 0, 88, 72), ("", "b", 1, 0, 20, 20)]);
    let failed = Filters { errors_only: true, ..Filters::default() };
    assert_eq!(rows(&table(LatencyGrouping::Operation, &failed)), [("shop", "SELECT", 1, 1, 20, 20)]);
}

/// Only the topmost of those in one row are calls, whatever lies between them; and of these the wanted.
#[test]
fn what_a_call_causes_in_the_same_row_does_not_count_again() {
    let nested = "
            web/GET / 0..100 server tenant=acme
              web/call 10..90 client
                stock/GET /items 20..80 server tenant=acme
                  stock/inner 30..40 tenant=other
                    stock/audit 31..32 tenant=acme
        ";
    let calls = |by, filters: &Filters| -> Vec<(String, u64)> {
        let table = of(nested, by, None, filters);
        table.rows.into_iter().map(|row| (row.service + &row.name, row.calls)).collect()
    };
    let tenant = || LatencyGrouping::Attribute("tenant".to_owned());
    let all = Filters::default();
    let found = |rows: &[(&str, u64)]| rows.iter().map(|(n, calls)| ((*n).to_owned(), *calls)).collect::<Vec<_>>();
    assert_eq!(calls(tenant(), &all), found(&[("acme", 2), ("other", 1)]));
    assert_eq!(calls(LatencyGrouping::Service, &all), found(&[("stock", 1), ("web", 1)]));
    let inner = Filters { operations: vec![Pattern::exact("inner")], ..Filters::default() };
    assert_eq!(calls(LatencyGrouping::Service, &inner), found(&[("stock", 1)]));
}

/// A span counts where it ended; what it does before belongs to no other time.
#[test]
fn spans_count_in_the_window_in_which_they_ended() {
    let job = "shop/batch 0..3600 server\n  shop/tick 100..110\n  shop/tick 200..210\n  shop/tick 300..310";
    let at = |ms: i64| sketch::ORIGIN.plus(ms * MS);
    let window = Some(Window::new(at(110), at(310)));
    let all = Filters::default();
    let by_operation = of(job, LatencyGrouping::Operation, window, &all);
    assert_eq!(rows(&by_operation), [("shop", "tick", 2, 0, 20, 20)]);
    assert_eq!(by_operation.critical_ns, 20 * MS);
    // Nothing entered the service in this time.
    assert_eq!(rows(&of(job, LatencyGrouping::Service, window, &all)), [("shop", "", 0, 0, 20, 20)]);
}

#[test]
fn each_message_of_a_batch_waited_by_itself() {
    let batch = "
            shop/p 0..1 producer topic=t
            shop/p 10..11 producer topic=t trace=2
            billing/c 21..30 consumer topic=t trace=3 link=1 link=2
            shop/q 0..1 producer
              billing/d 5..6 consumer
        ";
    let queues = of(batch, LatencyGrouping::Operation, None, &Filters::default()).queues;
    let found: Vec<_> = queues.iter().map(|queue| (queue.topic.as_str(), &queue.lengths)).collect();
    let exact = |ms: &[i64]| Durations::Exact(ms.iter().map(|ms| ms * MS).collect());
    assert_eq!(found, [("", &exact(&[4])), ("t", &exact(&[10, 20]))]);
}

/// Everything that users wait for is counted: in rows, in queues, and where nothing was open.
#[test]
fn shares_of_all_rows_and_queues_and_gaps_are_the_whole() {
    let runs = demo_runs();
    let ends = runs.iter().flat_map(|run| &run.spans).map(Span::end);
    let (first, last) = (ends.clone().min().unwrap(), ends.max().unwrap());
    for part in 0..20 {
        let window = Window::new(first, first.plus(last.since(first) / 20 * part + 1));
        for (by, window) in [
            (LatencyGrouping::Operation, Some(window)),
            (LatencyGrouping::Service, Some(window)),
            (LatencyGrouping::Service, None),
        ] {
            let mut fold = Latencies::new(by, window);
            runs.iter().for_each(|run| fold.add(run, &Filters::default()));
            let table = fold.table();
            let rows: i64 = table.rows.iter().filter_map(|row| row.critical_ns).sum();
            let queues: i64 = table.queues.iter().map(|queue| queue.critical_ns).sum();
            assert_eq!(rows + queues + table.gap_ns, table.critical_ns, "{window:?}");
            assert!(table.critical_ns > 0 || part == 0);
        }
    }
}

/// In whatever order journeys come, the numbers are those of a plain count over all spans.
#[test]
fn percentiles_are_the_nearest_ranks_of_all_spans() {
    let journeys = demo_runs();
    let fold = |order: &mut dyn Iterator<Item = &Journey>| {
        let mut fold = Latencies::default();
        order.for_each(|journey| fold.add(journey, &Filters::default()));
        fold.table()
    };
    let table = fold(&mut journeys.iter());
    assert_eq!(table, fold(&mut journeys.iter().rev()));
    for row in &table.rows {
        let of_row = |span: &&Span| span.service() == row.service && span.name == row.name && span.has_sane_time();
        let spans: Vec<&Span> = journeys.iter().flat_map(|journey| &journey.spans).filter(of_row).collect();
        let mut lengths: Vec<i64> = spans.iter().map(|span| span.duration_ns).collect();
        lengths.sort_unstable();
        assert_eq!(row.calls, spans.len() as u64);
        assert_eq!(row.errors, spans.iter().filter(|span| span.is_error()).count() as u64);
        for percent in [1, 50, 90, 95, 99, 100] {
            let at_most = |ns: i64| lengths.iter().filter(|other| **other <= ns).count() * 100;
            let found = row.lengths.quantile(f64::from(percent) / 100.0).unwrap().value_ns;
            let enough = percent as usize * lengths.len();
            let below = lengths.iter().copied().filter(|other| *other < found).max();
            assert!(at_most(found) >= enough && below.is_none_or(|ns| at_most(ns) < enough), "p{percent} {row:?}");
        }
        assert_eq!(row.lengths.bars().iter().map(|(_, n)| n).sum::<f64>() as u64, row.calls);
    }
}

#[test]
fn metrics_fill_the_same_rows_with_what_they_know() {
    let buckets = |n: f64| Histogram::from_buckets([(1e8, n / 2.0), (1e9, n), (f64::INFINITY, n)]);
    let measure = |service: &str, operation: &str, kind, calls: f64| Measure {
        service: service.to_owned(),
        operation: operation.to_owned(),
        kind: Some(kind),
        calls,
        errors: 1.0,
        durations: buckets(calls),
    };
    let measures = vec![
        measure("a", "GET /x", SpanKind::Server, 10.0),
        measure("a", "SELECT", SpanKind::Client, 20.0),
        measure("a", "GET /y", SpanKind::Server, 30.0),
        measure("cron", "nightly", SpanKind::Internal, 5.0),
    ];
    let (source, metric) = (Source::Prometheus, "calls_total".to_owned());
    let found = Measured { source, metric, measures, edges: vec![] };
    let by_service = from_metrics(&found, &LatencyGrouping::Service, &Filters::default());
    let row = &by_service.rows[0];
    assert_eq!((by_service.rows.len(), row.calls, row.errors, row.self_ns), (2, 40, 2, None));
    // A service without server spans is measured by all its spans, and the report says so.
    assert_eq!((by_service.rows[1].calls, by_service.unentered), (5, vec!["cron".to_owned()]));
    assert_eq!(row.lengths.quantile(0.9).map(|e| (e.low_ns, e.high_ns)), Some((100 * MS, Some(1_000 * MS))));
    let names: Vec<_> = from_metrics(&found, &LatencyGrouping::Operation, &Filters::default())
        .rows
        .into_iter()
        .map(|r| r.name)
        .collect();
    assert_eq!(names, ["GET /y", "SELECT", "GET /x", "nightly"]);
}
