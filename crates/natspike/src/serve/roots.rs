//! Which files may be opened: those below the folders that the server was started
//! with.
//!
//! **Invariants.** A path is compared after all its links and dots are resolved, so
//! nothing outside is reached through them. Nothing is written.

use super::App;
use super::problem::{Asked, Problem};
use anyhow::{Context, Result};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries of a folder that are listed.
const MOST_ENTRIES: usize = 5_000;

/// Folders and files that may be opened.
#[derive(Debug)]
pub(crate) struct Roots(Vec<PathBuf>);

impl Roots {
    /// Resolves the paths.
    ///
    /// Errors: one is not there.
    pub(crate) fn new(paths: &[PathBuf]) -> Result<Roots> {
        let resolve = |path: &PathBuf| {
            let resolved = fs::canonicalize(path);
            resolved.with_context(|| format!("open {}; check the path", path.display()))
        };
        Ok(Roots(paths.iter().map(resolve).collect::<Result<_>>()?))
    }

    /// The roots as texts.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    /// The path without links, if it lies below a root.
    pub(crate) fn resolve(&self, path: &str) -> Result<PathBuf, Problem> {
        let outside = || {
            Problem::new(
                StatusCode::FORBIDDEN,
                "OutsideRoots",
                format!(
                    "{path} is outside of what may be opened ({}); start natspike serve with its \
                     folder.",
                    self.shown().join(", ")
                ),
            )
        };
        let resolved = match fs::canonicalize(path) {
            Ok(resolved) => resolved,
            // Whether something is there outside of the roots is nobody's business.
            Err(_) if !self.may_be_below(path) => return Err(outside()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    "NotReadable",
                    format!("{path} may not be read by whoever started natspike serve."),
                ));
            }
            Err(_) => {
                return Err(Problem::not_found(
                    "NoFile",
                    format!("There is no {path}; check the path."),
                ));
            }
        };
        match self.0.iter().any(|root| resolved.starts_with(root)) {
            true => Ok(resolved),
            false => Err(outside()),
        }
    }

    /// Whether a path that cannot be resolved begins like a root, and goes nowhere up.
    fn may_be_below(&self, path: &str) -> bool {
        let path = Path::new(path);
        let goes_up = path.components().any(|part| part.as_os_str() == "..");
        !goes_up && self.0.iter().any(|root| path.starts_with(root))
    }
}

/// Which folder.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Folder {
    /// The folder; without it the roots are listed.
    path: Option<String>,
}

/// A folder and what is in it.
#[derive(Debug, Serialize, ToSchema)]
struct Listing {
    /// The folder; nothing: the roots are listed.
    path: Option<String>,
    /// The folder above, if it may be opened.
    parent: Option<String>,
    /// Folders first, by name.
    entries: Vec<Entry>,
    /// There are more than are listed.
    is_cut: bool,
}

/// A file or folder.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    /// Its name.
    name: String,
    /// Where it is.
    path: String,
    /// Whether it is a folder.
    is_folder: bool,
    /// Of a file.
    bytes: Option<u64>,
    /// When it was changed, in Unix seconds.
    modified: Option<u64>,
}

impl Entry {
    fn of(path: &Path, name: String) -> Option<Entry> {
        let about = fs::metadata(path).ok()?;
        let modified = about.modified().ok()?.duration_since(UNIX_EPOCH).ok();
        Some(Entry {
            name,
            path: path.to_str()?.to_owned(),
            is_folder: about.is_dir(),
            bytes: about.is_file().then_some(about.len()),
            modified: modified.map(|since| since.as_secs()),
        })
    }
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list_files))
}

/// List what may be opened
#[utoipa::path(
    get, path = "/files", tag = "files", params(Folder),
    responses(
        (status = 200, description = "the folder", body = Listing),
    )
)]
async fn list_files(
    State(app): State<Arc<App>>,
    Asked(folder): Asked<Folder>,
) -> Result<Json<Listing>, Problem> {
    super::blocking(move || app.roots.list(folder.path.as_deref())).await
}

impl Roots {
    fn list(&self, path: Option<&str>) -> Result<Json<Listing>, Problem> {
        let Some(path) = path else {
            let entries = self.0.iter();
            let entries = entries.filter_map(|root| Entry::of(root, root.to_str()?.to_owned()));
            return Ok(Json(Listing {
                path: None,
                parent: None,
                entries: entries.collect(),
                is_cut: false,
            }));
        };
        let folder = self.resolve(path)?;
        let entries = fs::read_dir(&folder).map_err(|error| {
            Problem::unprocessable("NoFolder", format!("{path} cannot be listed: {error}."))
        })?;
        let mut entries: Vec<Entry> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                let is_shown = !name.starts_with('.');
                let found = is_shown.then(|| Entry::of(&entry.path(), name))?;
                // A link that leads outside could not be opened.
                found.filter(|found| self.resolve(&found.path).is_ok())
            })
            .take(MOST_ENTRIES + 1)
            .collect();
        let is_cut = entries.len() > MOST_ENTRIES;
        entries.truncate(MOST_ENTRIES);
        entries.sort_by(|one, other| {
            let key = |entry: &Entry| (!entry.is_folder, entry.name.to_lowercase());
            key(one).cmp(&key(other))
        });
        let parent = folder.parent().and_then(Path::to_str);
        Ok(Json(Listing {
            parent: parent
                .filter(|parent| self.resolve(parent).is_ok())
                .map(str::to_owned),
            path: folder.to_str().map(str::to_owned),
            entries,
            is_cut,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Roots;
    use std::fs;
    use std::path::Path;

    fn text(path: &Path) -> String {
        path.to_str().expect("a text").to_owned()
    }

    #[test]
    fn nothing_outside_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let above = fs::canonicalize(folder.path()).unwrap();
        let root = above.join("logs");
        fs::create_dir_all(root.join("day")).unwrap();
        fs::write(root.join("day/a.log"), "a").unwrap();
        fs::write(above.join("secret"), "s").unwrap();
        fs::create_dir(above.join("logs-of-others")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(above.join("secret"), root.join("link")).unwrap();
        let roots = Roots::new(std::slice::from_ref(&root)).unwrap();
        let check = |path: &str, expected: Option<&str>| {
            let name = roots.resolve(path).err().map(|problem| problem.name);
            assert_eq!(name, expected, "{path}");
        };
        check(&text(&root), None);
        check(&text(&root.join("day/a.log")), None);
        check(&text(&root.join("day/../day/a.log")), None);
        check(&text(&root.join("day/b.log")), Some("NoFile"));
        for outside in [
            text(&root.join("../secret")),
            text(&root.join("day/../../secret")),
            text(&above.join("logs-of-others")),
            text(&above.join("nothing")),
            text(&root.join("../nothing")),
            "/etc/passwd".to_owned(),
            String::new(),
        ] {
            check(&outside, Some("OutsideRoots"));
        }
        #[cfg(unix)]
        check(&text(&root.join("link")), Some("OutsideRoots"));
        let listed = roots.list(Some(&text(&root))).unwrap();
        let names: Vec<&str> = listed.entries.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["day"]);
        assert_eq!(listed.parent, None);
    }
}
