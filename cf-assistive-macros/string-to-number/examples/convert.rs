//! The macro without its Lambda: one request on standard input, its answer on standard
//! output. The lints expand the template with it, exactly as CloudFormation would.

use std::io;

fn main() -> Result<(), serde_json::Error> {
    let event = serde_json::from_reader(io::stdin().lock())?;
    serde_json::to_writer(io::stdout().lock(), &string_to_number::answer(&event))
}
