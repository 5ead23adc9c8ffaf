//! One row: who is sick of what, and what a user must get all the same.

use std::sync::Arc;

use crate::fault::{Asked, BlackHole, Fault, Health, Server};
use crate::fault_health;

/// A backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Jaeger,
    Loki,
    Prometheus,
}

pub use Who::{Jaeger, Loki, Prometheus};

impl Who {
    pub const ALL: [Self; 3] = [Jaeger, Loki, Prometheus];

    pub fn as_str(self) -> &'static str {
        match self {
            Jaeger => "jaeger",
            Loki => "loki",
            Prometheus => "prometheus",
        }
    }

    pub fn health(self) -> Health {
        match self {
            Jaeger => fault_health::jaeger,
            Loki => fault_health::loki,
            Prometheus => fault_health::prometheus,
        }
    }

    /// What of its data is on the screens.
    pub fn mark(self) -> &'static str {
        match self {
            Jaeger => "charge-card",
            Loki => "the card was charged",
            Prometheus => "PaymentsSlow",
        }
    }

    fn data_alone(self) -> fn(&Asked) -> bool {
        match self {
            Jaeger => |asked| asked.path.contains("traces"),
            Loki => |asked| asked.path.ends_with("/query_range"),
            Prometheus => |asked| asked.path.ends_with("/query_range") || asked.path.ends_with("/query"),
        }
    }
}

/// Where the sick backend is for one run, kept until the run is over.
pub enum Place {
    /// A server.
    At(Server),
    /// A server behind another address than its own.
    Behind(String, Server),
    /// A port that swallows connections.
    Hole(BlackHole),
    /// An address alone.
    Nowhere(String),
}

impl Place {
    pub fn url(&self) -> String {
        match self {
            Self::At(server) => format!("http://{}", server.address),
            Self::Hole(hole) => format!("http://{}", hole.address),
            Self::Behind(url, _) | Self::Nowhere(url) => url.clone(),
        }
    }

    pub fn broken(&self) -> usize {
        match self {
            Self::At(server) | Self::Behind(_, server) => server.broken(),
            Self::Hole(_) | Self::Nowhere(_) => 0,
        }
    }
}

/// One row of the table.
pub struct Row {
    pub name: String,
    pub sick: Who,
    pub place: Box<dyn Fn() -> Place + Send + Sync>,
    /// What reading commands end with.
    pub code: i32,
    /// What the gate on everything ends with, if with something else.
    pub gate: Option<i32>,
    /// What `doctor` may end with.
    pub doctor: Vec<i32>,
    /// Words that the screen must have.
    pub says: Vec<&'static str>,
    /// Whether the sick backend's own data is shown too.
    pub keeps_own: bool,
    /// How many broken requests `find` may make: at least, at most.
    pub requests: (usize, usize),
    /// How many of `find`'s requests are made again, where the sick one recovers.
    pub again: Option<usize>,
    /// Milliseconds that `find` has to wait.
    pub waits: u64,
    /// Who must not get a single connection.
    pub unasked: Option<Arc<Server>>,
    /// Resident memory at its highest.
    pub peak_mib: usize,
    /// Seconds after which it must have ended; the deadline and a wide margin.
    pub seconds: u64,
    pub args: Vec<&'static str>,
    pub env: Vec<(&'static str, String)>,
    /// What no screen may hold.
    pub never: Vec<&'static str>,
}

/// Resident memory at its highest, where nothing else is said.
const USUAL_MIB: usize = 100;

/// A backend somewhere else than on a server of ours.
pub fn placed(name: impl Into<String>, sick: Who, place: impl Fn() -> Place + Send + Sync + 'static) -> Row {
    Row {
        name: name.into(),
        sick,
        place: Box::new(place),
        code: 3,
        gate: None,
        doctor: vec![],
        says: vec![],
        keeps_own: false,
        requests: (0, usize::MAX),
        again: None,
        waits: 0,
        unasked: None,
        peak_mib: USUAL_MIB,
        seconds: 20,
        args: vec![],
        env: vec![],
        never: vec![],
    }
}

/// A backend that breaks every request.
pub fn all(name: impl Into<String>, sick: Who, fault: Fault) -> Row {
    placed(name, sick, move || Place::At(Server::start(sick.health(), Arc::clone(&fault), |_| true)))
}

/// A backend that breaks only the requests for data.
pub fn data(name: impl Into<String>, sick: Who, fault: Fault) -> Row {
    let mut row =
        placed(name, sick, move || Place::At(Server::start(sick.health(), Arc::clone(&fault), sick.data_alone())));
    row.doctor = vec![0, 3, 4];
    row
}

impl Row {
    /// Ends with this.
    pub fn code(mut self, code: i32) -> Self {
        self.code = code;
        self.keeps_own |= code == 0;
        self
    }

    /// The gate on everything ends with this.
    pub fn gate(mut self, code: i32) -> Self {
        self.gate = Some(code);
        self
    }

    pub fn says(mut self, words: &[&'static str]) -> Self {
        self.says = words.to_vec();
        self
    }

    pub fn never(mut self, words: &[&'static str]) -> Self {
        self.never = words.to_vec();
        self
    }

    pub fn with_own(mut self) -> Self {
        self.keeps_own = true;
        self
    }

    pub fn without_own(mut self) -> Self {
        self.keeps_own = false;
        self
    }

    pub fn requests(mut self, least: usize, most: usize) -> Self {
        self.requests = (least, most);
        self
    }

    pub fn again(mut self, count: usize) -> Self {
        self.again = Some(count);
        self
    }

    pub fn waits(mut self, milliseconds: u64) -> Self {
        self.waits = milliseconds;
        self
    }

    pub fn unasked(mut self, server: &Arc<Server>) -> Self {
        self.unasked = Some(Arc::clone(server));
        self
    }

    pub fn peak(mut self, mebibytes: usize) -> Self {
        self.peak_mib = mebibytes;
        self
    }

    pub fn args(mut self, args: &[&'static str]) -> Self {
        self.args.extend(args);
        self
    }

    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub fn within(mut self, seconds: u64) -> Self {
        self.seconds = seconds;
        self
    }

    /// Whether reading it takes long.
    pub fn is_long(&self) -> bool {
        self.peak_mib > USUAL_MIB
    }

    /// What `doctor` may end with: what the others do, unless the row says otherwise.
    pub fn doctor_codes(&self) -> Vec<i32> {
        if self.doctor.is_empty() { vec![self.code] } else { self.doctor.clone() }
    }
}
