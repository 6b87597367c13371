//! Accepts calls, asks the rules, and hands on.

use crate::answer::{Refusal, refuse, respond};
use crate::call::recognise;
use crate::config::{Config, FrontError, Upstream};
use crate::control;
use crate::ids::ids;
use crate::journal::{Call, Entry, Journal};
use crate::rule::{Fault, Pattern, Rule, RuleState, Rules};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long calls under way may still take when the front stops.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// How often a held call looks whether it may go on.
const HELD_PAUSE: Duration = Duration::from_millis(10);

/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Headers that belong to one connection and not to the message (RFC 9110),
/// and `expect`, which the server has already satisfied.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// What all calls share.
pub(crate) struct State {
    pub(crate) upstream: Upstream,
    pub(crate) journal: Arc<Journal>,
    rules: Mutex<Rules>,
    hold: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: watch::Receiver<bool>,
}

impl State {
    pub(crate) fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running front. Dropping it stops it at once, [`Front::stop`] lets calls
/// under way end first.
pub struct Front {
    address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// The connection ends here, without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct HangUp;

impl Front {
    /// Starts to listen.
    ///
    /// # Errors
    /// Addresses that are not loopback or are taken, a journal that cannot be
    /// written.
    pub async fn start(config: Config) -> Result<Front, FrontError> {
        config.check()?;
        let journal = Arc::new(Journal::open(config.journal.as_deref())?);
        let refused = |error| FrontError::Listen {
            address: config.listen,
            error,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = watch::channel(false);
        let state = Arc::new(State {
            upstream: config.upstream,
            journal,
            rules: Mutex::new(Rules::new(config.rules)),
            hold: config.hold,
            // A connection of its own for each call: a local server that
            // closes idle ones must never make a call fail by accident.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
            stop: stopped,
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Front {
            address,
            state,
            stop,
            server,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint URL for SDKs.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls that have ended, in the order in which they did.
    pub fn calls(&self) -> Vec<Call> {
        self.state.journal.calls()
    }

    /// The rules and how often each hit.
    pub fn rules(&self) -> Vec<RuleState> {
        self.state.rules().0.clone()
    }

    /// Replaces all rules; their counts begin at 0.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *self.state.rules() = Rules::new(rules);
    }

    /// Stops: no new calls, held calls are dropped, the others may end.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A server task that panicked has stopped, too.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the front is gone, which is a stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    let mut stop = pin!(stopped(state.stop.clone()));
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&state)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    // Whatever is left after that ends with the set.
    let _ = tokio::time::timeout(LAST_CALLS, all_ended).await;
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    // Without it small answers wait for acknowledgements; it is no condition.
    let _ = stream.set_nodelay(true);
    let stop = state.stop.clone();
    let service = service_fn(move |request| handle(Arc::clone(&state), request));
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
    );
    // Errors are callers that hung up, or calls that shall have no answer.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn handle(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HangUp> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HangUp)?.to_bytes();
    if control::is_own(parts.uri.path()) {
        return Ok(control::answer(
            &state,
            &parts.method,
            parts.uri.path(),
            &body,
        ));
    }
    let call = recognise(&parts, &body);
    let struck = state.rules().strike(&call);
    let (fault, until) = struck.map_or((None, None), |(fault, until)| (Some(fault), until));
    let mut entry = Entry::begin(Arc::clone(&state.journal), &call, fault, ids(&body));
    let refusal = match fault {
        Some(Fault::Throttled) => Some(Refusal::Throttled),
        Some(Fault::Denied) => Some(Refusal::Denied),
        Some(Fault::TimedOut) => {
            tokio::select! {
                () = tokio::time::sleep(state.hold) => {}
                () = stopped(state.stop.clone()) => {}
            }
            return Err(HangUp);
        }
        Some(Fault::Unavailable) => Some(Refusal::Unavailable),
        Some(Fault::Held) => {
            hold_until(&state, &until.unwrap_or_default()).await?;
            None
        }
        Some(Fault::AnswerLost) | None => None,
    };
    let (response, answer_ids) = match refusal {
        Some(refusal) => (
            refuse(refusal, &call, parts.headers.get(CONTENT_TYPE)),
            Vec::new(),
        ),
        // On a task of its own: AWS goes on when the caller has hung up.
        None => tokio::spawn(forward(Arc::clone(&state), parts, body))
            .await
            .map_err(|_| HangUp)?,
    };
    entry.answered(response.status().as_u16(), answer_ids);
    if fault == Some(Fault::AnswerLost) {
        Err(HangUp)
    } else {
        Ok(response)
    }
}

/// Returns when a call as `until` describes it has ended; hangs up when none did.
async fn hold_until(state: &State, until: &Pattern) -> Result<(), HangUp> {
    let ended = async {
        while !state.journal.has(until) {
            tokio::time::sleep(HELD_PAUSE).await;
        }
    };
    tokio::select! {
        () = ended => Ok(()),
        () = tokio::time::sleep(state.hold) => Err(HangUp),
        () = stopped(state.stop.clone()) => Err(HangUp),
    }
}

/// The answer and the ids that it names.
async fn forward(
    state: Arc<State>,
    parts: Parts,
    body: Bytes,
) -> (Response<Full<Bytes>>, Vec<String>) {
    match try_forward(&state, parts, body).await {
        Ok(answer) => answer,
        Err(error) => {
            let text = format!("the front failed to reach {}: {error}", state.upstream);
            (respond(502, "text/plain", text.into_bytes()), Vec::new())
        }
    }
}

async fn try_forward(
    state: &State,
    parts: Parts,
    body: Bytes,
) -> Result<(Response<Full<Bytes>>, Vec<String>), Box<dyn std::error::Error + Send + Sync>> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let head = parts.method == Method::HEAD;
    let mut request = Request::new(Full::new(body));
    *request.uri_mut() = format!("{}{path}", state.upstream).parse::<Uri>()?;
    *request.method_mut() = parts.method;
    *request.headers_mut() = end_to_end(parts.headers, false);
    let (answer, body) = state.client.request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let answer_ids = ids(&body);
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = end_to_end(answer.headers, head);
    Ok((response, answer_ids))
}

/// The headers without those of the connection. The length is worked out
/// again from the body, except where it tells of a body that is not sent.
fn end_to_end(mut headers: HeaderMap, keep_length: bool) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    if !keep_length {
        headers.remove(CONTENT_LENGTH);
    }
    headers
}
