//! Specs that are read, and what was understood, in words.

/// The text, and what it means line by line.
pub(crate) const GOOD: &[(&str, &str)] = &[
    (
        include_str!("../../../../docs/pipelines/essay-batch.yaml"),
        r#"
essay-batch All TraceContext in_order=false
within 2 min
services [] topics  hosts 
register: span POST /api/v1/batches/register by batch_orchestrator_service (server) takes ?..500 ms
ask-spelling: span kafka.publish.huleedu.spell_checker.check_request.v1 after register
spelling: span kafka.consume.huleedu.spell_checker.check_request.v1 × as ask-spelling after ask-spelling ?..30.0 s
storage: span storage_reference_update essay.id
notified: log re:batch .* done by notifier optional
absent span * ends Error | span: "*", status: error
absent log error_context | log: error_context
when span cache.miss then SELECT *: span SELECT * | if: { span: cache.miss }, then: { span: "SELECT *" }
forbid [PublishWithoutConsume, Orphan, BrokenPropagation]
metric sum(rate(els_storage_reference_failures_total[5m])): sum(rate(els_storage_reference_failures_total[5m])) == 0 empty=true
"#,
    ),
    (
        include_str!("../../../../docs/pipelines/six-operations.yaml"),
        r"
six-operations All TraceContext in_order=true
services [] topics  hosts 
POST /api/v1/batches/register: span POST /api/v1/batches/register
kafka.publish.huleedu.spell_checker.check_request.v1: span kafka.publish.huleedu.spell_checker.check_request.v1
kafka.consume.huleedu.spell_checker.check_request.v1: span kafka.consume.huleedu.spell_checker.check_request.v1
kafka.publish.huleedu.spell_checker.check_complete.v1: span kafka.publish.huleedu.spell_checker.check_complete.v1
kafka.consume.huleedu.spell_checker.check_complete.v1: span kafka.consume.huleedu.spell_checker.check_complete.v1
storage_reference_update: span storage_reference_update
forbid []
",
    ),
    (
        r#"
pipeline: everything
reach: spans
services: [a, b]
propagation: correlation-id
external_topics: ["audit.*"]
external_hosts: ["*.stripe.com"]
in_order: false
steps:
  - register
  - "POST /x"
  - stored: { span: s, attributes: { a: "*", b: "!*", c: "!= y", d: "< 500", e: "== 0", f: 200, g: true, h: "re:^z" }, status: error }
  - either: { span: notify, log: notified, seen: either, service: notif*, kind: producer }
  - line: { span: notify, log: notified, seen: log }
  - alt: { any_of: [x, { log: y, service: z }], after: [register, stored], before: either, same trace: register, child_of: [alt2] }
  - alt2: { span: "*", min: 1ms, max: 1.5s, count: 3, every: true, optional: true }
  - waits: { span: w, after: { register: 30s, stored: 1s..30s, either: ">= 1s", line: <= 2m, alt: ..3s, alt2: } }
  - each:
      for_each: { attribute: essay.id }
      count: 12
      steps:
        - checked: { span: c, count: 1..5 }
        - kept: { span: k, count: 2.. }
  - again:
      for_each: { step: register }
      count: same as waits
      steps: [{ q: { span: q, count: <= 4 } }, { r: { span: r, count: same as q } }]
"#,
        r#"
everything Spans CorrelationId in_order=false
services ["a", "b"] topics audit.* hosts *.stripe.com
register: span register
POST /x: span POST /x
stored: span s a no b c≠y d < 500 e == 0 f=200 g=true h=re:^z ends Error
either: span notify by notif* (producer) or log notified by notif*
line: log notified
alt: span x or log y by z after register after stored before either beside register below alt2
alt2: span * × 3..3 takes 1 ms..1.50 s every optional
waits: span w after register ?..30.0 s after stored 1.00 s..30.0 s after either 1.00 s..? after line ?..2 min after alt ?..3.00 s after alt2
checked: span c × 1..5 in group 0
kept: span k × 2.. in group 0
q: span q × 0..4 in group 1
r: span r × as q in group 1
for each essay.id: × 12..12
for each match of register: × as waits
forbid []
"#,
    ),
    (
        r#"
pipeline: rest
absent: ["*.failed", { log: boom, status: ok }]
when:
  - if: cache.miss
    then: { span: "SELECT *", count: 2, child of: a }
steps: [a]
metrics:
  - { query: 'up{job=~{{ service }}} @ {{ to }}', is: ">= 0.5", name: up }
  - { query: 'up # (all', is: 1 }
"#,
        r#"
rest All TraceContext in_order=false
services [] topics  hosts 
a: span a
absent span *.failed | "*.failed"
absent log boom ends Ok | log: boom, status: ok
when span cache.miss then SELECT *: span SELECT * × 2..2 below a | if: cache.miss, then: { span: "SELECT *", count: 2, child of: a }
forbid []
metric up: up{job=~{{ service }}} @ {{ to }} >= 0.5 empty=false
metric up # (all: up # (all == 1 empty=false
"#,
    ),
];
