//! `natspike serve`: a local web page over the same engine.
//!
//! **Invariants.** It listens on loopback, unless somebody says otherwise and
//! chooses a token. What may be opened is below the folders it was started with.
//! Everything that is shown is what the commands would print: nothing is computed
//! here or in the page.

mod api;
mod comparisons;
mod guard;
mod investigations;
mod jobs;
mod options;
mod page;
mod problem;
mod reports;
mod roots;
mod session;
#[cfg(feature = "aws")]
mod stack;
mod uploads;

use crate::history::record::Keeping;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};
use guard::Guard;
use options::Base;
use problem::Problem;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Where the API begins.
const BASE: &str = "/api/v1";
/// Bytes of randomness of a token.
const RANDOM: usize = 16;
/// Bytes of a body that is no upload.
const BODY: usize = 1 << 20;

/// How long requests under way may go on when the server ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// Look at flow logs in the browser: a web page of your own, on this machine
///
/// Opens what analyze and investigate read: files and folders below the PATHs,
/// s3://bucket/prefix, logs://GROUP. The address that is printed has a token in it,
/// without which nothing is answered; it is another one each time.
#[derive(Args)]
pub(crate) struct Serve {
    /// Files and folders that may be opened, with all below them [default: this folder]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Address to listen on; one that others can reach needs --token
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,

    /// Port to listen on; 0 is any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Token, of at least 16 letters and digits [default: drawn at random each time]
    #[arg(long, value_name = "TOKEN", env = "NATSPIKE_TOKEN", hide_env_values = true, value_parser = token)]
    token: Option<String>,

    /// Name that the server has, too, as a reverse proxy gives it
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Hostname)]
    host_name: Vec<String>,

    /// Bytes of a file that the page may send
    #[arg(long, value_name = "BYTES", default_value_t = 512 << 20)]
    max_upload: u64,

    /// Region where none is chosen in the page
    #[arg(long, value_name = "REGION", env = "AWS_REGION", value_delimiter = ',')]
    region: Vec<String>,

    /// The recorder's stack: its recordings can be opened, started and stopped
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME", env = "NATSPIKE_STACK")]
    stack: Option<String>,

    /// Own networks, as of natspike analyze
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    networks: Vec<PathBuf>,

    /// Prices, as of natspike analyze
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    prices: Option<PathBuf>,

    /// What a recorder kept at the alarm (snapshot.json): owners, routes, metrics
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    snapshot: Option<PathBuf>,

    /// Database of organisations in a file, as of natspike analyze
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    asn_db: Option<PathBuf>,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    sign_in: crate::sign_in::SignIn,

    #[command(flatten)]
    keeping: Keeping,
}

/// All that the server knows.
struct App {
    guard: Guard,
    roots: roots::Roots,
    uploads: uploads::Uploads,
    jobs: jobs::Jobs,
    reports: reports::Reports,
    results: investigations::Results,
    keeping: Keeping,
    base: Base,
    #[cfg(feature = "aws")]
    stack: Option<stack::Place>,
}

impl Serve {
    /// Serves until it is interrupted.
    pub(crate) fn run(self) -> Result<()> {
        if !self.bind.is_loopback() && self.token.is_none() {
            bail!(
                "listen on {}: others can reach that address, the page reads what you may read, and \
                 without TLS its token can be overheard; choose a token with --token if the network \
                 is yours, or forward a port of {} by ssh -L instead",
                self.bind,
                Ipv4Addr::LOCALHOST
            );
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("start the server")?;
        let served = runtime.block_on(self.serve());
        // What is being read is of no use any more.
        runtime.shutdown_background();
        served
    }

    async fn serve(self) -> Result<()> {
        let asked = SocketAddr::new(self.bind, self.port);
        let listener = TcpListener::bind(asked).await;
        let listener = listener.with_context(|| {
            format!("listen on {asked}; choose another port with --port, or 0 for any")
        })?;
        let address = listener.local_addr().context("listen")?;
        let token = match &self.token {
            Some(token) => token.clone(),
            None => random()?,
        };
        let app = Arc::new(self.app(token.clone(), address)?);
        let shown = match address.ip().is_unspecified() {
            true => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
            false => address,
        };
        writeln!(io::stdout(), "http://{shown}/?token={token}").context("print the address")?;
        io::stdout().flush().context("print the address")?;
        let served = axum::serve(listener, api::router(Arc::clone(&app)));
        let (ending, told) = tokio::sync::oneshot::channel();
        let served = served.with_graceful_shutdown(async {
            interrupted().await;
            // Nobody waits any more where it has ended already.
            let _ = ending.send(());
        });
        let done = tokio::select! {
            done = served => done.context("serve"),
            () = patience(told) => Ok(()),
        };
        app.uploads.remove_all();
        done
    }

    fn app(self, token: String, address: SocketAddr) -> Result<App> {
        let paths = match self.paths.as_slice() {
            [] => vec![PathBuf::from(".")],
            paths => paths.to_vec(),
        };
        let mut base = Base {
            both: vec!["--quiet".to_owned()],
            region: self.region.clone(),
            #[cfg(feature = "aws")]
            profile: self.sign_in.profile().map(str::to_owned),
            ..Base::default()
        };
        let file = |name: &str, path: &PathBuf| format!("--{name}={}", path.display());
        base.both
            .extend(self.networks.iter().map(|it| file("networks", it)));
        base.both
            .extend(self.asn_db.iter().map(|it| file("asn-db", it)));
        base.analyze
            .extend(self.prices.iter().map(|it| file("prices", it)));
        base.analyze
            .extend(self.snapshot.iter().map(|it| file("snapshot", it)));
        base.investigate.extend(self.keeping.arguments());
        #[cfg(feature = "aws")]
        {
            base.both.extend(self.sign_in.arguments());
            let stack = self.stack.iter();
            base.both
                .extend(stack.map(|name| format!("--stack={name}")));
        }
        Ok(App {
            guard: Guard::new(token, address, self.host_name),
            roots: roots::Roots::new(&paths)?,
            uploads: uploads::Uploads::new(self.max_upload)?,
            jobs: jobs::Jobs::default(),
            reports: reports::Reports::default(),
            results: investigations::Results::default(),
            keeping: self.keeping,
            #[cfg(feature = "aws")]
            stack: self.stack.map(|name| stack::Place {
                name,
                region: base.region.first().cloned(),
                sign_in: self.sign_in,
                found: tokio::sync::OnceCell::new(),
            }),
            base,
        })
    }
}

impl App {
    /// The profiles of the AWS configuration files.
    async fn profiles(&self) -> Vec<String> {
        #[cfg(feature = "aws")]
        let profiles = adapters::aws::profiles().await;
        #[cfg(not(feature = "aws"))]
        let profiles = Vec::new();
        profiles
    }
}

#[cfg(feature = "aws")]
impl App {
    /// The name of the stack.
    fn stack_name(&self) -> Option<String> {
        self.stack.as_ref().map(|place| place.name.clone())
    }
}

#[cfg(not(feature = "aws"))]
impl App {
    /// Files have no stack.
    fn stack_name(&self) -> Option<String> {
        None
    }

    /// Files have no stack.
    async fn recorded_report(&self, _execution: &str) -> Result<Vec<u8>, Problem> {
        Err(Problem::not_found(
            "NoStack",
            "This natspike was built without AWS and knows no stack.",
        ))
    }
}

/// Ends a while after the server was told to end, as a page that follows a job keeps
/// its connection.
async fn patience(told: tokio::sync::oneshot::Receiver<()>) {
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(PATIENCE).await;
}

/// Ends when somebody wants the program to end.
async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to notice it the program ends as the system ends it.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Does what may block elsewhere.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(Problem::internal(
            "The work broke off; what natspike serve printed says where.",
        ))
    })
}

/// Letters that nobody can guess.
fn random() -> Result<String> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).context("draw a token")?;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// An id that nobody has had.
fn drawn() -> Result<String, Problem> {
    random().map_err(|error| Problem::failed(&error))
}

fn token(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match is_plain && text.len() >= guard::SHORTEST {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "a token has at least {} letters and digits, such as `openssl rand -hex 16` gives",
            guard::SHORTEST
        )),
    }
}
