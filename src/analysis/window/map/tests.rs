use super::*;
use crate::analysis::journey::sketch;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::evidence::Evidence;
use crate::model::pattern::Pattern;
use crate::model::source::Source;
use crate::source::demo::{NOW, scenarios};
use crate::stitch::every_journey::every_journey;

fn found(map: &ServiceMap) -> Vec<String> {
    let how = |edge: &MapEdge| edge.how.iter().map(|(how, n)| format!(" {how:?}×{n}")).collect::<String>();
    let line = |(a, b, edge): &(MapNode, MapNode, MapEdge)| {
        format!("{} → {:?} {}: {} ✗{}{}", a.name, b.kind, b.name, edge.calls, edge.errors, how(edge))
    };
    map.edges.iter().map(line).collect()
}

fn map(sketches: &[&str]) -> ServiceMap {
    let mut mapping = ServiceMapFold::default();
    sketches.iter().for_each(|text| mapping.add(&sketch::journey(text), &Filters::default()));
    mapping.finish()
}

#[test]
fn every_kind_of_edge_is_known_by_what_is_seen_of_it() {
    let order = "
            shop/POST /orders 0..120 server
              shop/GET 10..30 client server.address=stock
                stock/GET /items 12..28 server error: gone
              shop/GET 31..33 client server.address=stock error: refused
              shop/call 34..40 client
                shop/GET 35..39 client server.address=api.example.com
              shop/SELECT 40..50 client db.system=postgresql db.name=orders
              shop/publish 60..62 producer topic=orders
                ~> billing/receive 104..314 consumer topic=orders trace=2
                  billing/process 110..300 consumer topic=orders
        ";
    let lost = "
            shop/publish 60..62 producer topic=orders
            billing/process 104..314 consumer topic=orders trace=2
        ";
    assert_eq!(
        found(&map(&[order, lost])),
        [
            "outside → Service shop: 1 ✗0 Parent×1",
            "shop → Service stock: 2 ✗2 Parent×2",
            "shop → Topic orders: 2 ✗0 Parent×2",
            "shop → Database postgresql orders: 1 ✗0 Parent×1",
            "shop → Host api.example.com: 1 ✗0 Parent×1",
            "orders → Service billing: 2 ✗0 Link×1 CorrelationId×1",
        ]
    );
    assert!(map(&[]).edges.is_empty());
}

#[test]
fn a_message_is_drawn_from_who_sent_it_to_who_took_it_whatever_they_call_the_topic() {
    let table: [(&str, &[&str]); 5] = [
        ("shop/p 0..1 producer\n  billing/c 2..3 consumer", &["shop → Service billing: 1 ✗0 Parent×1"]),
        (
            "shop/p 0..1 producer topic=exchange\n  billing/c 2..3 consumer topic=queue",
            &["shop → Topic exchange: 1 ✗0 Parent×1", "exchange → Service billing: 1 ✗0 Parent×1"],
        ),
        (
            "shop/p 0..1 producer\n  billing/c 2..3 consumer topic=queue",
            &["shop → Topic queue: 1 ✗0 Parent×1", "queue → Service billing: 1 ✗0 Parent×1"],
        ),
        // A batch: as many come out as went in.
        (
            "shop/p 0..1 producer topic=t\nshop/p 1..2 producer topic=t trace=2\nbilling/c 3..4 consumer topic=t trace=3 link=1 link=2",
            &["shop → Topic t: 2 ✗0 Parent×2", "t → Service billing: 2 ✗0 Link×2"],
        ),
        // Who polls takes nothing: those below it do.
        (
            "shop/p 0..1 producer topic=t\nbilling/poll 0..9 consumer topic=t trace=2\n  billing/c 3..4 consumer topic=t link=1",
            &["shop → Topic t: 1 ✗0 Parent×1", "t → Service billing: 1 ✗0 Link×1"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(found(&map(&[text])), expected, "{text}");
    }
}

/// An edge counts if the filters match either end, and in the window in which the span ended that it is counted at.
#[test]
fn filters_ask_for_either_end_and_the_window_for_the_last_instant() {
    let order = "
            web/GET / 0..100 server
              web/call 10..60 client
                stock/GET /items 20..50 server
              web/publish 60..61 producer topic=orders
                billing/process 70..90 consumer topic=orders
        ";
    let to_stock = "web → Service stock: 1 ✗0 Parent×1";
    let by_message = ["web → Topic orders: 1 ✗0 Parent×1", "orders → Service billing: 1 ✗0 Parent×1"];
    let entry = "outside → Service web: 1 ✗0 Parent×1";
    let service = |name: &str| Filters { services: vec![Pattern::exact(name)], ..Filters::default() };
    let operation = Filters { operations: vec![Pattern::exact("GET /items")], ..Filters::default() };
    let at = |ms: i64| sketch::ORIGIN.plus(ms * 1_000_000);
    let all = Filters::default();
    let of_web = [entry, to_stock, by_message[0], by_message[1]];
    let table = [
        (service("web"), None, of_web.as_slice()),
        (service("stock"), None, &[to_stock]),
        (service("billing"), None, &by_message),
        (operation, None, &[to_stock]),
        (all.clone(), Some(Window::new(at(50), at(90))), &[to_stock, by_message[0]]),
        (all, Some(Window::new(at(51), at(91))), &by_message),
    ];
    for (filters, window, expected) in table {
        let mut mapping = ServiceMapFold::new(window);
        mapping.add(&sketch::journey(order), &filters);
        assert_eq!(found(&mapping.finish()), expected, "{filters:?} {window:?}");
    }
}

/// Which end of a virtual edge has no spans follows from the other edges.
#[test]
fn in_a_service_graph_real_services_are_distinguished_from_others() {
    let edge = |client: &str, server: &str, connection: &str| measure::MeasuredEdge {
        client: client.to_owned(),
        server: server.to_owned(),
        connection: connection.to_owned(),
        calls: 9.6,
        ..measure::MeasuredEdge::default()
    };
    let service = |name: &str| measure::Measure { service: name.to_owned(), ..measure::Measure::default() };
    let found = Measured {
        source: Source::Prometheus,
        metric: "calls_total".to_owned(),
        measures: vec![service("front"), service("api")],
        edges: vec![
            edge("user", "front", "virtual_node"),
            edge("phone", "api", "virtual_node"),
            edge("front", "cart", ""),
            edge("cart", "redis", "database"),
            edge("cart", "pay.example.com", "virtual_node"),
            edge("front", "api", "virtual_node"),
        ],
    };
    let map = from_metrics(&found, &Filters::default()).unwrap();
    let line = |(a, b, _): &(MapNode, MapNode, MapEdge)| format!("{:?} {} → {:?} {}", a.kind, a.name, b.kind, b.name);
    assert_eq!(
        map.edges.iter().map(line).collect::<Vec<_>>(),
        [
            "Outside outside → Service front",
            "Service front → Service api",
            "Service front → Service cart",
            "Service cart → Database redis",
            "Service cart → Host pay.example.com",
            "Outside phone → Service api",
        ]
    );
    let pairs = [("front", "api"), ("front", "cart")].map(|(a, b)| ((a.to_owned(), b.to_owned()), 10));
    assert_eq!(map.within_traces, BTreeMap::from(pairs));
}

/// Nodes in a circle are shown too, and the order of journeys changes nothing.
#[test]
fn no_edge_is_lost_and_the_order_of_journeys_is_nothing() {
    let circle = ["a/x 0..9 server\n  b/y 1..8 server\n    a/z 2..7 server"; 2];
    assert_eq!(map(&circle).edges.iter().map(|(_, _, e)| e.calls).sum::<u64>(), 6);
    let mut all = Evidence::default();
    for (seed, scenario) in scenarios().into_iter().enumerate() {
        all.spans.extend(scenario.run(NOW, seed as u64).spans);
    }
    let journeys: Vec<Journey> = every_journey(all, &CORRELATION_KEYS.map(str::to_owned)).collect();
    let fold = |order: &mut dyn Iterator<Item = &Journey>| {
        let mut mapping = ServiceMapFold::default();
        order.for_each(|journey| mapping.add(journey, &Filters::default()));
        mapping.finish()
    };
    let map = fold(&mut journeys.iter());
    assert_eq!(map, fold(&mut journeys.iter().rev()));
    let topics = |node: &MapNode| node.kind == NodeKind::Topic;
    let sent: u64 = map.edges.iter().filter(|(_, to, _)| topics(to)).map(|(_, _, edge)| edge.calls).sum();
    let spans = journeys.iter().flat_map(|journey| &journey.spans);
    assert_eq!(sent, spans.filter(|span| publishes(span)).count() as u64);
}

/// A service that was called without trace context is not an entry: the only call that it can answer names the caller.
#[test]
fn a_call_that_lost_its_context_is_one_call_and_said_to_be_lost() {
    let text = "shop/POST /orders 0..120 server
  shop/GET 10..30 client server.address=stock http.request.method=GET
stock/GET /items 12..28 server trace=2 http.request.method=GET";
    let map_of = |correlation_id: Option<&str>| {
        let mut mapping = ServiceMapFold::default();
        let journey = Journey { correlation_id: correlation_id.map(str::to_owned), ..sketch::journey(text) };
        mapping.add(&journey, &Filters::default());
        found(&mapping.finish())
    };
    let entry = "outside → Service shop: 1 ✗0 Parent×1";
    assert_eq!(map_of(Some("c-1")), [entry, "shop → Service stock: 1 ✗0 CorrelationId×1"]);
    let apart = ["outside → Service stock: 1 ✗0 Parent×1", "shop → Service stock: 1 ✗0 Parent×1"];
    assert!(apart.iter().all(|edge| map_of(None).contains(&(*edge).to_owned())), "{:?}", map_of(None));
}
