use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn check(table: &[(&str, &str)], masked: impl Fn(&str) -> String) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, expected)| (text, expected, masked(text)))
        .filter(|(_, expected, masked)| *expected != masked)
        .map(|(text, expected, masked)| format!("{text:?}\n  gives    {masked:?}\n  expected {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_keep_versions_and_products_and_lose_ids_and_counts() {
    check(
        &[
            // Versions.
            ("POST /api/v1/orders/17", "POST /api/v1/orders/#"),
            ("publish orders.v1", "publish orders.v1"),
            ("orders-v2 ordersV2 apis/apps/v1beta1", "orders-v2 ordersV2 apis/apps/v1beta1"),
            ("nginx/1.25.3 HTTP/1.1 HTTP/2 TLSv1.3", "nginx/1.25.3 HTTP/1.1 HTTP/2 TLSv1.3"),
            ("sdk 2.0.0-rc.1, python3.12", "sdk 2.0.0-rc.1, python3.12"),
            // Products, formats, standards.
            ("s3 PutObject", "s3 PutObject"),
            ("ec2 PutObject", "ec2 PutObject"),
            ("backup-s3 EC2.Describe utf8 utf-8 k8s", "backup-s3 EC2.Describe utf8 utf-8 k8s"),
            ("http2 oauth2 md5 sha256 base64 x509 log4j i18n", "http2 oauth2 md5 sha256 base64 x509 log4j i18n"),
            ("Base64Utf8Sha256Encode", "Base64Utf8Sha256Encode"),
            ("iso-8859-1 cp1252 CVE-2021-44228 rfc7231", "iso-8859-1 cp1252 CVE-2021-44228 rfc7231"),
            ("chat gpt-4o, chat claude-3-5-sonnet-20241022", "chat gpt-4o, chat claude-3-5-sonnet-#"),
            // Codes.
            ("HTTP 404", "HTTP 404"),
            ("HTTP GET 503 response", "HTTP GET 503 response"),
            // IDs and counts.
            ("essay-001 of batch-00af", "essay-# of batch-#"),
            ("no 3f2a9c1e-7c05-43a4-beae-034151654acd!", "no #!"),
            ("GET /essays/00af31c2d4/pages/7", "GET /essays/#/pages/#"),
            ("GET http://10.0.0.7:8080/x", "GET http://#/x"),
            ("worker-3 step_12 thread-pool-1-thread-17", "worker-# step_# thread-pool-#-thread-#"),
            ("cache.get(\"user 17\")", "cache.get(#)"),
            (
                "SELECT * FROM \"orders\" WHERE id = 5 AND name = 'x'",
                "SELECT * FROM \"orders\" WHERE id = # AND name = #",
            ),
            ("INSERT INTO `shop`.`orders` VALUES (1, 2, 3)", "INSERT INTO `shop`.`orders` VALUES (#)"),
            ("version 3 expected, 12 given", "version # expected, # given"),
            ("a\n  7 b", "a\n  # b"),
            ("well-known face", "well-known face"),
            ("", ""),
        ],
        mask,
    );
}

#[test]
fn a_number_is_kept_where_the_words_around_it_say_that_it_is_a_code() {
    check(
        &[
            ("HTTP 404 not found", "HTTP 404 not found"),
            ("HTTP/1.1 503 Service Unavailable", "HTTP/1.1 503 Service Unavailable"),
            ("404 Not Found", "404 Not Found"),
            (
                "Client error '404 Not Found' for url 'http://10.0.0.1/x/17'",
                "Client error '404 Not Found' for url 'http://<ip>/x/<n>'",
            ),
            ("Request failed with status code 409", "Request failed with status code 409"),
            ("upstream returned 503", "upstream returned 503"),
            ("Response status is 502, retry in 30 ms", "Response status is 502, retry in <n> ms"),
            ("the server responded with a 500", "the server responded with a 500"),
            ("not found (404)", "not found (404)"),
            ("503 response from 10.0.0.1", "503 response from <ip>"),
            ("{\"status\":503,\"took\":17}", "{\"status\":503,\"took\":<n>}"),
            ("http.status_code=503 httpStatus: 404", "http.status_code=503 httpStatus: 404"),
            ("SQLSTATE 23505", "SQLSTATE 23505"),
            ("SQLSTATE[42S02]: no table", "SQLSTATE[42S02]: no table"),
            ("ERROR 1205 (HY000): Lock wait timeout", "ERROR 1205 (HY000): Lock wait timeout"),
            ("23505: duplicate key", "23505: duplicate key"),
            ("duplicate key (23505)", "duplicate key (23505)"),
            ("ERROR: deadlock detected (SQLSTATE 40P01)", "ERROR: deadlock detected (SQLSTATE 40P01)"),
            ("ORA-00001: unique constraint", "ORA-00001: unique constraint"),
            ("WSVR0001I SQL0204N error[E0502]", "WSVR0001I SQL0204N error[E0502]"),
            ("error code 1205, code: -32601", "error code 1205, code: -32601"),
            ("Error number 18456", "Error number 18456"),
            ("exit code 137, exited with 1, signal 9", "exit code 137, exited with 1, signal 9"),
            ("[Errno 111] refused, os error 104", "[Errno 111] refused, os error 104"),
            ("HRESULT: 0x80070005", "HRESULT: 0x80070005"),
            ("rpc error: code = 14", "rpc error: code = 14"),
            ("14 UNAVAILABLE: no connection", "14 UNAVAILABLE: no connection"),
            ("404", "404"),
            ("too many 5xx of s3", "too many 5xx of s3"),
            ("'utf-8' codec, unknown topic 'orders.v2'", "'utf-8' codec, unknown topic 'orders.v2'"),
            // Counts, and what is counted.
            ("42 items, after 30 ms", "<n> items, after <n> ms"),
            ("attempt 3 of 5", "attempt <n> of <n>"),
            ("error: 42 rows were locked", "error: <n> rows were locked"),
            ("returned 500 rows", "returned <n> rows"),
            ("received 512 bytes", "received <n> bytes"),
            ("status of 3 jobs", "status of <n> jobs"),
            ("17 errors", "<n> errors"),
            ("port 5432, line 17, localhost:5432", "port <n>, line <n>, localhost:<n>"),
            ("code 1234567", "code <n>"),
            ("404 orders, order 404", "<n> orders, order <n>"),
            ("order ORD-12345 of user12345", "order ORD-<n> of user<n>"),
        ],
        mask_message,
    );
}

#[test]
fn what_varies_in_a_message_is_masked() {
    check(
        &[
            ("version 3 expected, 12.5 given", "version <n> expected, <n> given"),
            ("essay 3f2a9c1e-7c05-43a4-beae-034151654acd: gone", "essay <id>: gone"),
            ("at 2026-11-22T13:02:11.112Z, [13:02:11] on 2026-11-22", "at <time>, [<time>] on <time>"),
            ("connect to 10.0.0.7:5432 (::1) or 10.0.0.7 failed.", "connect to <ip> (<ip>) or <ip> failed."),
            ("to [2001:db8::7]:443, 2001:db8:: and 00:1b:44:11:3a:b7", "to <ip> and <ip>"),
            ("add::bad in std::fs::File", "add::bad in std::fs::File"),
            ("no \"Müller & Co\" in 'x' or `y`; don't", "no <text> in <text> or <text>; don't"),
            ("GET /v1/essays/00af31c2d4/page/7?user=12 took 45ms", "GET /v1/essays/<id>/page/<n>?user=<n> took <n>ms"),
            ("id=17 key= utf8 s3 0x7f order-001 of b-dd36", "id=<n> key= utf8 s3 <id> order-<n> of b-<id>"),
            (
                "Connection to node -1 (localhost/127.0.0.1:9092) failed",
                "Connection to node -<n> (localhost/<ip>) failed",
            ),
            ("read tcp 10.1.2.3:43122->10.1.2.4:5432: i/o timeout", "read tcp <ip>-><ip>: i/o timeout"),
            ("Get \"http://10.0.0.7:80/v1/x/42\": EOF", "Get \"http://<ip>/v1/x/<n>\": EOF"),
            (
                "unique constraint \"users_email_key\" DETAIL: Key (email, id)=(a.b@example.com, 42) exists",
                "unique constraint \"users_email_key\" DETAIL: Key (email, id)=(<email>, <n>) exists",
            ),
            (
                "Pool(host='content', port=8001): url: /v1/x/123 (by NewError('<a.B object at 0x7f8a1c2d3e4f>: [Errno 111] no'))",
                "Pool(host=<text>, port=<n>): url: /v1/x/<n> (by NewError('<a.B object at <id>>: [Errno 111] no'))",
            ),
            (
                "status code 503, SQLSTATE 40001, code=14: HTTP 500",
                "status code 503, SQLSTATE 40001, code=14: HTTP 500",
            ),
            ("Task a.Task@7d4991ad of a.Pool@28d9b[size = 1]", "Task a.Task@<id> of a.Pool@<id>[size = <n>]"),
            ("lodash@4.17.21", "lodash@4.17.21"),
            (
                "no {3f2a9c1e-7c05-43a4-beae-034151654acd} in 2m30s, 1.5s, PT1.5S or 30000ms",
                "no {<id>} in <n>m<n>s, <n>s, <n> or <n>ms",
            ),
            ("Topic orders-v1 from pod web-7d9f8b6c5d-x2k9p", "Topic orders-v1 from pod web-<id>-<id>"),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "<id>"),
            ("face-2-face, feed-20261122", "face-<n>-face, feed-<id>"),
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.a-b", "<id> <id>"),
            (
                "{\"size\": 4, \"message\":\"no user 7\"} for \"anna\": no",
                "{\"size\": <n>, \"message\":<text>} for <text>: no",
            ),
            ("KeyError: 'essay_id'; sizes [1, 2, 33] and 1,234,567", "KeyError: 'essay_id'; sizes [<n>] and <n>"),
            ("on 22.11.2026 and 1.234.567 of it", "on <n> and <n> of it"),
            ("first\n  second", "first"),
            ("  \"open", "\"open"),
            ("über 7 Brücken…", "über <n> Brücken…"),
            ("", ""),
        ],
        mask_message,
    );
}

/// Values that are replaced, by what they are: any two of one kind are the same to a reader who compares two runs.
fn any_value() -> impl Strategy<Value = (String, String)> {
    let two = |of: BoxedStrategy<String>| (of.clone(), of).boxed();
    let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}".boxed();
    prop_oneof![
        two(uuid),
        two("[0-9a-f]{7}[0-9][0-9a-f]{8,24}".boxed()),
        two("[0-9]{6,12}".boxed())
            .prop_filter("both are hexadecimal, or none", |(a, b)| (a.len() < 8) == (b.len() < 8)),
        two("0x[0-9a-f]{6,12}".boxed()),
        two("(1[0-9]{2}|2[0-4][0-9])(\\.[1-9][0-9]?){3}(:[0-9]{2,5})?".boxed()),
        two("[a-z]{3,8}@[a-z]{3,8}\\.(com|io)".boxed()),
        two("20[0-9]{2}-1[0-2]-[0-2][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z".boxed()),
        two("'[a-z]{1,8} [a-z]{1,8}'".boxed()),
        two("\"[A-Z][a-z]{1,8}\"".boxed()),
    ]
}

/// What is kept wherever it is a word by itself.
const KEPT: [&str; 22] = [
    "v1",
    "v2.3",
    "1.25.3",
    "s3",
    "ec2",
    "utf8",
    "utf-8",
    "k8s",
    "http2",
    "x509",
    "sha256",
    "orders.v1",
    "ordersV2",
    "HTTP 404",
    "status 503",
    "SQLSTATE 23505",
    "error code 1205",
    "exit code 137",
    "ORA-00001",
    "errno 111",
    "404 Not Found",
    "5xx",
];

fn any_words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(&KEPT[..]).prop_map(str::to_owned),
        any_value().prop_map(|(value, _)| value),
        "[0-9]{1,4}".boxed(),
        "[a-z]{2,7}ü?".boxed(),
        prop::sample::select(vec!["of", "status", "error", "{\"a\":", "it's"]).prop_map(str::to_owned),
    ];
    let between = prop::sample::select(vec![
        " ", " ", " ", ", ", ": ", "/", "=", " - ", " (", ") ", " [", "] ", "} ", " #", ". ",
    ]);
    prop::collection::vec((word, between), 0..8)
        .prop_map(|words| words.into_iter().map(|(word, between)| word + between).collect())
}

proptest! {
    #[test]
    fn what_is_masked_stays_as_it_is(text in any_words()) {
        let name = mask(&text);
        prop_assert_eq!(mask(&name), name);
        let message = mask_message(&text);
        prop_assert_eq!(mask_message(&message), message);
    }

    #[test]
    fn texts_that_differ_only_in_a_value_are_one((one, other) in any_value(), before in "([a-z]{2,8} ){1,3}", after in "( [a-z]{2,8}){0,3}") {
        let text = |value: &str| format!("{before}{value}{after}");
        prop_assert_eq!(mask(&text(&one)), mask(&text(&other)));
        prop_assert_eq!(mask_message(&text(&one)), mask_message(&text(&other)));
    }

    #[test]
    fn a_kept_word_never_changes(kept in prop::sample::select(&KEPT[..]), before in "([a-z]{2,8} ){0,3}", after in "(, [a-z]{2,8}){0,3}") {
        let text = format!("{before}{kept}{after}");
        prop_assert_eq!(mask(&text), text.clone());
        prop_assert_eq!(mask_message(&text), text);
    }

    #[test]
    fn any_text_is_masked_to_about_its_size(text in ".{0,60}") {
        prop_assert!(mask(&text).len() <= text.len());
        prop_assert!(mask_message(&text).len() <= 6 * text.len());
    }
}

#[test]
fn a_long_message_is_cut_and_a_long_name_is_read_whole() {
    assert!(mask_message(&"ü".repeat(5_000)).len() <= LONGEST);
    let statement = "SELECT 'a' \"b\" ".repeat(20_000);
    assert_eq!(mask(&statement).len(), "SELECT # # ".len() * 20_000);
}

#[test]
fn texts_that_differ_in_one_word_are_one_unless_it_is_a_code() {
    type Case = (&'static [&'static str], &'static [(&'static str, u64)]);
    let table: [Case; 5] = [
        (
            &["no user anna here now", "no user berta here now", "no user carl here now", "no user", "no way"],
            &[("no user <*> here now", 3), ("no user", 1), ("no way", 1)],
        ),
        (
            &["upstream returned HTTP 404 now", "upstream returned HTTP 500 now", "upstream returned HTTP 503 now"],
            &[
                ("upstream returned HTTP 404 now", 1),
                ("upstream returned HTTP 500 now", 1),
                ("upstream returned HTTP 503 now", 1),
            ],
        ),
        (
            &["no leader for orders.v1 now", "no leader for orders.v2 now", "no leader for orders.v3 now"],
            &[
                ("no leader for orders.v1 now", 1),
                ("no leader for orders.v2 now", 1),
                ("no leader for orders.v3 now", 1),
            ],
        ),
        (&["the page ee55b1 is gone", "the page zz9 is gone", "the page kk is gone"], &[("the page <*> is gone", 3)]),
        (&["only two here a", "only two here b"], &[("only two here a", 1), ("only two here b", 1)]),
    ];
    for (texts, expected) in table {
        let messages: BTreeMap<String, u64> = texts.iter().map(|text| ((*text).to_owned(), 1)).collect();
        let expected: Vec<(String, u64)> = expected.iter().map(|(text, n)| ((*text).to_owned(), *n)).collect();
        assert_eq!(cluster_counts(&messages), expected);
    }
}
