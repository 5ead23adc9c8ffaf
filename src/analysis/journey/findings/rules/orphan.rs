//! `orphan`: spans that name a parent which is nowhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::journey::findings::context::RuleContext;
use crate::analysis::journey::findings::{MOST_PROOFS, RuleHit};
use crate::model::finding::{Confidence, Finding, FindingId, MissingPart, MissingPartPlace, Severity};
use crate::model::id::{SpanId, TraceId};
use crate::model::journey::is_orphan;
use crate::model::span::SpanKind;
use crate::model::time::{Human, SECOND, Timestamp};

/// From so many children on, far apart, the parent may just never have ended.
const STREAM: usize = 5;

/// What became of the parent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MissingParent {
    /// It was made and is not stored.
    Lost,
    /// It is outside of what is traced here: an ingress, a browser, a gateway.
    Remote,
    /// It goes on and on, and a span is stored at its end.
    Endless,
}

/// Missing parents, by what their first child is.
pub(crate) fn find(scene: &RuleContext) -> Vec<RuleHit> {
    let tops = Tops::new(scene);
    let mut groups: BTreeMap<(MissingParent, &str, &str), Vec<Vec<usize>>> = BTreeMap::new();
    for children in families(scene).into_values() {
        let first = &scene.journey.spans[children[0]];
        let story = tops.story(scene, &children);
        groups.entry((story, first.service(), &first.name)).or_default().push(children);
    }
    groups
        .into_iter()
        .map(|((story, ..), mut families)| {
            families.sort();
            draft(scene, story, &families)
        })
        .collect()
}

/// The children of each parent that is nowhere, by start.
fn families(scene: &RuleContext) -> BTreeMap<(TraceId, SpanId), Vec<usize>> {
    let journey = scene.journey;
    let mut families: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, span) in journey.spans.iter().enumerate().filter(|(index, _)| scene.in_tree[*index]) {
        if let Some(parent) = span.parent_id.filter(|_| is_orphan(span, journey.forest.cause[index])) {
            families.entry((span.trace_id, parent)).or_default().push(index);
        }
    }
    families
}

/// The parents that are nowhere and were made, as far as one can tell: not those that go on and on.
pub(crate) fn lost(scene: &RuleContext) -> BTreeMap<(TraceId, SpanId), Vec<usize>> {
    let mut families = families(scene);
    families.retain(|_, children| !is_endless(scene, children));
    families
}

/// The spans at the top of each trace, by start.
struct Tops(HashMap<TraceId, Vec<usize>>);

impl Tops {
    fn new(scene: &RuleContext) -> Self {
        let mut tops: HashMap<TraceId, Vec<usize>> = HashMap::new();
        for root in &scene.journey.forest.roots {
            tops.entry(scene.journey.spans[*root].trace_id).or_default().push(*root);
        }
        Self(tops)
    }

    fn story(&self, scene: &RuleContext, children: &[usize]) -> MissingParent {
        if is_endless(scene, children) {
            MissingParent::Endless
        } else if self.is_entry(scene, children) || is_usual_entry(scene, children[0]) {
            MissingParent::Remote
        } else {
            MissingParent::Lost
        }
    }

    /// Servers at the beginning of their trace are called from outside. One that was called while another service of
    /// the same trace was at work was called by that; where that was itself called from outside, only if it calls it
    /// elsewhere: a page asks several services at once.
    fn is_entry(&self, scene: &RuleContext, children: &[usize]) -> bool {
        let spans = &scene.journey.spans;
        let first = &spans[children[0]];
        let starts = scene.clocks.start(first);
        let is_inside = |top: &&usize| {
            let top = &spans[**top];
            let is_own_kind = top.kind == SpanKind::Server && top.parent_id.is_some();
            let edge = (top.service().to_owned(), first.service().to_owned());
            let is_apart = top.service() == first.service() || !scene.grounds.known.served.contains(&edge);
            top.parent_id != first.parent_id
                && scene.clocks.start(top) < starts
                && !(is_own_kind && (scene.clocks.end(top) <= starts || is_apart))
        };
        // One look at the earlier ones suffices: those of an endless trace are many.
        let earlier = self.0.get(&first.trace_id).into_iter().flatten().take(64);
        children.iter().all(|c| spans[*c].kind == SpanKind::Server) && earlier.filter(is_inside).count() == 0
    }
}

/// The first span of the journey, where every run known begins with it.
fn is_usual_entry(scene: &RuleContext, span: usize) -> bool {
    let (known, journey) = (scene.grounds.known, scene.journey);
    let place = (journey.spans[span].service().to_owned(), journey.spans[span].name.clone());
    let in_all = known.journeys > 1 && known.entries.get(&place).is_some_and(|runs| *runs >= known.journeys);
    in_all && journey.forest.roots.first().is_some_and(|first| journey.spans[*first].start >= journey.spans[span].start)
}

fn is_endless(scene: &RuleContext, children: &[usize]) -> bool {
    let spans = || children.iter().map(|c| &scene.journey.spans[*c]);
    let starts = || spans().map(|s| scene.clocks.start(s));
    let spread = starts().max().unwrap_or_default().since(starts().min().unwrap_or_default());
    let longest = spans().map(|s| s.duration_ns).max().unwrap_or_default();
    children.len() >= STREAM && spread > 10 * SECOND && spread / 10 > longest
}

fn draft(scene: &RuleContext, story: MissingParent, families: &[Vec<usize>]) -> RuleHit {
    let spans = &scene.journey.spans;
    let first = &spans[families[0][0]];
    let (service, name) = (first.service(), first.name.as_str());
    let children = families.iter().map(Vec::len).sum::<usize>();
    let many = if families.len() > 1 { format!("{} times", families.len()) } else { "once".to_owned() };
    let (severity, confidence, kind, summary) = match story {
        MissingParent::Lost => {
            let confidence = if scene.grounds.known.sampled { Confidence::Medium } else { Confidence::High };
            let said = match (families.len(), children) {
                (1, 1) => format!("the parent of {service} {name} is not stored"),
                (1, n) => format!("the parent of {n} spans is not stored, the first of them {service} {name}"),
                (n, _) => format!("{n} parents of {service} {name} are not stored"),
            };
            (Severity::Warning, confidence, "", said)
        }
        MissingParent::Remote => {
            let said = format!("{service} {name} was called from outside of what is stored here ({many})");
            (Severity::Info, Confidence::Medium, "remote_entry", said)
        }
        MissingParent::Endless => {
            let said = format!("the parent of {children} spans such as {service} {name} has not ended");
            (Severity::Info, Confidence::Medium, "never_ended", said)
        }
    };
    let mut finding = Finding::new(FindingId::Orphan, severity, confidence, summary);
    finding.kind = kind;
    service.clone_into(&mut finding.service);
    name.clone_into(&mut finding.operation);
    finding.count = families.len();
    let proof = |family: &Vec<usize>| {
        let (child, n) = (&spans[family[0]], family.len());
        let parent = child.parent_id.map(|p| p.to_string()).unwrap_or_default();
        let named = if n > 1 {
            format!("names {parent} as its parent, as {} more do", n - 1)
        } else {
            format!("names {parent} as its parent")
        };
        scene.proof(family[0], named)
    };
    finding.evidence = families.iter().take(MOST_PROOFS).map(proof).collect();
    finding.evidence.sort();
    (finding.causes, finding.next) = advice(story, service, spread(scene, &families[0]));
    if story == MissingParent::Lost {
        let hole = |family: &Vec<usize>| {
            let child = &spans[family[0]];
            let parent = child.parent_id.map(|p| p.to_string()).unwrap_or_default();
            MissingPart {
                trace_id: child.trace_id,
                span_id: child.span_id,
                place: MissingPartPlace::Above,
                what: format!("span {parent}"),
            }
        };
        finding.holes = families.iter().take(MOST_PROOFS).map(hole).collect();
    }
    let mut all: Vec<usize> = families.iter().flatten().copied().collect::<HashSet<_>>().into_iter().collect();
    all.sort_unstable();
    RuleHit { finding, spans: all }
}

fn spread(scene: &RuleContext, family: &[usize]) -> i64 {
    let starts = || family.iter().map(|c| scene.journey.spans[*c].start);
    starts().max().unwrap_or_default().since(starts().min().unwrap_or(Timestamp(0)))
}

fn advice(story: MissingParent, service: &str, spread: i64) -> (Vec<String>, Vec<String>) {
    let (causes, next): (Vec<String>, String) = match story {
        MissingParent::Lost => (
            vec![
                "the process that made the parent ended before it sent the span".to_owned(),
                "its exporter dropped the span: a full queue, or a collector that did not answer".to_owned(),
                "the parent has not ended yet".to_owned(),
            ],
            format!(
                "look at restarts, and at dropped spans of the exporter, of {service} and its callers at this time"
            ),
        ),
        MissingParent::Remote => (
            vec!["an ingress, a browser or a gateway sends a trace context and stores no spans here".to_owned()],
            format!("see what stands in front of {service}"),
        ),
        MissingParent::Endless => (
            vec![format!(
                "a stream, a subscription or a loop: its children came over {}, and it still goes on",
                Human(spread)
            )],
            "end that span for each round, or begin a trace for each".to_owned(),
        ),
    };
    (causes, vec![next])
}
