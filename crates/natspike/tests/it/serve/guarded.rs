//! What is refused, and that nothing is told with it.

use super::server::{Server, TOKEN};
use super::{recording, text};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// Every kind of thing that is answered.
const PATHS: [&str; 9] = [
    "/",
    "/app.js",
    "/nothing",
    "/api/v1/session",
    "/api/v1/files",
    "/api/v1/queries",
    "/api/v1/openapi.json",
    "/api/v1/nothing",
    "/api/v1/jobs/x/events",
];

#[test]
fn nothing_is_answered_without_the_token() {
    let (folder, _) = recording();
    let server = Server::start(folder.path(), &[]);
    let other = format!("natspike-{}={TOKEN}", server.port ^ 1);
    for path in PATHS {
        for headers in [
            &[][..],
            &[("Authorization", "Bearer 0123456789abcdef")],
            &[("Authorization", TOKEN)],
            &[("Authorization", "Basic MDEyMzQ1Njc4OWFiY2RlZg==")],
            &[("Cookie", other.as_str())],
            &[("Cookie", "natspike=x; a=b")],
        ] {
            let answer = server.plain(&format!("GET {path}"), headers);
            assert_eq!(answer.status, 401, "{path} {headers:?}");
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(said.contains("token is missing or wrong"), "{said}");
        }
        let with_query = format!("GET {path}?token=0123456789abcdef0123456789abcdee");
        assert_eq!(server.plain(&with_query, &[]).status, 401, "{path}");
    }
}

#[test]
fn other_pages_and_other_names_are_refused_even_with_the_token() {
    let (folder, _) = recording();
    let server = Server::start(folder.path(), &[]);
    let bearer = format!("Bearer {TOKEN}");
    let cookie = format!("natspike-{}={TOKEN}", server.port);
    let own = format!("http://127.0.0.1:{}", server.port);
    let token = ("Authorization", bearer.as_str());
    for origin in ["http://evil.example.com", "null", "https://127.0.0.1", ""] {
        let foreign = ("Origin", origin);
        for line in [
            "GET /api/v1/session",
            "GET /",
            "POST /api/v1/reports",
            "OPTIONS /api/v1/reports",
        ] {
            let answer = server.plain(line, &[token, foreign]);
            assert_eq!(answer.status, 403, "{line} {origin}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    for host in [
        "evil.example.com",
        "127.0.0.1",
        "127.0.0.1:1",
        "192.0.2.1:80",
    ] {
        let answer = server.plain("GET /api/v1/session", &[token, ("Host", host)]);
        assert_eq!(
            (answer.status, answer.name().as_str()),
            (403, "ForeignHost"),
            "{host}"
        );
    }
    let with_cookie = [("Cookie", cookie.as_str())];
    assert_eq!(
        server.plain("GET /api/v1/session", &with_cookie).status,
        200
    );
    let change = "POST /api/v1/reports";
    assert_eq!(server.plain(change, &with_cookie).name(), "NoOrigin");
    let said = [("Cookie", cookie.as_str()), ("Origin", own.as_str())];
    // It is let through, and found to have no body.
    assert_eq!(server.plain(change, &said).status, 415);
}

#[test]
fn the_token_becomes_a_cookie_that_scripts_cannot_read() {
    let (folder, _) = recording();
    let server = Server::start(folder.path(), &[]);
    let expected = format!("http://127.0.0.1:{}/?token={TOKEN}\n", server.port);
    assert_eq!(server.printed, expected);
    let answer = server.plain(&format!("GET /?token={TOKEN}"), &[]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let page = server.plain("GET /", &[("Cookie", &pair)]);
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    let html = String::from_utf8(page.body).unwrap();
    assert!(
        !html.contains("<script>") && !html.contains(" style="),
        "{html}"
    );
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "{html}"
    );
}

#[test]
fn no_path_leads_out_of_what_may_be_opened() {
    let (folder, path) = recording();
    let above = fs::canonicalize(folder.path()).unwrap();
    let root = above.join("logs");
    fs::create_dir(&root).unwrap();
    fs::copy(&path, root.join("a.log")).unwrap();
    let server = Server::start(&root, &[]);
    let root = text(&root);
    for outside in [
        path.clone(),
        format!("{root}/../nat.log"),
        format!("{root}/../logs/../nat.log"),
        "../nat.log".to_owned(),
        "/etc/passwd".to_owned(),
        "file:///etc/passwd".to_owned(),
        "upload:../../nat.log".to_owned(),
        "-".to_owned(),
        "--help".to_owned(),
        format!("{root}/\u{0}/a.log"),
        format!("{}/*.log", text(&above)),
    ] {
        let opened = server.post("/reports", &json!({"sources": [outside]}));
        assert!(
            [403, 404].contains(&opened.status),
            "{outside}: {}",
            opened.head
        );
        let asked = server.post("/investigations", &json!({"sources": [outside]}));
        assert!(
            [403, 404].contains(&asked.status),
            "{outside}: {}",
            asked.head
        );
    }
    assert_eq!(server.get("/files?path=%2Fetc").status, 403);
    assert_eq!(server.get(&format!("/files?path={root}%2F..")).status, 403);
    for line in [
        "GET /../Cargo.toml",
        "GET /%2e%2e%2fCargo.toml",
        "GET /..%2f..%2fetc%2fpasswd",
        "GET //etc/passwd",
        "GET /api/v1/../../etc/passwd",
        "GET /api/v1/queries/..%2f..%2fetc%2fpasswd",
        "GET /api/v1/queries/..",
        "GET /api/v1/jobs/..%2fx",
        "DELETE /api/v1/uploads/..%2f..",
        "DELETE /api/v1/uploads/..",
    ] {
        assert_eq!(server.ask(line).status, 404, "{line}");
    }
    assert!(above.join("nat.log").exists());
    // What may be opened still can.
    server.open(&json!({"sources": [format!("{root}/a.log")]}));
}

#[test]
fn uploads_are_bounded_and_lead_nowhere() {
    let (folder, _) = recording();
    let server = Server::start(folder.path(), &["--max-upload", "1000000"]);
    let head = |length: u64| {
        format!(
            "POST /api/v1/uploads?name=big.log&kind=flow-log HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
             Connection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n",
            server.port
        )
    };
    // Two gigabytes are refused before the first of them is read.
    let refused = server.raw(head(2 << 30).as_bytes());
    assert_eq!(
        (refused.status, refused.name().as_str()),
        (413, "UploadTooLarge")
    );
    assert!(String::from_utf8_lossy(&refused.body).contains("1000000 bytes"));
    // What does not say its length is refused when it is too long.
    let head = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let piece = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let sent = (0..1_000).take_while(|_| stream.write_all(&piece).is_ok());
    assert!(sent.count() < 500, "it read far more than its limit");
    let kept = server.get("/uploads").json();
    assert_eq!(kept, json!({"uploads": []}));
    for name in [
        "..%2Fa.log",
        "%2Fetc%2Fpasswd",
        "..",
        ".bashrc",
        "-o",
        "a%0Ab",
        "",
    ] {
        let answer = server.send(&format!("/uploads?name={name}&kind=flow-log"), "", b"x");
        assert_eq!(
            (answer.status, answer.name().as_str()),
            (422, "BadName"),
            "{name}"
        );
    }
    assert_eq!(
        server.send("/uploads?name=a&kind=program", "", b"x").status,
        400
    );
    // A body of JSON is bounded, too.
    let long = json!({"sources": ["a".repeat(2 << 20)]});
    assert_eq!(server.post("/reports", &long).status, 413);
}

#[test]
fn who_can_be_reached_by_others_needs_a_token_of_the_user_s() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |arguments: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_natspike"))
            .arg("serve")
            .args(arguments)
            .env_clear()
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let status = child.wait().unwrap();
        let output = child.wait_with_output().unwrap();
        (status.code(), super::super::text(&output.stderr))
    };
    let (code, said) = serve(&["--bind", "0.0.0.0"]);
    assert_eq!(code, Some(2));
    for word in ["--token", "others can reach that address", "overheard"] {
        assert!(said.contains(word), "{said}");
    }
    let (code, said) = serve(&["--bind", "0.0.0.0", "--token", "short"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("at least 16 letters"), "{said}");
    let (code, said) = serve(&["nothing-there"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("open nothing-there"), "{said}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = serve(&["--port", &port]);
    assert_eq!(code, Some(2));
    assert!(said.contains("choose another port with --port"), "{said}");
}

#[cfg(unix)]
#[test]
fn what_was_sent_is_gone_when_it_ends() {
    let (folder, _) = recording();
    let place = folder.path().join("tmp");
    fs::create_dir(&place).unwrap();
    let mut server = Server::start_with(folder.path(), &[], &[("TMPDIR", &text(&place))]);
    let sent = server.send("/uploads?name=a.log&kind=flow-log", "", b"x");
    assert_eq!(sent.status, 201);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    let ended = Command::new("kill").arg(server.id().to_string()).status();
    assert!(ended.unwrap().success());
    assert!(server.ended());
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
}
