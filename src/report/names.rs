//! Services as they are called on the screen: what all of them repeat is left out. JSON has them whole.

use std::collections::{BTreeMap, HashMap};

/// Short names of services.
#[derive(Clone, Debug, Default)]
pub struct Names {
    short: HashMap<String, String>,
}

impl Names {
    /// Short names for these services, each still telling one of them from the others.
    pub fn of(services: &[&str]) -> Self {
        let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
        for service in services {
            *owners.entry(shortened(service)).or_default() += 1;
        }
        let short = services.iter().filter(|s| owners.get(shortened(s)) == Some(&1));
        Self { short: short.map(|s| ((*s).to_owned(), shortened(s).to_owned())).collect() }
    }

    /// What this service is called; a dash where none is told.
    pub fn get<'a>(&'a self, service: &'a str) -> &'a str {
        match service {
            "" => "–",
            _ => self.short.get(service).map_or(service, String::as_str),
        }
    }
}

fn shortened(service: &str) -> &str {
    const ENDINGS: [&str; 6] = ["_service", "-service", ".service", "_svc", "-svc", "Service"];
    ENDINGS.iter().find_map(|e| service.strip_suffix(e)).filter(|s| !s.is_empty()).unwrap_or(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_go_where_nothing_is_lost() {
        let names = Names::of(&["cart_service", "cart-service", "essay_service", "_service", "db"]);
        let shown = ["cart_service", "cart-service", "essay_service", "_service", "db", ""].map(|s| names.get(s));
        assert_eq!(shown, ["cart_service", "cart-service", "essay", "_service", "db", "–"]);
    }
}
