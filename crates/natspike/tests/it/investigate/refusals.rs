//! What cannot be investigated: one clear sentence, exit code 2, and no table.

use super::{Desk, text};
use std::fs;

const LINE: &str = "2 123456789012 eni-0a1 10.0.1.5 203.0.113.9 40000 443 6 1 40 1700000000 \
                    1700000060 ACCEPT OK\n";

#[test]
fn says_in_one_sentence_what_to_do() {
    let desk = Desk::new();
    desk.write("flows.log", LINE);
    desk.write("none.json", "hello\nworld\n");
    desk.write("other.json", r#"{"prefixes": []}"#);
    desk.write(
        "bits.json",
        r#"{"subnets": [{"ip_prefix": "203.0.113.0/99"}]}"#,
    );
    desk.write("ports.toml", "[ports]\n9000 = \"MinIO\"\n70000 = \"x\"\n");
    desk.write("noise.log", "hello world\n");
    desk.write("empty.log", "");
    desk.write(
        "nodata.log",
        "2 123456789012 eni-0a1 - - - - - - - 1 2 - NODATA\n",
    );
    fs::create_dir(desk.path("folder")).unwrap();
    for (arguments, expected) in [
        (
            &["top-extrenal", "flows.log"][..],
            "error: invalid value 'top-extrenal' for '[ANALYSIS]'",
        ),
        (
            &["flows.log", "--analysis", "ssh"],
            "error: invalid value 'ssh' for '--analysis <ANALYSIS>'",
        ),
        (
            &["all", "gone.log"],
            "natspike: failed to open gone.log: there is no such file; check the path\n",
        ),
        (
            &["--log-file", "gone.log"],
            "natspike: failed to open gone.log: there is no such file; check the path\n",
        ),
        (
            &["all", "folder"],
            "natspike: failed to read folder: the folder has no file in it; check the path\n",
        ),
        (
            &["noise.log"],
            "natspike: failed to read noise.log: this is not a flow log in a",
        ),
        (
            &["empty.log"],
            "natspike: failed to find a flow record: there is none in what was read; check the \
             source and its time\n",
        ),
        (
            &["flows.log", "--port", "70000"],
            "error: invalid value '70000' for '--port <PORT>': 70000 is not in 0..=65535\n",
        ),
        (
            &["cidr-connections", "flows.log", "--cidrs", "gone.json"],
            "natspike: failed to read gone.json: there is no such file; check the path\n",
        ),
        (
            &["cidr-connections", "flows.log", "--cidrs", "none.json"],
            "natspike: failed to read none.json: line 1: \"hello\" is no prefix such as \
             192.0.2.0/24\n",
        ),
        (
            &["cidr-connections", "flows.log", "--cidrs", "other.json"],
            "natspike: failed to read other.json: ",
        ),
        (
            &["cidr-connections", "flows.log", "--cidrs", "bits.json"],
            "natspike: failed to read bits.json: ",
        ),
        (
            &["cidr-connections", "flows.log", "--cidrs", "folder"],
            "natspike: failed to read folder: the folder has no file in it; check the path\n",
        ),
        (
            &["sensitive-ports", "flows.log", "--ports-file", "ports.toml"],
            "natspike: failed to read ports.toml: line 3: \"70000\" is no port from 0 to 65535; ",
        ),
        (
            &["flows.log", "--ports-file", "gone.toml"],
            "natspike: failed to read gone.toml: there is no such file; check the path\n",
        ),
        (
            &["flows.log", "--networks", "gone.csv"],
            "natspike: failed to read gone.csv: there is no such file; check the path\n",
        ),
        (
            &[
                "flows.log",
                "--where",
                "dst in 10.0.0.0/8 and dstport=70000",
            ],
            "error: invalid value 'dst in 10.0.0.0/8 and dstport=70000' for '--where <FILTER>': read \
             the filter at column 31: expected a port such as 443, https or 5000-5100, but found \
             \"70000\"; the largest is 65535\ndst in 10.0.0.0/8 and dstport=70000\n\
             \u{20}                             ^\n",
        ),
        (
            &["flows.log", "--where", "(port = 22"],
            "error: invalid value '(port = 22' for '--where <FILTER>': read the filter at column",
        ),
        (
            &["flows.log", "--vpc-cidr", "10.12"],
            "error: invalid value '10.12' for '--vpc-cidr <CIDR>'",
        ),
        (
            &["flows.log", "--instance-ip", "web"],
            "error: invalid value 'web' for '--instance-ip <ADDRESS>': write an address or a network",
        ),
        (
            &["flows.log", "--start-time", "yesterday"],
            "natspike: failed to read --since: \"yesterday\" is not a time; write it as",
        ),
        (
            &["flows.log", "--start-time", "1h", "--end-time", "2h"],
            "natspike: failed to read --since and --until: the time from ",
        ),
        (
            &["flows.log", "--by", "rows"],
            "error: invalid value 'rows' for '--by <BY>'",
        ),
        (
            &["flows.log", "--ipinfo"],
            "natspike: failed to ask IPinfo: there is no key; set IP_INFO_API_KEY",
        ),
        (
            &[],
            "natspike: failed to know what to read: name files, folders, s3://",
        ),
    ] {
        let output = desk.investigate(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(said.starts_with(expected), "{arguments:?}: {said}");
        assert_eq!(said.matches("os error").count(), 0, "{said}");
    }
    // Records that nothing was moved are an answer.
    let output = desk.investigate(&["all", "nodata.log"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
