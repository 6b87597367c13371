//! `natspike record`: recordings of a stack, begun and stopped by hand.

use crate::sign_in::SignIn;
use crate::stack::Stack;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use recorder::hand::Stopped;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

/// List, start and stop the recordings of a stack
///
/// A recording that is started by hand goes on for RecordingTime or until it is
/// stopped, whatever its alarm does; it is analyzed and mailed like any other, and
/// counts in NumOfRecordings. Any recording can be stopped by hand.
#[derive(Args)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Action,
    /// The stack that was deployed from natspike's template
    #[arg(long, value_name = "NAME", env = "NATSPIKE_STACK", global = true)]
    stack: Option<String>,
    /// Region of the stack
    #[arg(long, value_name = "REGION", global = true)]
    region: Option<String>,
    #[command(flatten)]
    sign_in: SignIn,
}

#[derive(Subcommand)]
enum Action {
    /// Say what was recorded, why it ended, and what it showed
    List {
        /// Recordings that are listed, the newest first
        #[arg(long, value_name = "N", default_value_t = 20,
            value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
        /// Form of the list
        #[arg(long, value_enum, default_value_t = Form::Console)]
        output: Form,
    },
    /// Record a gateway now, whatever its alarm says
    Start {
        /// NAT gateway id
        #[arg(value_name = "GATEWAY")]
        gateway: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Stop a recording; it is analyzed and mailed
    Stop {
        /// The execution, or the gateway that it records
        #[arg(value_name = "EXECUTION-OR-GATEWAY")]
        named: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// An aligned table for a terminal
    Console,
    /// JSON, schema natspike.recordings/1
    Json,
}

impl Command {
    pub(crate) fn run(self) -> Result<()> {
        let Some(name) = &self.stack else {
            bail!("know which stack: name it with --stack, or with NATSPIKE_STACK");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start")?;
        runtime.block_on(async {
            let stack = Stack::open(&self.sign_in, self.region.as_deref(), name).await?;
            let stack = Arc::new(stack);
            match self.action {
                Action::List { limit, output } => list(&stack, limit, output).await,
                Action::Start { gateway, yes } => start(&stack, &gateway, yes).await,
                Action::Stop { named } => stop(&stack, &named).await,
            }
        })
    }
}

async fn list(stack: &Arc<Stack>, limit: u16, form: Form) -> Result<()> {
    let recordings = stack.recordings(limit.into()).await?;
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match form {
        Form::Console => recordings.console(&mut out),
        Form::Json => recordings.json(&mut out),
    }
    .context("write the list")
}

async fn start(stack: &Stack, gateway: &str, is_sure: bool) -> Result<()> {
    if !is_sure && !io::stdin().is_terminal() {
        bail!(
            "ask whether to record {gateway}: standard input is no terminal; add --yes to record \
             without being asked"
        );
    }
    stack.startable(gateway).await?;
    for sentence in stack.expected(gateway).await? {
        writeln!(io::stderr(), "{sentence}").context("write")?;
    }
    if !is_sure && !agreed(gateway)? {
        writeln!(io::stderr(), "Nothing was started.").context("write")?;
        return Ok(());
    }
    let execution = stack.start(gateway).await?;
    writeln!(io::stdout(), "{execution}").context("write")?;
    let name = &stack.name;
    let region = &stack.region;
    writeln!(
        io::stderr(),
        "{gateway} is being recorded. This stops it:\n\
         natspike record stop {execution} --stack {name} --region {region}"
    )
    .context("write")
}

/// Whether somebody says yes.
fn agreed(gateway: &str) -> Result<bool> {
    write!(io::stderr(), "Record {gateway}? [y/N] ").context("ask")?;
    io::stderr().flush().context("ask")?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("read the answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

async fn stop(stack: &Stack, named: &str) -> Result<()> {
    let (execution, stopped) = stack.stop(named).await?;
    let sentence = match stopped {
        Stopped::UnderWay => "stops; its report is mailed once late records are in",
        Stopped::Over => "was over already",
    };
    writeln!(io::stdout(), "{execution} {sentence}").context("write")
}
