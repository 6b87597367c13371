//! A stand-in for AWS over HTTP: S3, CloudWatch Logs with Insights, EC2's flow
//! logs and owners of addresses, the recorder's table in DynamoDB, the price list,
//! as far as the desk command calls them, with faults on demand.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Keys of a page of a listing, to have pages at all.
const PAGE: usize = 3;
/// Events of a page.
const EVENTS: usize = 20;

/// What the stand-in holds.
#[derive(Default)]
pub(super) struct World {
    /// Bucket and key -> content.
    pub(super) objects: BTreeMap<(String, String), Vec<u8>>,
    /// Keys that are refused.
    pub(super) denied: BTreeSet<String>,
    /// Keys whose body breaks off, so often.
    pub(super) broken: BTreeMap<String, u32>,
    /// The region that buckets are in, if another than the one asked.
    pub(super) home: Option<String>,
    /// Log events: milliseconds and message.
    pub(super) events: Vec<(u64, String)>,
    /// The class of the log group.
    pub(super) class: &'static str,
    /// When the log group was created, in Unix seconds, if not in 2027.
    pub(super) created: Option<u64>,
    /// Log formats of the flow logs that deliver to the group.
    pub(super) formats: Vec<String>,
    /// The rows that a query is answered with, as JSON, by what is in it.
    pub(super) queries: Vec<(&'static str, Vec<String>)>,
    /// The recorder's table: gateway, recordings, execution.
    pub(super) table: Vec<(&'static str, u64, Option<&'static str>)>,
    /// The price list: each product's service and document.
    pub(super) products: Vec<(&'static str, Value)>,
    /// How many of the next questions to the price list are throttled.
    pub(super) throttled: u32,
    /// Who has which address.
    pub(super) owned: Vec<super::owners::Owned>,
    /// What EC2 answers first, by all that must stand in the question.
    pub(super) ec2: Vec<(&'static [&'static str], String)>,
    /// Who may assume a role, and which; nobody where it is empty.
    pub(super) trust: super::roles::Trust,
    /// Services that were asked, each with the access key that signed.
    pub(super) signers: BTreeSet<(String, String)>,
    /// Queries that were started, and everything that was called.
    pub(super) calls: Vec<String>,
}

pub(super) struct StandIn {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) url: String,
    /// Where a natspike that talks to it keeps what it read.
    pub(super) cache: tempfile::TempDir,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Only so many bytes of the body are sent.
    cut: Option<usize>,
}

impl StandIn {
    pub(super) fn start(world: World) -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let world = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &world));
            }
        });
        let cache = tempfile::tempdir().unwrap();
        StandIn { world, url, cache }
    }

    /// The objects that were fetched since the last time.
    pub(super) fn fetched(&self) -> Vec<String> {
        let calls = std::mem::take(&mut self.world.lock().unwrap().calls);
        let is_object = |call: &String| call.contains("GetObject") && !call.contains("list-type");
        calls.into_iter().filter(is_object).collect()
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.world.lock().unwrap().calls.clone()
    }
}

fn serve(stream: TcpStream, world: &Mutex<World>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let answer = world.lock().unwrap().answer(&request);
        let mut head = format!(
            "HTTP/1.1 {} X\r\ncontent-length: {}\r\n",
            answer.status,
            answer.body.len()
        );
        for (name, value) in &answer.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let sent = &answer.body[..answer.cut.unwrap_or(answer.body.len())];
        let whole = [head.as_bytes(), b"\r\n", sent].concat();
        if stream.write_all(&whole).is_err() || answer.cut.is_some() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => {
                headers.insert(name.to_lowercase(), value.to_owned());
            }
            None => break,
        }
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect();
    Some(Request {
        method,
        path: decoded(path),
        query,
        headers,
        body,
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = String::from_utf8(digits.to_vec()).unwrap();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: body.into(),
        cut: None,
    }
}

fn refusal(status: u16, code: &str) -> Answer {
    answer(
        status,
        format!("<Error><Code>{code}</Code><Message>the stand-in says no</Message></Error>"),
    )
}

/// Another one for other content.
fn etag(content: &[u8]) -> String {
    let mut hash = DefaultHasher::new();
    content.hash(&mut hash);
    format!("\"{:016x}\"", hash.finish())
}

impl World {
    fn answer(&mut self, request: &Request) -> Answer {
        let service = self.signed(request);
        if service == "sts" {
            let body = decoded(&String::from_utf8_lossy(&request.body));
            let (status, answered) = self.assume_role(&body);
            return answer(status, answered);
        }
        if let Some(target) = request.headers.get("x-amz-target") {
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            if target.starts_with("DynamoDB") {
                return self.dynamodb(&operation, &body);
            }
            if target.starts_with("AWSPriceListService") {
                return self.price_list(&body);
            }
            return self.logs(&operation, &body);
        }
        if request.method == "POST" {
            return self.flow_logs(request);
        }
        self.calls
            .push(format!("{} {:?}", request.path, request.query));
        if let Some(home) = &self.home
            && !request.headers["authorization"].contains(home.as_str())
        {
            let mut elsewhere = refusal(301, "PermanentRedirect");
            elsewhere
                .headers
                .push(("x-amz-bucket-region".to_owned(), home.clone()));
            return elsewhere;
        }
        let path = request.path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        match key {
            "" => self.listing(bucket, &request.query),
            key => self.object(bucket, key),
        }
    }

    /// Keeps who signed, and gives the service that was signed for.
    fn signed(&mut self, request: &Request) -> String {
        let header = request.headers.get("authorization");
        let scope = header.and_then(|header| header.split("Credential=").nth(1));
        let scope: Vec<&str> = scope.unwrap_or_default().split(['/', ',']).collect();
        let [key, _, _, service, ..] = scope[..] else {
            panic!("a call is signed: {header:?}");
        };
        self.signers.insert((service.to_owned(), key.to_owned()));
        service.to_owned()
    }

    fn listing(&self, bucket: &str, query: &BTreeMap<String, String>) -> Answer {
        let of = |name: &str| query.get(name).cloned().unwrap_or_default();
        let (prefix, after) = (of("prefix"), of("continuation-token"));
        if self.denied.contains(&prefix) {
            return refusal(403, "AccessDenied");
        }
        let keys = self
            .objects
            .iter()
            .filter(|((of, key), _)| of == bucket && key.starts_with(&prefix));
        let mut body = "<ListBucketResult>".to_owned();
        if query.contains_key("delimiter") {
            let folders: BTreeSet<&str> = keys
                .filter_map(|((_, key), _)| {
                    let end = key[prefix.len()..].find('/')?;
                    Some(&key[..=prefix.len() + end])
                })
                .collect();
            for folder in folders {
                let _ = write!(
                    body,
                    "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
                );
            }
        } else {
            let mut keys = keys.filter(|((_, key), _)| *key > after).peekable();
            for ((_, key), content) in keys.by_ref().take(PAGE) {
                let _ = write!(
                    body,
                    "<Contents><Key>{key}</Key><Size>{}</Size><ETag>{}</ETag></Contents>",
                    content.len(),
                    etag(content).replace('"', "&quot;")
                );
                if let Some(token) = Some(key) {
                    let _ = write!(body, "<!-- {token} -->");
                }
            }
            if keys.peek().is_some() {
                let last = body
                    .rsplit("<!-- ")
                    .next()
                    .and_then(|rest| rest.split(" -->").next());
                let token = last.unwrap_or_default().to_owned();
                let _ = write!(
                    body,
                    "<NextContinuationToken>{token}</NextContinuationToken>"
                );
            }
        }
        answer(200, body + "</ListBucketResult>")
    }

    fn object(&mut self, bucket: &str, key: &str) -> Answer {
        if self.denied.contains(key) {
            return refusal(403, "AccessDenied");
        }
        let Some(content) = self.objects.get(&(bucket.to_owned(), key.to_owned())) else {
            return refusal(404, "NoSuchKey");
        };
        let mut whole = answer(200, content.clone());
        whole.headers.push(("etag".to_owned(), etag(content)));
        if let Some(times) = self.broken.get_mut(key).filter(|times| **times > 0) {
            *times -= 1;
            whole.cut = Some(whole.body.len() / 2);
        }
        whole
    }

    fn flow_logs(&mut self, request: &Request) -> Answer {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        if let Some((status, answered)) = self.discovered(&decoded(&body)) {
            return answer(status, answered);
        }
        if !body.contains("Action=DescribeFlowLogs") {
            let (status, answered) = self.owners(&decoded(&body));
            return answer(status, answered);
        }
        self.calls.push("DescribeFlowLogs".to_owned());
        let items: String = self
            .formats
            .iter()
            .enumerate()
            .map(|(number, format)| {
                format!(
                    "<item><flowLogId>fl-{number}</flowLogId><logFormat>{format}</logFormat></item>"
                )
            })
            .collect();
        answer(
            200,
            format!(
                "<DescribeFlowLogsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
                 <requestId>r</requestId><flowLogSet>{items}</flowLogSet></DescribeFlowLogsResponse>"
            ),
        )
    }

    /// Pages of two products whose attributes are as the filters say.
    fn price_list(&mut self, body: &Value) -> Answer {
        self.calls.push(format!("GetProducts {body}"));
        if self.throttled > 0 {
            self.throttled -= 1;
            return answer(400, json!({"__type": "ThrottlingException"}).to_string());
        }
        let is_as = |document: &Value, filter: &Value| {
            let field = filter["Field"].as_str().unwrap();
            let product = &document["product"];
            product[field] == filter["Value"] || product["attributes"][field] == filter["Value"]
        };
        let filters = body["Filters"].as_array().unwrap();
        let found: Vec<String> = self
            .products
            .iter()
            .filter(|(service, document)| {
                body["ServiceCode"] == *service && filters.iter().all(|it| is_as(document, it))
            })
            .map(|(_, document)| document.to_string())
            .collect();
        let from: usize = body["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap());
        let to = found.len().min(from + 2);
        let mut page = json!({"FormatVersion": "aws_v1", "PriceList": found[from..to]});
        if to < found.len() {
            page["NextToken"] = to.to_string().into();
        }
        answer(200, page.to_string())
    }

    fn dynamodb(&mut self, operation: &str, body: &Value) -> Answer {
        assert_eq!(body["TableName"], "the-table");
        if operation == "Scan" {
            let items = self.table.iter().map(|(gateway, recordings, execution)| {
                let mut item = json!({"gateway": {"S": gateway}});
                if *recordings > 0 {
                    item["recordings"] = json!({"N": recordings.to_string()});
                }
                if let Some(execution) = execution {
                    item["execution"] = json!({"S": execution});
                }
                item
            });
            let items: Vec<Value> = items.collect();
            return answer(200, json!({"Items": items}).to_string());
        }
        assert_eq!(operation, "UpdateItem");
        assert_eq!(body["UpdateExpression"], "SET #recordings = :zero");
        let gateway = body["Key"]["gateway"]["S"].as_str().unwrap();
        let known = self
            .table
            .iter_mut()
            .find(|(id, recordings, _)| *id == gateway && *recordings > 0);
        match known {
            Some((_, recordings, _)) => {
                *recordings = 0;
                answer(200, "{}")
            }
            None => answer(
                400,
                json!({"__type": "ConditionalCheckFailedException"}).to_string(),
            ),
        }
    }

    fn logs(&mut self, operation: &str, body: &Value) -> Answer {
        self.calls.push(match operation {
            "StartQuery" => format!("{operation} {}", body["queryString"].as_str().unwrap()),
            _ => operation.to_owned(),
        });
        let value = match operation {
            "DescribeLogGroups" => json!({"logGroups": [{
                "logGroupName": "flows",
                "logGroupClass": self.class,
                "creationTime": self.created.unwrap_or(1_799_999_000) * 1_000,
            }]}),
            "FilterLogEvents" => self.filter(body),
            "StartQuery" => {
                let query = body["queryString"].as_str().unwrap();
                if query.starts_with("fields @message") {
                    let number = |name: &str| body[name].as_u64().unwrap();
                    let (from, to) = (number("startTime"), number("endTime"));
                    let id = format!("{from} {to} {}", number("limit"));
                    return answer(200, json!({"queryId": id}).to_string());
                }
                let place = self
                    .queries
                    .iter()
                    .position(|(part, _)| query.contains(part));
                json!({"queryId": place.expect("a query that is known").to_string()})
            }
            "GetQueryResults" => {
                let id = body["queryId"].as_str().unwrap();
                let messages = id.contains(' ').then(|| self.messages(id));
                let rows = match &messages {
                    Some(messages) => messages,
                    None => &self.queries[id.parse::<usize>().unwrap()].1,
                };
                let from = body["nextToken"]
                    .as_str()
                    .map_or(0, |token| token.parse().unwrap());
                let to = rows.len().min(from + 10_000);
                let next = match to < rows.len() {
                    true => format!(",\"nextToken\":\"{to}\""),
                    false => String::new(),
                };
                let rows = rows[from..to].join(",");
                return answer(
                    200,
                    format!("{{\"status\":\"Complete\",\"results\":[{rows}]{next}}}"),
                );
            }
            _ => panic!("{operation} is not stood in for"),
        };
        answer(200, value.to_string())
    }

    /// Rows of a query for messages: `first second`, `last second`, `limit`.
    fn messages(&self, id: &str) -> Vec<String> {
        let numbers: Vec<u64> = id.split(' ').map(|word| word.parse().unwrap()).collect();
        let time = numbers[0] * 1_000..=numbers[1] * 1_000;
        self.events
            .iter()
            .filter(|(at, _)| time.contains(at))
            .take(usize::try_from(numbers[2]).unwrap())
            .map(|(_, message)| json!([{"field": "@message", "value": message}]).to_string())
            .collect()
    }

    /// Pages of a few events, and an empty one after each.
    fn filter(&self, body: &Value) -> Value {
        let (from, to) = (
            body["startTime"].as_u64().unwrap(),
            body["endTime"].as_u64().unwrap(),
        );
        let mut events: Vec<&(u64, String)> = self
            .events
            .iter()
            .filter(|(time, _)| (from..=to).contains(time))
            .collect();
        events.sort();
        let token = body["nextToken"].as_str().unwrap_or("0 full");
        let (place, kind) = token.split_once(' ').unwrap();
        let place: usize = place.parse().unwrap();
        if kind == "empty" {
            return json!({"events": [], "nextToken": format!("{place} full")});
        }
        let end = events.len().min(place + EVENTS);
        let page: Vec<Value> = events[place..end]
            .iter()
            .map(|(time, message)| json!({"timestamp": time, "message": message}))
            .collect();
        let mut answer = json!({"events": page});
        if end < events.len() {
            answer["nextToken"] = format!("{end} empty").into();
        }
        answer
    }
}
