//! The recorder's stack, if there is one.

use super::App;
use super::problem::Problem;

impl App {
    pub(super) fn stack_name(&self) -> Option<String> {
        None
    }

    pub(super) async fn recorded_report(&self, _execution: &str) -> Result<Vec<u8>, Problem> {
        Err(Problem::not_found(
            "NoStack",
            "No stack is known; start natspike serve with --stack NAME.",
        ))
    }
}
