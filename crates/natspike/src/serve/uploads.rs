//! Files that the page sends: flow logs, lists of prefixes, reports.
//!
//! **Invariants.** A file takes no more than the limit, all together no more than
//! [`ROOM`] times that. They lie in a folder that nobody else may read, under ids
//! that the server draws, and are gone when it ends.

use super::App;
use super::jobs::locked;
use super::problem::{Asked, Problem};
use anyhow::{Context, Result};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use egress::investigate::CidrLists;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How many files of the largest size there is room for.
const ROOM: u64 = 4;
/// Files at the most.
const MOST: usize = 100;
/// A list or a report is not larger.
const MOST_TEXT: u64 = 64 << 20;
/// Letters of a name.
const LONGEST_NAME: usize = 200;
/// What stands before an id where a source is named.
pub(crate) const WORD: &str = "upload";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UploadKind {
    /// A flow log in any form, or a bundle.
    FlowLog,
    /// Prefixes, for cidr-connections.
    CidrList,
    /// A report, to be compared.
    Report,
}

/// A file that was sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Upload {
    /// Its id.
    id: String,
    /// What it was called.
    name: String,
    /// What it is.
    kind: UploadKind,
    /// Its size.
    bytes: u64,
    /// Prefixes of a list.
    prefixes: Option<usize>,
}

/// All files that were sent.
#[derive(Debug, Serialize, ToSchema)]
struct UploadList {
    /// By id.
    uploads: Vec<Upload>,
}

/// What is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// What the file is called.
    name: String,
    /// What it is.
    #[param(inline)]
    kind: UploadKind,
}

/// The files that were sent.
#[derive(Debug)]
pub(crate) struct Uploads {
    folder: TempDir,
    limit: u64,
    all: Mutex<BTreeMap<String, Upload>>,
}

impl Uploads {
    /// Room for files of that size.
    pub(crate) fn new(limit: u64) -> Result<Uploads> {
        let folder = tempfile::Builder::new().prefix("natspike-").tempdir();
        Ok(Uploads {
            folder: folder.context("make a folder for uploads")?,
            limit,
            all: Mutex::default(),
        })
    }

    /// The largest file that may be sent.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Removes all files, and the folder; what is left is the system's to remove.
    pub(crate) fn remove_all(&self) {
        locked(&self.all).clear();
        let _ = fs::remove_dir_all(self.folder.path());
    }

    /// Where the file of that id is.
    pub(crate) fn path(&self, id: &str, kind: UploadKind) -> Result<PathBuf, Problem> {
        let all = locked(&self.all);
        match all.get(id) {
            Some(upload) if upload.kind == kind => Ok(self.place(id).join(&upload.name)),
            Some(upload) => Err(Problem::unprocessable(
                "OtherUpload",
                format!("{} was sent as something else; send it again.", upload.name),
            )),
            None => Err(Problem::not_found(
                "UnknownUpload",
                "There is no such file any more; send it again.",
            )),
        }
    }

    /// The text with the names of files as they were sent.
    pub(crate) fn plain(&self, text: &str) -> String {
        let all = locked(&self.all);
        let mut plain = text.to_owned();
        for id in all.keys() {
            let place = format!("{}/", self.place(id).display());
            plain = plain.replace(&place, "");
        }
        plain
    }

    /// Whether the file is one that was sent.
    pub(crate) fn has(&self, path: &FilePath) -> bool {
        path.starts_with(self.folder.path())
    }

    fn place(&self, id: &str) -> PathBuf {
        self.folder.path().join(id)
    }

    fn limit_of(&self, kind: UploadKind) -> u64 {
        match kind {
            UploadKind::FlowLog => self.limit,
            UploadKind::CidrList | UploadKind::Report => self.limit.min(MOST_TEXT),
        }
    }

    fn too_large(&self, kind: UploadKind) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "UploadTooLarge",
            format!(
                "The file is larger than {} bytes; name its path instead, or start natspike serve \
                 with a higher --max-upload.",
                self.limit_of(kind)
            ),
        )
    }

    /// Whether there is room for so many more bytes.
    fn check_room(&self, kind: UploadKind, bytes: u64) -> Result<(), Problem> {
        if bytes > self.limit_of(kind) {
            return Err(self.too_large(kind));
        }
        let all = locked(&self.all);
        let used: u64 = all.values().map(|upload| upload.bytes).sum();
        if all.len() >= MOST || used.saturating_add(bytes) > self.limit.saturating_mul(ROOM) {
            return Err(Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "NoRoom",
                "There is no room for more files; remove some of those that were sent.",
            ));
        }
        Ok(())
    }

    /// The prefixes of a list.
    fn read_list(&self, path: &FilePath) -> Result<usize, Problem> {
        let lists = crate::investigate::own_lists(std::slice::from_ref(&path.to_owned()));
        let lists: CidrLists = lists.map_err(|error| {
            let why = self.plain(&format!("{error:#}"));
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let folder = path.parent().unwrap_or(path).display().to_string();
            let why = why.replace(&format!("{folder}/{name}"), &name);
            Problem::unprocessable("UnreadableList", format!("Failed to {why}."))
        })?;
        Ok(lists.lists().iter().map(|list| list.prefixes).sum())
    }
}

/// A name without a way to anywhere.
fn plain_name(name: &str) -> Result<String, Problem> {
    let is_plain = |letter: char| !letter.is_control() && !matches!(letter, '/' | '\\' | ':');
    let is_fine = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && name.len() <= 255
        && name.chars().all(is_plain)
        && !name.starts_with('.')
        && !name.starts_with('-');
    match is_fine {
        true => Ok(name.to_owned()),
        false => Err(Problem::unprocessable(
            "BadName",
            "A file's name has no path and no control characters, does not begin with a dot or a \
             hyphen, and has at most 200 letters; rename it.",
        )),
    }
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_uploads, send_file))
        .routes(routes!(remove_upload))
}

/// List the files that were sent
#[utoipa::path(
    get, path = "/uploads", tag = "uploads",
    responses((status = 200, description = "by id", body = UploadList))
)]
async fn list_uploads(State(app): State<Arc<App>>) -> Json<UploadList> {
    let all = locked(&app.uploads.all);
    Json(UploadList {
        uploads: all.values().cloned().collect(),
    })
}

/// Send a file; the body is its bytes
#[utoipa::path(
    post, path = "/uploads", tag = "uploads", params(Sent),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "it is there", body = Upload),
        (status = 507, description = "there is no room", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn send_file(
    State(app): State<Arc<App>>,
    Asked(sent): Asked<Sent>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Upload>), Problem> {
    let name = plain_name(&sent.name)?;
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
    app.uploads.check_room(sent.kind, length.unwrap_or(0))?;
    let id = super::drawn()?;
    let folder = app.uploads.place(&id);
    let received = receive(&app.uploads, sent.kind, folder.join(&name), body).await;
    let own = Arc::clone(&app);
    let known = Arc::new((id, name));
    let made = Arc::clone(&known);
    let kept = super::blocking(move || {
        let (id, name) = &*made;
        let bytes = received?;
        own.uploads.check_room(sent.kind, bytes)?;
        let prefixes = match sent.kind {
            UploadKind::CidrList => Some(own.uploads.read_list(&own.uploads.place(id).join(name))?),
            _ => None,
        };
        Ok(Upload {
            id: id.clone(),
            name: name.clone(),
            kind: sent.kind,
            bytes,
            prefixes,
        })
    })
    .await;
    match kept {
        Ok(upload) => {
            locked(&app.uploads.all).insert(known.0.clone(), upload.clone());
            Ok((StatusCode::CREATED, Json(upload)))
        }
        Err(problem) => {
            // A part of a file is of no use; where there is none, nothing is to be removed.
            let _ = fs::remove_dir_all(&folder);
            Err(problem)
        }
    }
}

/// Writes the body to the file; gives its size.
async fn receive(
    uploads: &Uploads,
    kind: UploadKind,
    path: PathBuf,
    body: Body,
) -> Result<u64, Problem> {
    let (chunks, mut received) = mpsc::channel::<Bytes>(8);
    let writing = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir(folder)?;
        }
        let mut file = File::create_new(&path)?;
        while let Some(chunk) = received.blocking_recv() {
            file.write_all(&chunk)?;
        }
        file.flush()
    });
    let limit = uploads.limit_of(kind);
    let mut stream = body.into_data_stream();
    let mut bytes = 0u64;
    let mut broken = None;
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else {
            let detail = "The file did not come to its end; send it again.";
            broken = Some(Problem::new(
                StatusCode::BAD_REQUEST,
                "BrokenUpload",
                detail,
            ));
            break;
        };
        bytes += chunk.len() as u64;
        if bytes > limit {
            broken = Some(uploads.too_large(kind));
            break;
        }
        // Whoever writes has failed, and says so below.
        if chunks.send(chunk).await.is_err() {
            break;
        }
    }
    drop(chunks);
    let written = writing
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)));
    match (broken, written) {
        (Some(problem), _) => Err(problem),
        (None, Ok(())) => Ok(bytes),
        (None, Err(error)) => Err(Problem::internal(format!(
            "The file cannot be kept: {error}."
        ))),
    }
}

/// Remove a file that was sent
#[utoipa::path(
    delete, path = "/uploads/{id}", tag = "uploads",
    params(("id" = String, Path, description = "the file's id")),
    responses(
        (status = 204, description = "it is gone"),
    )
)]
async fn remove_upload(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let removed = locked(&app.uploads.all).remove(&id);
    let Some(upload) = removed else {
        return Err(Problem::not_found(
            "UnknownUpload",
            "There is no such file any more.",
        ));
    };
    let folder = app.uploads.place(&upload.id);
    super::blocking(move || {
        fs::remove_dir_all(&folder)
            .map_err(|error| Problem::internal(format!("The file cannot be removed: {error}.")))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::{UploadKind, Uploads, plain_name};

    #[test]
    fn names_lead_nowhere() {
        for (name, is_fine) in [
            ("nat.log.gz", true),
            ("größe <b>.csv", true),
            ("../a", false),
            ("a/b", false),
            ("a\\b", false),
            ("..", false),
            (".hidden", false),
            ("-option", false),
            ("s3:", false),
            ("a\nb", false),
            ("", false),
        ] {
            assert_eq!(plain_name(name).is_ok(), is_fine, "{name:?}");
        }
        assert!(plain_name(&"a".repeat(201)).is_err());
    }

    #[test]
    fn room_is_bounded() {
        let uploads = Uploads::new(1_000).unwrap();
        let check = |bytes| {
            let checked = uploads.check_room(UploadKind::FlowLog, bytes);
            checked.err().map(|problem| problem.name)
        };
        assert_eq!(check(1_000), None);
        assert_eq!(check(1_001), Some("UploadTooLarge"));
        assert_eq!(
            uploads
                .path("x", UploadKind::FlowLog)
                .err()
                .map(|it| it.name),
            Some("UnknownUpload")
        );
    }
}
