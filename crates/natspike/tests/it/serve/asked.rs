//! What is answered: the same as the commands print.

use super::server::{Server, TOKEN};
use super::{natspike, recording};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Without what only the API says.
fn without_totals(mut report: Value) -> Value {
    let report_object = report.as_object_mut().expect("an object");
    assert!(report_object.remove("totals").is_some());
    report
}

#[test]
fn a_report_is_what_analyze_prints() {
    let (folder, path) = recording();
    let server = Server::start(folder.path(), &[]);
    for (options, arguments) in [
        (json!({}), vec![]),
        (
            json!({"region": ["eu-west-1"]}),
            vec!["--region", "eu-west-1"],
        ),
        (json!({"nat_rate": "0.5"}), vec!["--nat-rate", "0.5"]),
        (
            json!({"where": "src = 10.0.1.6 or dst = 10.0.1.6"}),
            vec!["--where", "src = 10.0.1.6 or dst = 10.0.1.6"],
        ),
    ] {
        let id = server.open(&json!({"sources": [path], "options": options}));
        let shown = server.get(&format!("/reports/{id}?top=0")).json();
        let mut analyze = vec!["analyze", &path, "--output", "json", "--top", "0"];
        analyze.extend(arguments);
        let printed: Value = serde_json::from_slice(&natspike(folder.path(), &analyze)).unwrap();
        assert_eq!(
            shown["totals"]["sources"],
            printed["sources"].as_array().unwrap().len()
        );
        let (mut shown, mut printed) = (without_totals(shown), printed);
        // Pairs are as many as a picture shows, and by port only where times are kept.
        for report in [&mut shown, &mut printed] {
            report["pairs"] = Value::Null;
            report["ports"] = Value::Null;
        }
        assert_eq!(shown, printed);
    }
}

#[test]
fn the_same_request_is_read_once_and_a_file_that_changed_again() {
    let (folder, path) = recording();
    let server = Server::start(folder.path(), &[]);
    let request = json!({"sources": [path]});
    let id = server.open(&request);
    let again = server.post("/reports", &request);
    assert_eq!(again.status, 200);
    assert_eq!(
        (&again.json()["id"], &again.json()["job"]),
        (&json!(id), &Value::Null)
    );
    let jobs = server.get("/jobs").json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(
        server.get(&format!("/reports/{id}")).json()["bytes"]["processed"],
        10_500
    );
    let more = super::LINES
        .lines()
        .nth(1)
        .expect("a line")
        .replace(" 1000 ", " 2000 ");
    fs::write(&path, format!("{}{more}\n", super::LINES)).unwrap();
    assert_eq!(server.open(&request), id);
    assert_eq!(
        server.get(&format!("/reports/{id}")).json()["bytes"]["processed"],
        12_500
    );
    // And when somebody says so.
    let refreshed = server.post("/reports?refresh=true", &request);
    assert_eq!(refreshed.status, 202);
    server.end_of(refreshed.json()["job"].as_str().unwrap());
    let listed = server.get("/reports").json();
    assert_eq!(listed["reports"].as_array().unwrap().len(), 1);
    assert_eq!(
        server.ask(&format!("DELETE /api/v1/reports/{id}")).status,
        204
    );
    assert_eq!(
        server.get(&format!("/reports/{id}")).name(),
        "UnknownReport"
    );
    assert!(Path::new(&path).exists());
}

#[test]
fn what_cannot_be_read_says_why_in_the_words_of_the_command() {
    let (folder, path) = recording();
    fs::write(folder.path().join("words.txt"), "no flow log\n").unwrap();
    let server = Server::start(folder.path(), &[]);
    let words = path.replace("nat.log", "words.txt");
    for (request, status, part) in [
        (json!({"sources": []}), 422, "Nothing is named to read"),
        (
            json!({"sources": [format!("{path}x")]}),
            404,
            "check the path",
        ),
        (
            json!({"sources": [path], "options": {"where": "port ="}}),
            422,
            "column",
        ),
        (
            json!({"sources": [path], "options": {"nat_rate": "x"}}),
            0,
            "--nat-rate",
        ),
        (json!({"sources": [words]}), 0, "not a flow log in a layout"),
        (
            json!({"sources": [path], "options": {"colour": "red"}}),
            422,
            "unknown field `colour`",
        ),
        (json!({"sources": "x"}), 422, "invalid type"),
    ] {
        let answer = server.post("/reports", &request);
        let said = match answer.json()["job"].as_str() {
            None => answer.json(),
            Some(job) => server.end_of(job)["error"].clone(),
        };
        let detail = said["detail"].as_str().unwrap_or_else(|| panic!("{said}"));
        assert!(detail.contains(part), "{request}: {detail}");
        if status != 0 {
            assert_eq!(answer.status, status, "{request}");
        }
    }
}

#[test]
fn a_query_is_what_investigate_answers_and_stays_in_the_history() {
    let (folder, path) = recording();
    let server = Server::start(folder.path(), &[]);
    let question = json!({
        "sources": [path],
        "options": {"analysis": ["traffic-summary", "ssh-outbound"], "by": "packets", "limit": 5}
    });
    let job = server.post("/investigations", &question).json();
    let job = server.end_of(job["id"].as_str().unwrap());
    assert_eq!(job["state"], "done", "{job}");
    let place = job["result"].as_str().unwrap().replace("/api/v1", "");
    let found = server.get(&place).json();
    let id = place.rsplit('/').next().unwrap();
    let shown: Value =
        serde_json::from_slice(&natspike(folder.path(), &["show", id, "--output", "json"]))
            .unwrap();
    assert_eq!(found, shown);
    let arguments = [
        "investigate",
        "traffic-summary",
        &path,
        "--analysis",
        "ssh-outbound",
    ];
    let more = [
        "--by",
        "packets",
        "--limit",
        "5",
        "--output",
        "json",
        "--no-history",
    ];
    let printed = natspike(folder.path(), &[&arguments[..], &more].concat());
    assert_eq!(found, serde_json::from_slice::<Value>(&printed).unwrap());
    let listed = server.get("/queries?limit=1").json();
    assert_eq!(listed["queries"][0]["id"], id);
    for form in ["csv", "markdown", "json"] {
        let saved = server.get(&format!("{place}?form={form}"));
        let kept = natspike(folder.path(), &["show", id, "--output", form]);
        assert_eq!(saved.body, kept, "{form}");
        let disposition = saved.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; "), "{disposition}");
    }
    assert_eq!(server.get("/queries/zzzzzzzz").name(), "UnknownQuery");
    // About a report: what it is made of, with its filter.
    let report = json!({"sources": [path], "options": {"where": "port = 22"}});
    let report = server.open(&report);
    let question = json!({"report": report, "options": {"analysis": ["traffic-summary"]}});
    let job = server.post("/investigations", &question).json();
    let job = server.end_of(job["id"].as_str().unwrap());
    let place = job["result"].as_str().unwrap().replace("/api/v1", "");
    let found = server.get(&place).json();
    assert_eq!(found["question"]["filter"], "port = 22");
    assert_eq!(found["tables"][0]["total"]["bytes"], 500);
}

#[test]
fn a_long_run_can_be_followed_and_cancelled() {
    let (folder, path) = recording();
    let line = super::LINES.lines().nth(1).expect("a line");
    let long = format!("{}{}", super::LINES, format!("{line}\n").repeat(4_000_000));
    fs::write(&path, long).unwrap();
    let server = Server::start(folder.path(), &[]);
    let asked = server
        .post("/investigations", &json!({"sources": [path]}))
        .json();
    let id = asked["id"].as_str().unwrap().to_owned();
    assert_eq!(asked["state"], "running");
    let cancelled = server.ask(&format!("DELETE /api/v1/jobs/{id}"));
    assert_eq!(cancelled.status, 202);
    // The events go on until the end, and then the answer ends.
    let events = server.get(&format!("/jobs/{id}/events"));
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    let told = String::from_utf8(events.body).unwrap();
    assert!(told.contains("event: end"), "{told}");
    let job = server.end_of(&id);
    assert_eq!(
        (&job["state"], &job["result"]),
        (&json!("cancelled"), &Value::Null)
    );
    let progress = &job["progress"];
    assert!(
        progress["bytes"].as_u64() < progress["total_bytes"].as_u64(),
        "{job}"
    );
    let last = server.get("/queries?limit=1").json();
    assert_eq!(last["queries"][0]["outcome"], "failed");
    let error = last["queries"][0]["error"].as_str().unwrap();
    assert!(error.contains("it was cancelled"), "{error}");
    assert_eq!(server.get("/jobs/none").name(), "UnknownJob");
}

#[test]
fn what_is_sent_can_be_opened_listed_and_compared() {
    let (folder, path) = recording();
    let server = Server::start(folder.path(), &[]);
    let sent = server.send(
        "/uploads?name=my%20nat.log&kind=flow-log",
        "",
        super::LINES.as_bytes(),
    );
    assert_eq!(sent.status, 201);
    let upload = sent.json();
    let id = upload["id"].as_str().unwrap();
    let source = format!("upload:{id}");
    let report = server.open(&json!({"sources": [source]}));
    let listed = server.get("/reports").json();
    assert_eq!(listed["reports"][0]["title"], "my nat.log");
    let shown = server.get(&format!("/reports/{report}")).json();
    assert_eq!(shown["bytes"]["processed"], 10_500);
    let broken = server.send(
        "/uploads?name=list.csv&kind=cidr-list",
        "",
        b"10.0.0.0/8,a\nx,y\n",
    );
    assert_eq!(broken.name(), "UnreadableList");
    let detail = broken.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("list.csv") && detail.contains("line 2"),
        "{detail}"
    );
    assert!(!detail.contains("/list.csv"), "{detail}");
    let list = server.send(
        "/uploads?name=mine.csv&kind=cidr-list",
        "",
        b"198.51.100.0/24,office\n",
    );
    assert_eq!(list.json()["prefixes"], 1);
    let question = json!({
        "report": report,
        "options": {"analysis": ["cidr-connections"], "cidr_lists": [list.json()["id"]]}
    });
    let job = server.post("/investigations", &question).json();
    let job = server.end_of(job["id"].as_str().unwrap());
    let place = job["result"].as_str().unwrap().replace("/api/v1", "");
    let found = server.get(&place).json();
    assert!(found["tables"][0].to_string().contains("office"), "{found}");
    assert_eq!(found["question"]["sources"][0], "my nat.log");
    // A report that was saved against one that is open.
    let saved = natspike(
        folder.path(),
        &[
            "analyze",
            &path,
            "--output",
            "json",
            "--top",
            "0",
            "--nat-rate",
            "0.09",
        ],
    );
    let before = server
        .send("/uploads?name=before.json&kind=report", "", &saved)
        .json();
    let sides = json!({"before": {"upload": before["id"]}, "after": {"report": report}});
    let compared = server.post("/comparisons", &sides).json();
    assert_eq!(compared["schema"], "natspike.comparison/1");
    assert_eq!(compared["increase_percent"], -50.0);
    assert_eq!(
        server
            .post("/comparisons", &json!({"before": {}, "after": {}}))
            .name(),
        "NoSide"
    );
    assert_eq!(
        server.ask(&format!("DELETE /api/v1/uploads/{id}")).status,
        204
    );
    assert_eq!(
        server.ask(&format!("DELETE /api/v1/uploads/{id}")).status,
        404
    );
}

#[test]
fn html_in_a_name_stays_a_text() {
    let (folder, _) = recording();
    let server = Server::start(folder.path(), &[]);
    let name = "%3Cimg%20src=x%20onerror=alert(1)%3E.log";
    let target = format!("/uploads?name={name}&kind=flow-log");
    let sent = server.send(&target, "", super::LINES.as_bytes()).json();
    let source = format!("upload:{}", sent["id"].as_str().unwrap());
    let report = server.open(&json!({"sources": [source]}));
    let listed = server.get("/reports");
    assert_eq!(listed.header("content-type"), Some("application/json"));
    assert_eq!(listed.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        listed.json()["reports"][0]["title"],
        "<img src=x onerror=alert(1)>.log"
    );
    let page = server.get(&format!("/reports/{report}/export?form=html"));
    let disposition = page.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    let html = String::from_utf8(page.body).unwrap();
    assert!(
        html.contains("&lt;img src=x") && !html.contains("<img"),
        "it is no text"
    );
}

#[test]
fn it_says_what_can_be_opened_asked_and_chosen() {
    let (folder, path) = recording();
    fs::create_dir(folder.path().join(".aws")).unwrap();
    let profiles = "[default]\n[profile shop]\nregion = eu-west-1\n";
    fs::write(folder.path().join(".aws/config"), profiles).unwrap();
    let server = Server::start(folder.path(), &["--region", "eu-central-1"]);
    let session = server.get("/session").json();
    assert_eq!(session["default_region"], "eu-central-1");
    #[cfg(feature = "aws")]
    assert_eq!(session["profiles"], json!(["default", "shop"]));
    let analyses = session["analyses"].as_array().unwrap();
    assert_eq!(analyses.len(), 19);
    let scan = analyses
        .iter()
        .find(|it| it["name"] == "port-scan")
        .unwrap();
    assert_eq!(scan["is_rule"], true);
    let tries = session["thresholds"].as_array().unwrap();
    let tries = tries.iter().find(|it| it["name"] == "tries").unwrap();
    assert_eq!(tries["default"], 30);
    let names = session["filter_names"].as_array().unwrap();
    assert!(
        names
            .iter()
            .any(|it| it["name"] == "port" && it["kind"] == "port")
    );
    let root = session["roots"][0].as_str().unwrap();
    let files = server.get(&format!("/files?path={root}")).json();
    assert_eq!(files["entries"][0]["path"], path.as_str());
    let fine = server.get("/filters/check?text=port%20=%20https").json();
    assert_eq!(
        (&fine["ok"], &fine["canonical"]),
        (&json!(true), &json!("port = 443"))
    );
    let wrong = server.get("/filters/check?text=prt%20=%20443").json();
    assert_eq!((&wrong["ok"], &wrong["column"]), (&json!(false), &json!(0)));
    assert!(
        wrong["message"]
            .as_str()
            .unwrap()
            .contains("did you mean port"),
        "{wrong}"
    );
    let bearer = format!("Bearer {TOKEN}");
    let unknown = server.plain("GET /api/v1/session?x=1", &[("Authorization", &bearer)]);
    assert_eq!(unknown.status, 200);
    assert_eq!(server.get("/queries?x=1").name(), "BadQuery");
    assert_eq!(server.ask("PUT /api/v1/session").status, 405);
}
