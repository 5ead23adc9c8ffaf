//! Any configuration file, as the user's own and as the project's: read, decided, shown. Nothing is asked or run.
#![no_main]

use std::cell::LazyCell;
use std::path::Path;

use clap::Parser;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use trace::cli::{App, run};
use trace::options::backends::BackendArgs;
use trace::options::output::OutputArgs;
use trace::options::settings::{ConfigArgs, Settings};
use trace::options::surroundings::Surroundings;
use trace::options::voices::Reading;

thread_local! {
    static FOLDER: LazyCell<TempDir> = LazyCell::new(|| tempfile::tempdir().expect("a folder"));
    static APPS: LazyCell<[App; 2]> =
        LazyCell::new(|| ["table", "json"].map(|form| App::parse_from(["trace", "config", "show", "-o", form])));
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        std::fs::write(folder.path().join(".trace.toml"), bytes).expect("the file");
        show(folder.path());
    });
});

fn show(folder: &Path) {
    let surroundings = Surroundings { cwd: folder.to_owned(), now: trace_fuzz::NOW, ..Surroundings::default() };
    let own = ConfigArgs { config: Some(folder.join(".trace.toml")), ..ConfigArgs::default() };
    for config in [&own, &ConfigArgs::default()] {
        let (output, backends) = (OutputArgs::default(), BackendArgs::default());
        match Settings::load(Reading::Configuration, config, &output, &backends, &surroundings) {
            Ok(settings) => drop(settings.backends_without_credentials()),
            Err(error) => drop(error.to_string()),
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    APPS.with(|apps| {
        for (form, app) in apps.iter().enumerate() {
            let mut app = app.clone();
            app.config = own.clone();
            if let Ok(outcome) = runtime.block_on(run(app, surroundings.clone())) {
                let shown = trace_fuzz::harmless(&outcome.stdout);
                assert!(form == 0 || serde_json::from_str::<serde_json::Value>(shown).is_ok(), "JSON");
                trace_fuzz::harmless(&outcome.stderr);
            }
        }
    });
}
