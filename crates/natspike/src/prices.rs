//! `natspike prices`, and which prices an analysis uses.

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum, ValueHint};
use egress::{Money, PriceName, Prices, Rate};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What stands for the Price List API in the place of a file.
const AWS: &str = "aws";
/// The price that --nat-rate is.
const NAT_GB: PriceName = PriceName::NatGb;

/// Show what AWS charges in a region for traffic through a NAT gateway
///
/// The table that ships has few regions whole, each price with a date and a
/// source; --aws asks AWS's Price List API (pricing:GetProducts). analyze takes
/// the file of --save with --prices.
#[derive(Args)]
pub(crate) struct Command {
    /// Region whose prices are shown
    #[arg(long, value_name = "REGION", env = "AWS_REGION")]
    region: String,

    /// Ask the Price List API
    #[cfg(feature = "aws")]
    #[arg(long, conflicts_with = "shipped")]
    aws: bool,

    /// The table that ships with this version (as without an option)
    #[arg(long)]
    shipped: bool,

    /// Form of the prices
    #[arg(long, value_enum, default_value_t = Output::Console)]
    output: Output,

    /// Write the prices to this file too, for analyze --prices
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    save: Option<PathBuf>,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    sign_in: crate::sign_in::SignIn,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// A line for each price
    Console,
    /// JSON, as --save writes it
    Json,
}

impl Command {
    /// Writes the book to standard output.
    pub(crate) fn run(self) -> Result<()> {
        let book = self.book()?;
        if let Some(file) = &self.save {
            let name = file.display();
            std::fs::write(file, book.write()).with_context(|| format!("write {name}"))?;
        }
        let mut out = io::stdout().lock();
        match self.output {
            Output::Console => egress::prices::write(&book, &mut out),
            Output::Json => out.write_all(book.write().as_bytes()),
        }
        .context("write the prices")
    }

    #[cfg(feature = "aws")]
    fn book(&self) -> Result<Prices> {
        if !self.aws {
            return Ok(Prices::shipped(&self.region));
        }
        let settings = crate::dotenv::Settings::default();
        let place = egress::list_region(&self.region);
        ask(self.sign_in.choice(&settings, Some(place)), &self.region)
    }

    #[cfg(not(feature = "aws"))]
    fn book(&self) -> Result<Prices> {
        Ok(Prices::shipped(&self.region))
    }
}

/// Which prices an analysis uses.
#[derive(Args)]
pub(crate) struct Given {
    /// What you pay, in USD, instead of a list price: nat-gb, nat-hour, internet-gb,
    /// cross-zone-gb, inter-region-gb, endpoint-hour, endpoint-gb, logs-gb and
    /// others that natspike prices shows
    #[arg(long, value_name = "NAME=USD", value_parser = Prices::given)]
    rate: Vec<(PriceName, Money)>,

    /// Price book of the region, as natspike prices --save writes it; aws asks AWS's
    /// Price List API [default: the table that ships]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    prices: Option<PathBuf>,
}

impl Given {
    /// Whether the price of a gigabyte processed is given.
    pub(crate) fn has_rate(&self) -> bool {
        self.rate.iter().any(|(name, _)| *name == NAT_GB)
    }

    /// The region of the book that is given.
    pub(crate) fn region(&self) -> Result<Option<String>> {
        let file = self
            .prices
            .as_deref()
            .filter(|file| *file != Path::new(AWS));
        Ok(file.map(read).transpose()?.map(|book| book.region))
    }

    /// Puts what --rate says in the place of what is known.
    pub(crate) fn set(&self, prices: &mut Prices) {
        for (name, amount) in &self.rate {
            prices.set(*name, *amount, "--rate");
        }
    }

    /// Whether a price book is named.
    pub(crate) fn has_book(&self) -> bool {
        self.prices.is_some()
    }

    /// The prices that the regions have in common, those that are given before all
    /// others; `ask` asks the Price List API.
    pub(crate) fn prices(
        &self,
        regions: &[String],
        nat_rate: Option<&Rate>,
        ask: &dyn Fn(&str) -> Result<Prices>,
    ) -> Result<Prices> {
        let mut books = Vec::new();
        for region in regions {
            books.push(match self.prices.as_deref() {
                None => Prices::shipped(region),
                Some(file) if file == Path::new(AWS) => ask(region)?,
                Some(file) => {
                    let name = file.display();
                    let book = read(file)?.check(region);
                    book.with_context(|| format!("use {name}"))?
                }
            });
        }
        let mut prices = match <[Prices; 1]>::try_from(books) {
            Ok([book]) => book,
            Err(books) => Prices::shared(&books),
        };
        self.set(&mut prices);
        if let Some(rate) = nat_rate {
            prices.set(NAT_GB, rate.per_gb, "--nat-rate");
        }
        Ok(prices)
    }
}

fn read(file: &Path) -> Result<Prices> {
    let name = file.display();
    let text = std::fs::read(file).with_context(|| format!("read {name}"))?;
    Prices::read(&text).with_context(|| format!("read {name}"))
}

/// Asks the Price List API for a region's prices.
#[cfg(feature = "aws")]
pub(crate) fn ask(choice: adapters::aws::Choice, region: &str) -> Result<Prices> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start")?;
    use recorder::port::PriceList as _;
    let documents = runtime.block_on(async {
        let config = adapters::aws::config_of(choice).await;
        let list = adapters::pricing::PriceList::new(&config);
        list.products(&egress::list_queries(region)).await
    });
    let documents = documents.map_err(|error: recorder::PortError| {
        anyhow!(
            "ask for the prices of {region}: {}",
            crate::cloud::plain(&error)
        )
    })?;
    Prices::of_list(region, &documents).context("read the Price List")
}

/// Where the Price List API cannot be asked.
#[cfg(not(feature = "aws"))]
pub(crate) fn not_built() -> anyhow::Error {
    anyhow!(
        "ask for prices: this natspike was built without the feature aws; save them with one that \
         has it (natspike prices --aws --save FILE)"
    )
}
