//! Secrets in every place that may hold one, servers that repeat them in every way, and no trace of them on any
//! screen, in any file, or in the environment of a token program.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use trace::source::server::mask::base64;

/// One secret for each place, hard to spell: `/`, `+` and `=` differ from encoding to encoding.
fn canary(place: &str) -> String {
    format!("c4nary/{place}+7Q=x9")
}

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The spellings to look for; of base64 what does not depend on the text around.
fn spellings(secret: &str) -> Vec<String> {
    let inner = |skip: usize| {
        let text = base64(format!("{}{secret}", "x".repeat(skip)).as_bytes());
        let (from, to) = ((skip * 8).div_ceil(6), (skip + secret.len()) * 8 / 6);
        text[from..to].to_owned()
    };
    let form = percent(secret);
    let small = form.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d");
    let mut all = vec![secret.to_owned(), secret.replace('/', "\\/"), form, small];
    (0..3).map(inner).for_each(|letters| all.extend([letters.replace('/', "_").replace('+', "-"), letters]));
    all
}

/// How the servers behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    EchoAsData,
    Refused,
    Unauthorized,
    Failing,
    Redirecting,
    Page,
    NoJson,
    CutShort,
    Tls,
}

const FAULTS: [Fault; 9] = [
    Fault::EchoAsData,
    Fault::Refused,
    Fault::Unauthorized,
    Fault::Failing,
    Fault::Redirecting,
    Fault::Page,
    Fault::NoJson,
    Fault::CutShort,
    Fault::Tls,
];

/// A server that repeats the credentials of the request, and every secret in every spelling.
fn server(fault: Fault, secrets: Vec<String>) -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let received = Arc::new(Mutex::new(String::new()));
    if fault == Fault::Refused {
        return (port, received);
    }
    let (all, secrets) = (Arc::clone(&received), Arc::new(secrets));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (all, secrets) = (Arc::clone(&all), Arc::clone(&secrets));
            std::thread::spawn(move || answer(&stream, fault, &secrets, &all));
        }
    });
    (port, received)
}

fn answer(mut stream: &TcpStream, fault: Fault, secrets: &[String], received: &Mutex<String>) -> Option<()> {
    let mut intro = String::new();
    let mut reader = BufReader::new(stream);
    while !intro.ends_with("\r\n\r\n") {
        reader.read_line(&mut intro).ok().filter(|n| *n > 0)?;
    }
    received.lock().ok()?.push_str(&intro);
    let signed = intro.lines().filter(|line| line.to_lowercase().contains("auth")).collect::<Vec<_>>().join(" ");
    let spelled = secrets
        .iter()
        .flat_map(|secret| [spellings(secret), vec![base64(format!("Bearer {secret}").as_bytes())]].concat());
    let echo = format!("{signed} {}", spelled.collect::<Vec<_>>().join(" "));
    let quoted = serde_json::Value::from(echo.clone());
    let path = intro.split(' ').nth(1)?.to_owned();
    let path = path.split_once(".test").map_or(path.as_str(), |(_, path)| path);
    let (status, location, body) = match fault {
        Fault::EchoAsData => (200, String::new(), data(path, &quoted)),
        Fault::Unauthorized => (401, String::new(), format!("{{\"message\":{quoted}}}")),
        Fault::Failing => (500, String::new(), echo.clone()),
        Fault::Redirecting => {
            let first = secrets.first().map(|secret| percent(secret)).unwrap_or_default();
            (302, format!("location: http://127.0.0.1:9/?token={first}\r\n"), echo.clone())
        }
        Fault::Page => (200, String::new(), format!("<html><body>{echo}</body></html>")),
        Fault::NoJson | Fault::Refused | Fault::Tls => (200, String::new(), format!("{{\"data\": {echo}")),
        Fault::CutShort => (200, String::new(), format!("{{\"data\": {quoted}")),
    };
    let length = body.len() + if fault == Fault::CutShort { 99 } else { 0 };
    let intro = format!(
        "HTTP/1.1 {status} {}\r\n{location}connection: close\r\ncontent-length: {length}\r\n\r\n",
        secrets.first()?
    );
    stream.write_all(intro.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()
}

/// A journey whose tags and lines hold what gateways like to log.
fn data(path: &str, echo: &serde_json::Value) -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_micros() - 60_000_000;
    let span = format!(
        r#"{{"traceID":"0af7651916cd43dd8448eb211c80319c","spanID":"b7ad6b7169203331","operationName":"pay","references":[],"startTime":{now},"duration":1000,"tags":[{{"key":"correlation_id","type":"string","value":"req-42"}},{{"key":"http.request.header.authorization","type":"string","value":{echo}}}],"logs":[{{"timestamp":{now},"fields":[{{"key":"event","type":"string","value":{echo}}}]}}],"processID":"p1","warnings":[{echo}]}}"#
    );
    let trace = format!(
        r#"{{"traceID":"0af7651916cd43dd8448eb211c80319c","spans":[{span}],"processes":{{"p1":{{"serviceName":"shop","tags":[]}}}}}}"#
    );
    let line = serde_json::Value::from(format!("req-42 upstream got {}", echo.as_str().unwrap_or_default()));
    if path.starts_with("/api/services") {
        r#"{"data":["shop"],"errors":null}"#.to_owned()
    } else if path.starts_with("/api/traces") {
        format!(r#"{{"data":[{trace}],"errors":null}}"#)
    } else if path.contains("/query_range") && path.starts_with("/loki") {
        format!(
            r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"service_name":"shop"}},"values":[["{now}000",{line}]]}}]}}}}"#
        )
    } else if path.starts_with("/loki") {
        r#"{"status":"success","data":["service_name"]}"#.to_owned()
    } else {
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#.to_owned()
    }
}

/// A place for secrets: variables, files of the home, and which secrets are in them.
struct World {
    name: &'static str,
    vars: Vec<(&'static str, String)>,
    files: Vec<(&'static str, String)>,
    secrets: Vec<String>,
}

/// All worlds, with `BASE` for the servers' address and `HOST` for it without scheme.
fn worlds() -> Vec<World> {
    let base = |mut vars: Vec<(&'static str, String)>| {
        for name in ["TRACE_JAEGER_URL", "TRACE_LOKI_URL", "TRACE_PROMETHEUS_URL"] {
            vars.push((name, "BASE".to_owned()));
        }
        vars
    };
    let file = |name: &str| format!("{}\n", canary(name));
    let user = |name: &str| format!("SCHEME://{}:{}@HOST", percent(&canary("user")), percent(&canary(name)));
    let program = "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/environ >seen; tr '\\0' '\\n' </proc/$$/cmdline >>seen\ntr '\\0' '\\n' </proc/$PPID/cmdline >>seen\ncat told\n";
    vec![
        World {
            name: "tokens in variables",
            vars: base(
                [("TRACE_JAEGER_TOKEN", "1j"), ("TRACE_LOKI_TOKEN", "1l"), ("TRACE_PROMETHEUS_TOKEN", "1p")]
                    .map(|(name, place)| (name, canary(place)))
                    .to_vec(),
            ),
            files: vec![],
            secrets: ["1j", "1l", "1p"].map(canary).to_vec(),
        },
        World {
            name: "tokens in files",
            vars: base(vec![
                ("TRACE_JAEGER_TOKEN_FILE", "jaeger-token".to_owned()),
                ("LOKI_BEARER_TOKEN_FILE", "loki-token".to_owned()),
                ("LOKI_AUTH_HEADER", "X-Auth".to_owned()),
            ]),
            files: vec![("jaeger-token", file("2j")), ("loki-token", file("2l"))],
            secrets: ["2j", "2l"].map(canary).to_vec(),
        },
        World {
            name: "logcli's password, and addresses with users in variables",
            vars: vec![
                ("LOKI_ADDR", "BASE".to_owned()),
                ("LOKI_USERNAME", "me".to_owned()),
                ("LOKI_PASSWORD", canary("3l")),
                ("JAEGER_QUERY_URL", user("7j")),
                ("PROMETHEUS_URL", format!("SCHEME://{}@HOST", percent(&canary("7p")))),
            ],
            files: vec![],
            secrets: ["3l", "7j", "7p", "user"].map(canary).to_vec(),
        },
        World {
            name: "a profile's file, header and program",
            vars: vec![("SHOP_HEADER", canary("5l")), ("TRACE_CONFIG", "profile.toml".to_owned())],
            files: vec![
                (
                    "profile.toml",
                    "[jaeger]\nurl = \"BASE\"\nauth = { bearer_file = \"bearer\" }\n[loki]\nurl = \"BASE\"\nauth = { header = { name = \"X-Auth\", value_env = \"SHOP_HEADER\" } }\n[prometheus]\nurl = \"BASE\"\nauth = { command = [\"sh\", \"tell\"] }\n".to_owned(),
                ),
                ("bearer", file("4j")),
                ("told", file("6p")),
                ("tell", program.to_owned()),
            ],
            secrets: ["4j", "5l", "6p"].map(canary).to_vec(),
        },
        World {
            name: "a program beside tokens in variables, addresses with users in a profile",
            vars: vec![("TRACE_LOKI_TOKEN", canary("1b")), ("TRACE_CONFIG", "profile.toml".to_owned())],
            files: vec![
                (
                    "profile.toml",
                    format!("[jaeger]\nurl = \"{}\"\n[loki]\nurl = \"BASE\"\n[prometheus]\nurl = \"BASE\"\nauth = {{ command = [\"sh\", \"tell\"] }}\n", user("7f")),
                ),
                ("told", file("6b")),
                ("tell", program.to_owned()),
            ],
            secrets: ["1b", "7f", "6b", "user"].map(canary).to_vec(),
        },
        World {
            name: "a proxy's password",
            vars: vec![
                ("TRACE_JAEGER_URL", "SCHEME://jaeger.test".to_owned()),
                ("TRACE_LOKI_URL", "SCHEME://loki.test".to_owned()),
                ("TRACE_PROMETHEUS_URL", "SCHEME://prometheus.test".to_owned()),
                ("http_proxy", format!("http://px:{}@HOST", percent(&canary("9")))),
                ("https_proxy", format!("http://px:{}@HOST", percent(&canary("9")))),
            ],
            files: vec![],
            secrets: vec![canary("9")],
        },
    ]
}

const ASKING: [&[&str]; 16] = [
    &["find", "req-42"],
    &["timeline", "req-42"],
    &["span", "req-42", "b7ad6b7169203331"],
    &["logs", "req-42"],
    &["missing", "req-42", "--all"],
    &["phases"],
    &["alerts"],
    &["alerts", "--rules"],
    &["why", "--bad", "error", "--good", "!error"],
    &["diff", "req-42", "req-43"],
    &["errors", "--stack"],
    &["hotspots", "--all"],
    &["latency"],
    &["map"],
    &[
        "verify-pipeline",
        "--correlation-id",
        "req-42",
        "--expect",
        "pay",
        "--expect",
        "ship",
        "--junit",
        "junit.xml",
        "--json",
        "verdict.json",
        "--markdown",
        "verdict.md",
    ],
    &["doctor"],
];

/// Everything that a run said and wrote, beside what it was given.
fn everything(world: &World, port: u16, scheme: &str, args: &[&str]) -> (String, String) {
    let home = tempfile::tempdir().expect("a home");
    let host = format!("127.0.0.1:{port}");
    let filled = |text: &str| {
        text.replace("BASE", &format!("{scheme}://{host}")).replace("SCHEME", scheme).replace("HOST", &host)
    };
    for (name, text) in &world.files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(&path, filled(text)).expect("the file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_trace"));
    command.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").env("TZ", "UTC").current_dir(home.path());
    command.env("XDG_STATE_HOME", home.path().join("state"));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", home.path().join("summary.md"));
    for (name, text) in &world.vars {
        command.env(name, filled(text));
    }
    let output = command.args(args).stdin(Stdio::null()).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut all_output = format!("{stderr}{}", String::from_utf8_lossy(&output.stdout));
    let given: Vec<&str> = world.files.iter().map(|(name, _)| *name).collect();
    written(home.path(), home.path(), &given, &mut all_output);
    (all_output, format!("exit {:?}", output.status.code()))
}

fn written(root: &Path, folder: &Path, given: &[&str], all_output: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder").flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root).expect("below").display().to_string();
        if path.is_dir() {
            written(root, &path, given, all_output);
        } else if !given.contains(&name.as_str()) {
            *all_output += &format!("\n=== {name}\n{}", String::from_utf8_lossy(&fs::read(&path).expect("the file")));
        }
    }
}

fn assert_clean(all_output: &str, what: &str) {
    let places = ["1j", "1l", "1p", "2j", "2l", "3l", "4j", "5l", "6p", "1b", "6b", "7j", "7p", "7f", "user", "8", "9"];
    for place in places {
        for spelling in spellings(&canary(place)) {
            let at = all_output.find(&spelling);
            let near = at.map(|at| {
                String::from_utf8_lossy(
                    &all_output.as_bytes()[at.saturating_sub(200)..(at + 100).min(all_output.len())],
                )
                .into_owned()
            });
            assert!(at.is_none(), "{what}: the secret of place {place} as {spelling}:\n{}", near.unwrap_or_default());
        }
    }
}

#[test]
fn no_secret_comes_out_whatever_the_servers_answer() {
    let runs = Arc::new(Mutex::new(Vec::new()));
    for fault in FAULTS {
        for (at, _) in worlds().iter().enumerate() {
            runs.lock().expect("the runs").push((fault, at));
        }
    }
    let worker = |runs: Arc<Mutex<Vec<(Fault, usize)>>>| {
        while let Some((fault, at)) = { runs.lock().expect("the runs").pop() } {
            let world = &worlds()[at];
            let (port, received) = server(fault, world.secrets.clone());
            let scheme = if fault == Fault::Tls { "https" } else { "http" };
            for (nth, asked) in ASKING.iter().enumerate() {
                let mut args = asked.to_vec();
                args.extend([
                    "-v",
                    "-v",
                    "-v",
                    "--show-queries",
                    "--timeout",
                    "5s",
                    "--out",
                    "out",
                    "--jaeger-api",
                    "v1",
                ]);
                args.extend(["--record", "kept"]);
                args.extend(if asked[0] == "doctor" { [].as_slice() } else { ["--since", "10m"].as_slice() });
                args.extend(if nth % 2 == at % 2 { ["-o", "json"].as_slice() } else { [].as_slice() });
                let what = format!("{}, {fault:?}, {}", world.name, asked[0]);
                let (all_output, code) = everything(world, port, scheme, &args);
                assert_clean(&all_output, &what);
                // A span that repeats each request differently is several spans of one ID: that is an error, not shown.
                let is_several = fault == Fault::EchoAsData && asked[0] == "span";
                assert!(all_output.contains("=== out") || is_several, "{what}: {code}\n{all_output}");
                if asked[0] == "verify-pipeline" {
                    let files = ["junit.xml", "verdict.json", "verdict.md", "summary.md"];
                    assert!(
                        files.iter().all(|file| all_output.contains(&format!("=== {file}"))),
                        "{what}: {code}\n{all_output}"
                    );
                }
                if fault == Fault::EchoAsData && asked[0] == "find" {
                    assert!(all_output.contains("[REDACTED]"), "{what}: nothing was said back\n{all_output}");
                }
                if asked[0] == "find" && world.files.iter().any(|(name, _)| *name == "tell") {
                    assert!(all_output.contains("=== seen"), "{what}: the program did not run\n{all_output}");
                }
            }
            if fault == Fault::EchoAsData {
                let received = received.lock().expect("what it heard").clone();
                for secret in &world.secrets {
                    assert!(
                        spellings(secret).iter().any(|s| received.contains(s)),
                        "{}: {secret} was never sent",
                        world.name
                    );
                }
            }
        }
    };
    let threads: Vec<_> =
        (0..6).map(|_| Arc::clone(&runs)).map(|runs| std::thread::spawn(move || worker(runs))).collect();
    for thread in threads {
        thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e));
    }
}

#[test]
fn no_secret_comes_out_of_commands_that_send_no_request() {
    for world in worlds() {
        for args in [
            &["config", "show"][..],
            &["config", "show", "-o", "json"],
            &["schema"],
            &["completions", "bash"],
            &["demo"],
            &["find"],
        ] {
            let (all_output, _) = everything(&world, 9, "http", args);
            assert_clean(&all_output, &format!("{}, {args:?}", world.name));
        }
    }
}

#[test]
fn a_secret_on_the_command_line_is_refused_without_being_said() {
    let secret = canary("8");
    let no_backend = || World { name: "nobody", vars: vec![], files: vec![], secrets: vec![] };
    for words in [
        vec!["find".to_owned(), "x".into(), "--token".into(), secret.clone()],
        vec!["find".into(), "x".into(), format!("--loki-password={secret}")],
        vec!["find".into(), "x".into(), "--loki-url".into(), format!("http://me:{}@localhost:9", percent(&secret))],
        vec![
            "find".into(),
            "x".into(),
            "--jaeger-url".into(),
            format!("http://localhost:9?token={}", percent(&secret)),
        ],
        vec!["find".into(), "x".into(), "--jaeger-url".into(), format!("http://localhost:99999/?token={secret}")],
    ] {
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        let (all_output, code) = everything(&no_backend(), 9, "http", &args);
        assert_eq!(code, "exit Some(2)", "{all_output}");
        assert!(all_output.contains("hint: "), "{all_output}");
        assert_clean(&all_output, args[2]);
    }
    for name in ["TRACE_JAEGER_URL", "LOKI_ADDR", "PROMETHEUS_URL"] {
        let vars = vec![(name, format!("http://localhost:9/?token={secret}"))];
        let (all_output, code) = everything(&World { vars, ..no_backend() }, 9, "http", &["find", "x"]);
        assert_eq!(code, "exit Some(2)", "{all_output}");
        assert_clean(&all_output, name);
    }
}

/// What the `.trace.toml` of a hostile repository may try. None of the user's secrets is sent to its addresses.
#[test]
fn a_hostile_repository_gets_nothing() {
    let address = "[jaeger]\nurl = \"BASE\"\n[loki]\nurl = \"BASE\"\n[prometheus]\nurl = \"BASE\"\n";
    let tries = [
        (address.to_owned(), None),
        (format!("default_profile = \"mine\"\n{address}"), None),
        (format!("default_profile = \"mine\"\n[profiles.mine.loki]\nurl = \"BASE\"\n{address}"), None),
        ("[loki]\nurl = \"BASE\"\nauth = { bearer_env = \"AWS_SECRET_ACCESS_KEY\" }\n".to_owned(), Some(":3:")),
        ("[loki]\nurl = \"BASE\"\nauth = { bearer_file = \"../.ssh/id\" }\n".to_owned(), Some(":3:")),
        ("[loki]\nurl = \"BASE\"\nauth = { bearer_file = \"~/.ssh/id\" }\n".to_owned(), Some(":3:")),
        ("[loki]\nurl = \"BASE\"\nauth = { command = [\"touch\", \"ran\"] }\n".to_owned(), Some(":3:")),
        ("[loki]\nauth = { header = { name = \"x\", value_env = \"HOME\" } }\n".to_owned(), Some(":2:")),
        ("[profiles.mine.loki]\nauth = { command = [\"touch\", \"ran\"] }\n".to_owned(), Some(":2:")),
        ("[loki]\nurl = \"http://me:pw@HOST\"\n".to_owned(), Some(":2:")),
        ("proxy = \"BASE\"\n".to_owned(), Some(":1:")),
        ("[loki]\nproxy = \"BASE\"\n".to_owned(), Some(":2:")),
        ("out = \"/etc/passwd\"\n".to_owned(), Some(":1:")),
    ];
    let user = "[profiles.mine.loki]\nurl = \"http://localhost:1\"\nauth = { bearer_file = \"bearer\" }\n";
    for (project, refused_at) in tries {
        let (port, received) = server(Fault::EchoAsData, vec![canary("8")]);
        let world = World {
            name: "hostile",
            vars: vec![
                ("TRACE_JAEGER_TOKEN", canary("1j")),
                ("LOKI_USERNAME", "me".to_owned()),
                ("LOKI_PASSWORD", canary("3l")),
                ("TRACE_PROMETHEUS_TOKEN_FILE", "token".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", canary("1p")),
                ("LOKI_ORG_ID", canary("9")),
            ],
            files: vec![
                (".trace.toml", project.clone()),
                (".config/trace/config.toml", user.to_owned()),
                ("token", canary("2j")),
                ("bearer", canary("4j")),
            ],
            secrets: vec![],
        };
        let (all_output, code) =
            everything(&world, port, "http", &["find", "req-42", "--since", "10m", "--timeout", "5s"]);
        let received = received.lock().expect("what it heard").clone();
        assert_clean(&received, &project);
        assert!(!received.to_lowercase().contains("authorization"), "{project}\n{received}");
        assert!(!all_output.contains("=== ran"), "{project}");
        match refused_at {
            Some(place) => {
                assert!(
                    code == "exit Some(2)" && all_output.contains(&format!(".trace.toml{place}")),
                    "{project}\n{all_output}"
                );
                assert!(received.is_empty(), "{project}\n{received}");
            }
            None => assert!(all_output.contains("not sent to") && !received.is_empty(), "{project}\n{all_output}"),
        }
    }
}
