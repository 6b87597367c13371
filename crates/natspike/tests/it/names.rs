//! What addresses are called: the real binary, files, and servers on loopback
//! that count what they are asked.

pub(super) mod mmdb;
pub(super) mod server;

use super::text;
use mmdb::Field::{Number, Text};
use serde_json::{Value, json};
use server::{Answer, Server};
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Two public far ends, one of AWS, one behind NAT64, one private.
const LOG: &str = "srcaddr dstaddr pkt-srcaddr pkt-dstaddr pkt-dst-aws-service bytes\n\
    10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 - 50\n\
    10.0.1.5 10.0.0.220 10.0.1.5 198.51.100.7 - 20\n\
    10.0.1.5 10.0.0.220 10.0.1.5 192.0.2.9 S3 15\n\
    10.0.1.6 10.0.0.220 10.0.1.6 10.9.0.1 - 10\n\
    fd00::6 10.0.0.220 fd00::6 64:ff9b::cb00:7141 - 5\n\
    10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 - 100\n";

/// A folder with a recording, a cache and data of its own.
pub(super) struct Desk(TempDir);

impl Desk {
    pub(super) fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("recording.log"), LOG).unwrap();
        Desk(folder)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(super) fn command(&self, command: &str) -> Command {
        let mut natspike = Command::new(env!("CARGO_BIN_EXE_natspike"));
        natspike
            .arg(command)
            .env_clear()
            .env("NATSPIKE_CACHE_DIR", self.path("cache"))
            .env("NATSPIKE_DATA_DIR", self.path("data"))
            .current_dir(self.0.path());
        natspike
    }

    pub(super) fn analyze(&self, arguments: &[&str]) -> Output {
        self.command("analyze")
            .args(["--region", "us-east-1", "recording.log"])
            .args(arguments)
            .env("IP_INFO_API_KEY", "the-key")
            .output()
            .unwrap()
    }

    pub(super) fn report(&self, arguments: &[&str]) -> Value {
        let output = self.analyze(&[&["--output", "json"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.analyze(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        text(&output.stderr)
    }
}

/// The names of the remote ends by their addresses.
fn names(report: &Value) -> Vec<(String, String)> {
    let rows = report["destinations"].as_array().unwrap().iter();
    rows.filter_map(|row| {
        let name = row["names"][0]["name"].as_str()?;
        Some((row["address"].as_str()?.to_owned(), name.to_owned()))
    })
    .collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(address, name): &(&str, &str)| ((*address).to_owned(), (*name).to_owned());
    rows.iter().map(owned).collect()
}

fn warnings(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array().unwrap();
    warnings.iter().filter_map(Value::as_str).collect()
}

/// IPinfo, which knows one address.
fn ipinfo() -> Server {
    Server::start(|request| {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer the-key") {
            return Answer::of(401, "{}");
        }
        match request.path.as_str() {
            "/lite/203.0.113.5" => Answer::of(
                200,
                json!({"ip": "203.0.113.5", "asn": "AS64500", "as_name": "Example Inc",
                    "as_domain": "example.com", "country_code": "US", "country": "United States",
                    "continent_code": "NA", "continent": "North America"}),
            ),
            "/lite/203.0.113.65" => Answer::of(200, json!({"as_name": "Behind NAT64"})),
            "/lite/192.0.2.9" => Answer::of(200, json!({"as_name": "Amazon.com, Inc."})),
            _ => Answer::of(200, json!({"bogon": true})),
        }
    })
}

#[test]
fn nobody_is_asked_without_an_option() {
    let server = ipinfo();
    let desk = Desk::new();
    let url = server.url.as_str();
    let report = desk.report(&["--ipinfo-url", url, "--rdap-url", url]);
    assert_eq!(server.asked(), Vec::<String>::new());
    assert_eq!(report["named_destinations"], json!([]));
    assert_eq!(report["destinations"][0]["names"], json!([]));
    assert!(!desk.path("cache").exists() && !desk.path("data").exists());
}

#[test]
fn ipinfo_is_asked_about_public_rows_that_are_shown_and_once() {
    let server = ipinfo();
    let desk = Desk::new();
    let asking = ["--ipinfo", "--ipinfo-url", &server.url];
    let report = desk.report(&asking);
    assert_eq!(
        names(&report),
        pairs(&[
            ("203.0.113.5", "Example Inc"),
            ("192.0.2.9", "Amazon.com, Inc."),
            ("64:ff9b::cb00:7141", "Behind NAT64"),
        ])
    );
    assert_eq!(warnings(&report), Vec::<&str>::new());
    assert_eq!(report["destinations"][0]["name"], "Example Inc");
    let finding = &report["findings"].as_array().unwrap().last().unwrap()["sentence"];
    let said = "203.0.113.5 (Example Inc, by IPinfo) is the far end of 50.0 %";
    assert!(finding.as_str().unwrap().starts_with(said), "{finding}");
    // Of an AWS service others know only that it is Amazon's.
    assert_eq!(report["destinations"][2]["name"], Value::Null);
    let public = ["192.0.2.9", "198.51.100.7", "203.0.113.5", "203.0.113.65"];
    let public = public.map(|address| format!("/lite/{address}"));
    assert_eq!(server.asked(), public);

    assert_eq!(desk.report(&asking), report);
    assert_eq!(server.asked(), Vec::<String>::new());
    #[cfg(feature = "aws")]
    {
        desk.report(&[&asking[..], &["--no-cache"]].concat());
        assert_eq!(server.asked(), public);
    }
    let other = Desk::new();
    other.report(&[&asking[..], &["--top", "1"]].concat());
    assert_eq!(server.asked(), ["/lite/203.0.113.5"]);

    let result = desk.analyze(&[&asking[..], &["--output", "result-json"]].concat());
    let result: Value = serde_json::from_slice(&result.stdout).unwrap();
    assert_eq!(
        result["egress_by_ip"][0]["ipinfo"],
        json!({"asn": "AS64500", "as_name": "Example Inc", "as_domain": "example.com",
            "country_code": "US", "country": "United States", "continent_code": "NA",
            "continent": "North America"})
    );
    assert_eq!(result["egress_by_ip"][1]["ipinfo"], Value::Null);
    assert!(server.asked().is_empty());
}

#[cfg(feature = "aws")]
#[test]
fn answers_are_shown_and_cleared_with_the_cache() {
    let server = ipinfo();
    let desk = Desk::new();
    let asking = ["--ipinfo", "--ipinfo-url", &server.url];
    desk.report(&asking);
    let cache = |action| text(&desk.command("cache").arg(action).output().unwrap().stdout);
    assert!(cache("show").contains("4 answers about addresses are kept"));
    assert!(cache("clear").contains("4 answers about addresses with"));
    assert!(cache("show").contains("0 answers about addresses are kept"));
    server.asked();
    desk.report(&asking);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_key_that_is_wrong_or_missing_is_said_once() {
    let server = Server::start(|_| Answer::of(403, "no"));
    let desk = Desk::new();
    // More addresses than are asked about at a time.
    let mut log = LOG.to_owned();
    for last in 0..60 {
        let remote = format!("198.51.100.{last}");
        log += &format!("10.0.1.5 10.0.0.220 10.0.1.5 {remote} - 1\n");
        log += &format!("10.0.0.220 {remote} 10.0.0.220 {remote} - 1\n");
    }
    desk.write("recording.log", log);
    let report = desk.report(&["--ipinfo", "--ipinfo-url", &server.url, "--top", "0"]);
    assert_eq!(
        warnings(&report),
        [
            "Only the 50 largest of 63 addresses were looked up with IPinfo.",
            "IPinfo refused the key (status 403): check IP_INFO_API_KEY.",
        ]
    );
    assert!(server.asked().len() <= 8);

    let without = desk
        .command("analyze")
        .args(["recording.log", "--ipinfo", "--ipinfo-url", &server.url])
        .output()
        .unwrap();
    assert_eq!(without.status.code(), Some(2));
    assert_eq!(
        text(&without.stderr),
        "natspike: failed to ask IPinfo: there is no key; set IP_INFO_API_KEY in the environment \
         or in .env\n"
    );
    desk.write(".env", "IP_INFO_API_KEY=\"another\"\n");
    let with = desk
        .command("analyze")
        .args(["recording.log", "--ipinfo", "--ipinfo-url", &server.url])
        .output()
        .unwrap();
    let said = text(&with.stdout);
    assert!(said.contains("refused the key"), "{said}");
    assert!(!said.contains("another") && !text(&with.stderr).contains("another"));
}

#[test]
fn who_is_asked_too_often_is_asked_again_later() {
    let server = Server::start(|request| match (request.path.as_str(), request.times) {
        ("/lite/203.0.113.5", 1) => Answer::of(429, "").header("retry-after: 0"),
        ("/lite/203.0.113.5", 2) => Answer::of(503, ""),
        ("/lite/198.51.100.7", _) => Answer::of(429, "").header("retry-after: 3600"),
        _ => Answer::of(200, json!({"as_name": "Example Inc"})),
    });
    let desk = Desk::new();
    let began = Instant::now();
    let report = desk.report(&["--ipinfo", "--ipinfo-url", &server.url]);
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(names(&report)[0].1, "Example Inc");
    assert_eq!(
        warnings(&report),
        [
            "1 of 4 look-ups with IPinfo failed: there were too many questions (status 429); try again later."
        ]
    );
    // A failure is not kept.
    server.asked();
    desk.report(&["--ipinfo", "--ipinfo-url", &server.url]);
    assert_eq!(server.asked(), ["/lite/198.51.100.7"]);
}

#[test]
fn look_ups_that_fail_are_a_warning_with_one_reason() {
    let html = Server::start(|_| Answer::of(200, "<!DOCTYPE html><p>Welcome"));
    let gone = Server::start(|_| Answer::of(410, ""));
    let broken = Server::start(|_| Answer::of(500, ""));
    let slow = Server::start(|_| Answer::of(200, "{}").after(Duration::from_secs(60)));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (url, reason) in [
        (
            html.url,
            "the answer is no JSON of IPinfo (expected value at line 1 column 1)",
        ),
        (gone.url, "the answer was status 410"),
        (broken.url, "the answer was status 500"),
        (
            slow.url,
            "there was no answer in time; --lookup-timeout gives more",
        ),
        (format!("http://{nobody}"), "cannot be reached"),
        ("nonsense".to_owned(), "nonsense cannot be reached"),
    ] {
        let desk = Desk::new();
        let began = Instant::now();
        let report = desk.report(&["--ipinfo", "--ipinfo-url", &url, "--lookup-timeout", "3"]);
        assert!(began.elapsed() < Duration::from_secs(30), "{reason}");
        let said = warnings(&report);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("4 of 4 look-ups with IPinfo failed: "),
            "{said:?}"
        );
        assert!(said[0].contains(reason), "{said:?}");
        assert_eq!(names(&report), pairs(&[]));
    }
}

/// A registry's answer.
fn network(organisation: &str) -> Value {
    json!({"objectClassName": "ip network", "name": "NET", "country": "US", "entities": [
        {"roles": ["registrant"], "vcardArray": ["vcard", [
            ["kind", {}, "text", "org"], ["fn", {}, "text", organisation]]]}]})
}

#[test]
fn rdap_finds_the_registry_and_follows_where_it_points() {
    let second = Server::start(|request| match request.path.as_str() {
        "/here/ip/198.51.100.7" => Answer::of(200, network("Moved Ltd")),
        "/below/203.0.113.5" => Answer::of(200, network("Example Inc")),
        _ => Answer::of(404, ""),
    });
    let other = second.url.clone();
    let first = Server::start(move |request| {
        let own = format!("http://{}", request.headers["host"]);
        match request.path.as_str() {
            "/ipv4.json" => Answer::of(
                200,
                json!({"version": "1.0", "services": [
                    [["203.0.113.0/24", "198.0.0.0/8"], [format!("{own}/one/")]],
                    [["203.0.0.0/8"], ["http://127.0.0.1:1/"]]]}),
            ),
            // The registry that had it sends to the one that has it now.
            "/one/ip/198.51.100.7" => {
                Answer::of(302, "").header(&format!("location: {other}/here/ip/198.51.100.7"))
            }
            // This one knows only who is below it.
            "/one/ip/203.0.113.5" => Answer::of(
                200,
                json!({"name": "STUB", "links": [{"rel": "related",
                    "type": "application/rdap+json", "href": format!("{other}/below/203.0.113.5")}]}),
            ),
            // Nobody has it.
            _ => Answer::of(404, ""),
        }
    });
    let desk = Desk::new();
    let asking = ["--rdap", "--rdap-url", &first.url];
    let report = desk.report(&asking);
    let expected = pairs(&[
        ("203.0.113.5", "Example Inc"),
        ("198.51.100.7", "Moved Ltd"),
    ]);
    assert_eq!(names(&report), expected);
    assert_eq!(warnings(&report), Vec::<&str>::new());
    assert_eq!(report["destinations"][0]["names"][0]["country_code"], "US");
    // Not about the address of AWS, nor the private one.
    assert_eq!(
        first.asked(),
        [
            "/ipv4.json",
            "/one/ip/198.51.100.7",
            "/one/ip/203.0.113.5",
            "/one/ip/203.0.113.65"
        ]
    );
    assert_eq!(second.asked().len(), 2);
    assert_eq!(desk.report(&asking), report);
    assert_eq!((first.asked().len(), second.asked().len()), (0, 0));
}

#[test]
fn registries_that_cannot_be_found_are_a_warning() {
    let html = Server::start(|_| Answer::of(200, "<html>"));
    let empty = Server::start(|_| Answer::of(200, json!({"services": []})));
    for (url, reason) in [
        (
            html.url,
            "3 of 3 look-ups with RDAP failed: the answer is no JSON of RDAP",
        ),
        (
            empty.url,
            "3 of 3 look-ups with RDAP failed: no registry is known for 203.0.113.5.",
        ),
    ] {
        let report = Desk::new().report(&["--rdap", "--rdap-url", &url]);
        let said = warnings(&report);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(reason), "{said:?}");
    }
}

#[test]
fn a_database_in_a_file_names_without_asking() {
    let desk = Desk::new();
    let lite: &[_] = &[
        ("asn", Text("AS64500")),
        ("as_name", Text("Datadog, Inc.")),
        ("as_domain", Text("datadoghq.com")),
        ("country_code", Text("US")),
        ("country", Text("United States")),
        ("continent_code", Text("NA")),
        ("continent", Text("North America")),
    ];
    desk.write(
        "lite.mmdb",
        mmdb::database("ipinfo lite", &[([203, 0, 113], lite)]),
    );
    let report = desk.report(&["--asn-db", "lite.mmdb"]);
    assert_eq!(
        names(&report),
        pairs(&[
            ("203.0.113.5", "Datadog, Inc."),
            ("64:ff9b::cb00:7141", "Datadog, Inc.")
        ])
    );
    assert_eq!(
        report["destinations"][0]["names"][0],
        json!({"source": "asn-database", "name": "Datadog, Inc.", "asn": "AS64500",
            "domain": "datadoghq.com", "country_code": "US", "country": "United States",
            "continent_code": "NA", "continent": "North America"})
    );
    // What there is to do is found with the names.
    let findings = report["findings"].as_array().unwrap().iter();
    let findings: Vec<&str> = findings
        .filter_map(|finding| finding["name"].as_str())
        .collect();
    assert!(findings.contains(&"telemetry-vendor"), "{findings:?}");

    let geolite: &[_] = &[
        ("autonomous_system_number", Number(64501)),
        ("autonomous_system_organization", Text("EXAMPLE-AS")),
    ];
    desk.write(
        "geolite.mmdb",
        mmdb::database("GeoLite2-ASN", &[([198, 51, 100], geolite)]),
    );
    let report = desk.report(&["--asn-db", "geolite.mmdb"]);
    assert_eq!(names(&report), pairs(&[("198.51.100.7", "EXAMPLE-AS")]));
    assert_eq!(report["destinations"][1]["names"][0]["asn"], "AS64501");
}

#[test]
fn a_file_that_is_no_database_of_names_is_refused_or_said() {
    let desk = Desk::new();
    desk.write("not.mmdb", "no database");
    let said = desk.refused(&["--asn-db", "not.mmdb"]);
    assert!(
        said.starts_with("natspike: failed to read not.mmdb: "),
        "{said}"
    );
    assert!(
        said.contains("name an ASN database such as ipinfo_lite.mmdb"),
        "{said}"
    );
    let said = desk.refused(&["--asn-db", "none.mmdb"]);
    assert!(
        said.starts_with("natspike: failed to read none.mmdb: "),
        "{said}"
    );
    let city: &[_] = &[("postal", Text("10115"))];
    desk.write(
        "city.mmdb",
        mmdb::database("GeoLite2-City", &[([203, 0, 113], city)]),
    );
    let report = desk.report(&["--asn-db", "city.mmdb"]);
    assert_eq!(
        warnings(&report),
        [
            "2 of 4 look-ups with the ASN database failed: an entry of this GeoLite2-City has neither \
          as_name nor autonomous_system_organization."
        ]
    );
}

#[test]
fn own_networks_name_both_ends_in_every_form() {
    let desk = Desk::new();
    desk.write(
        "builders.txt",
        "# ours\n10.0.1.0/24\n10.0.1.6 the odd one\n",
    );
    desk.write("offices.csv", "prefix,name\n10.9.0.0/16,Berlin\n");
    desk.write(
        "Datadog.json",
        r#"{"description": "", "subnets": [{"ip_prefix": "203.0.113.0/24", "region": "eu1", "city": ""}]}"#,
    );
    let lists = [
        "--networks",
        "builders.txt",
        "--networks",
        "offices.csv",
        "--networks",
        "Datadog.json",
    ];
    let report = desk.report(&lists);
    assert_eq!(
        names(&report),
        pairs(&[
            ("203.0.113.5", "Datadog"),
            ("10.9.0.1", "Berlin"),
            ("64:ff9b::cb00:7141", "Datadog"),
        ])
    );
    let sources = report["sources"].as_array().unwrap();
    assert_eq!(sources[0]["names"][0]["list"], "builders");
    assert_eq!(sources[1]["name"], "the odd one");
    assert_eq!(
        report["findings"][1]["name"], "telemetry-vendor",
        "{report:#}"
    );
    let sums = &report["named_destinations"];
    assert_eq!(
        (&sums[0]["name"], &sums[0]["addresses"]),
        (&json!("Datadog"), &json!(2))
    );
    for form in ["console", "html", "markdown", "csv"] {
        let said = text(
            &desk
                .analyze(&[&lists[..], &["--output", form]].concat())
                .stdout,
        );
        assert!(
            said.contains("Datadog") && said.contains("the odd one"),
            "{form}: {said}"
        );
    }
    desk.write("wrong.txt", "10.0.0.0/8 ours\n10.0.0.0/99 theirs\n");
    assert_eq!(
        desk.refused(&["--networks", "wrong.txt"]),
        "natspike: failed to read wrong.txt: line 2: \"10.0.0.0/99\" is no prefix such as \
         192.0.2.0/24\n"
    );
    assert!(
        desk.refused(&["--networks", "none.txt"])
            .contains("read none.txt: ")
    );
}

#[test]
fn reverse_dns_never_fails_the_report() {
    // Whatever the system's resolver says of these addresses, and however late.
    let desk = Desk::new();
    let began = Instant::now();
    let report = desk.report(&["--ptr", "--lookup-timeout", "1"]);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(report["bytes"]["processed"], 100);
    assert!(warnings(&report).len() <= 1);
}

/// Every form of the report that `natspike analyze` writes of the file.
fn forms(desk: &Desk, file: &str, more: &[&str]) -> Vec<String> {
    ["console", "json", "result-json", "html", "markdown", "csv"]
        .iter()
        .map(|form| {
            let mut analyze = desk.command("analyze");
            analyze.args([file, "--output", form]).args(more);
            let output = analyze.env("IP_INFO_API_KEY", "the-key").output().unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
            text(&output.stdout)
        })
        .collect()
}

#[test]
fn a_bundle_keeps_what_was_answered_and_asks_nobody_again() {
    let server = ipinfo();
    let desk = Desk::new();
    desk.write(
        "office.csv",
        "10.0.1.0/24,builders\n198.51.100.0/24,Berlin\n",
    );
    let asking = [
        "--region",
        "us-east-1",
        "--networks",
        "office.csv",
        "--ipinfo",
        "--ipinfo-url",
        &server.url,
    ];
    let bundle = |arguments: &[&str]| {
        let mut bundle = desk.command("bundle");
        let output = bundle.args(arguments).env("IP_INFO_API_KEY", "the-key");
        let output = output.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    bundle(&[&["recording.log", "-o", "one.natspike"], &asking[..]].concat());
    assert!(!server.asked().is_empty());
    let of_bundle = forms(&desk, "one.natspike", &[]);
    assert_eq!(server.asked(), Vec::<String>::new(), "nobody is asked");
    let title = "NAT traffic in recording.log";
    assert!(of_bundle[3].contains(title), "{}", of_bundle[3]);
    assert!(of_bundle[0].contains("Example Inc"), "{}", of_bundle[0]);
    assert!(of_bundle[0].contains("builders"), "{}", of_bundle[0]);
    assert_eq!(of_bundle, forms(&desk, "recording.log", &asking));

    // Another bundle of it has it all; one without asking can be added to.
    bundle(&["one.natspike", "-o", "two.natspike"]);
    assert_eq!(forms(&desk, "two.natspike", &[]), of_bundle);
    bundle(&[
        "recording.log",
        "-o",
        "plain.natspike",
        "--region",
        "us-east-1",
    ]);
    let plain = forms(&desk, "plain.natspike", &[]);
    assert!(!plain[0].contains("Example Inc"), "{}", plain[0]);
    let added = forms(&desk, "plain.natspike", &asking[4..]);
    assert!(added[0].contains("Example Inc"), "{}", added[0]);

    // Nobody is told about addresses that are nobody's.
    bundle(&["one.natspike", "--redact", "-o", "redacted.natspike"]);
    let redacted = forms(&desk, "redacted.natspike", &[]);
    for text in &redacted {
        for word in [
            "Example Inc",
            "builders",
            "Berlin",
            "203.0.113.5",
            "AS64500",
        ] {
            assert!(!text.contains(word), "{word} stands in {text}");
        }
    }
    assert!(redacted[1].contains("What look-ups call addresses is left out"));
    let mut asking_on = desk.command("analyze");
    let refused = asking_on
        .args(["redacted.natspike", "--ptr"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("use --ptr with redacted.natspike: it is redacted"),
        "{said}"
    );
}
