//! Named members in one file: a tar in zstd behind a signature.
//!
//! The signature is a skippable frame of zstd, so that a bundle is told by its
//! first bytes and `tar --zstd -xf` reads it all the same. What the members are
//! is not known here.
//!
//! **Invariants.** The same members have the same bytes: no clock, no owner.
//! Nothing is written anywhere: members are read into memory, by plain names
//! only, and no further than [`EXPANSION`] times the size of the file.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A skippable frame of zstd: magic number, length, text.
const SIGNATURE: &[u8; 24] = b"\x50\x2a\x4d\x18\x10\0\0\0natspike bundle\n";
/// How hard zstd tries: a bundle is written once.
const LEVEL: i32 = 12;
/// How many times its size a bundle may expand to.
const EXPANSION: u64 = 200;
/// What may come out of one of any size before the limit counts.
const EXPANSION_FREE: u64 = 64 << 20;
/// More members than any version has.
const MOST_MEMBERS: usize = 64;
/// The longest name of a member.
const LONGEST_NAME: usize = 64;
/// How much of a file is hashed at a time.
const PIECE: usize = 256 << 10;

/// Members by name, in order.
pub type Members = Vec<(String, Vec<u8>)>;

/// Why a file is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It has not the signature.
    #[error("it is no bundle of natspike; make one with natspike bundle")]
    NoBundle,
    /// It breaks off, or is not as it was written.
    #[error("the bundle is damaged or incomplete ({0}); fetch it again")]
    Damaged(String),
    /// A member is no plain file, or its name no plain name.
    #[error("it has a member {0:?}, which no bundle of natspike has; nothing of it was read")]
    Foreign(String),
    /// More comes out of it than of any bundle.
    #[error(
        "it expands to more than {EXPANSION} times its size, as no bundle of natspike does; \
         nothing of it was read"
    )]
    ExpandsTooFar,
    /// It cannot be opened or read.
    #[error(transparent)]
    Io(io::Error),
}

impl BundleError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            BundleError::NoBundle => "NoBundle",
            BundleError::Damaged(_) => "DamagedBundle",
            BundleError::Foreign(_) => "ForeignMember",
            BundleError::ExpandsTooFar => "ExpandsTooFar",
            BundleError::Io(_) => "CannotRead",
        }
    }
}

/// Whether a file that begins so is a bundle, whole or not.
pub fn is_bundle(head: &[u8]) -> bool {
    head.starts_with(SIGNATURE)
}

/// Whether the file is a bundle, whole or not; what cannot be read is none.
pub fn is_bundle_file(path: &Path) -> bool {
    let read = || -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        // A pipe is not even opened: its writer would lose whoever reads it.
        if fs::metadata(path)?.is_file() {
            let file = File::open(path)?;
            file.take(SIGNATURE.len() as u64).read_to_end(&mut head)?;
        }
        Ok(head)
    };
    read().is_ok_and(|head| is_bundle(&head))
}

/// The bytes of a file with these members.
pub fn pack(members: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut packed = zstd::Encoder::new(SIGNATURE.to_vec(), LEVEL)?;
    packed.include_checksum(true)?;
    let mut archive = tar::Builder::new(packed);
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        archive.append(&header, content.as_slice())?;
    }
    archive.into_inner()?.finish()
}

/// The members of an open file, from its beginning.
pub fn unpack(input: impl Read) -> Result<Members, BundleError> {
    let stored = Arc::new(AtomicU64::new(0));
    let mut input = Stored {
        input,
        stored: Arc::clone(&stored),
    };
    let mut head = Vec::new();
    let signature = input.by_ref().take(SIGNATURE.len() as u64);
    { signature }
        .read_to_end(&mut head)
        .map_err(BundleError::Io)?;
    if !is_bundle(&head) {
        return Err(BundleError::NoBundle);
    }
    let expanded = zstd::Decoder::new(input).map_err(BundleError::Io)?;
    let mut limited = Limited {
        input: expanded,
        expanded: 0,
        stored,
        is_over: false,
    };
    let read = members(&mut limited);
    // Behind the archive nothing may follow, and the checksum is at the end.
    let rest = io::copy(&mut limited, &mut io::sink());
    match (read, rest) {
        _ if limited.is_over => Err(BundleError::ExpandsTooFar),
        (Ok(members), Ok(_)) => Ok(members),
        (Err(error), _) => Err(error),
        (_, Err(error)) => Err(BundleError::Damaged(error.to_string())),
    }
}

/// Reads all members.
fn members(archive: impl Read) -> Result<Members, BundleError> {
    let damaged = |error: io::Error| BundleError::Damaged(error.to_string());
    let mut archive = tar::Archive::new(archive);
    let mut members = Members::new();
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_file = entry.header().entry_type() == tar::EntryType::Regular;
        if !is_file || !is_plain(&name) || members.len() == MOST_MEMBERS {
            return Err(BundleError::Foreign(shown(&name)));
        }
        let size = entry.size();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(damaged)?;
        if content.len() as u64 != size {
            let what = format!("{name} breaks off");
            return Err(BundleError::Damaged(what));
        }
        members.push((name, content));
    }
    Ok(members)
}

/// A name that could not lead out of any folder.
fn is_plain(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_legal) && !name.starts_with('.')
}

/// As much of a foreign name as fits into a sentence.
fn shown(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// The length of a file and its SHA-256 in hexadecimal digits.
pub fn fingerprint(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => {
                hash.update(&piece[..read]);
                length += read as u64;
            }
        }
    }
    let digits = hash.finalize();
    let digits = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((length, digits))
}

/// Writes a file that is there whole or not at all.
pub fn save(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = Path::new(&beside);
    let written = File::create(beside)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(beside, path));
    if written.is_err() {
        // What is told is why it could not be written.
        let _ = std::fs::remove_file(beside);
    }
    written
}

/// Counts what is read from the file.
struct Stored<R> {
    input: R,
    stored: Arc<AtomicU64>,
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(into)?;
        self.stored.fetch_add(length as u64, Relaxed);
        Ok(length)
    }
}

/// Breaks off where too much comes out of too little.
struct Limited<R> {
    input: R,
    expanded: u64,
    stored: Arc<AtomicU64>,
    is_over: bool,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(into)?;
        self.expanded += length as u64;
        let most = self.stored.load(Relaxed).saturating_mul(EXPANSION);
        self.is_over |= self.expanded > most.max(EXPANSION_FREE);
        match self.is_over {
            true => Err(io::Error::other("it expands too far")),
            false => Ok(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BundleError, EXPANSION_FREE, SIGNATURE, is_bundle, pack, save, unpack};
    use std::io::Write;

    fn members() -> super::Members {
        let member = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec());
        vec![
            member("manifest.json", b"{}"),
            member("empty", b""),
            member("table.nspt", &[7; 100_000]),
        ]
    }

    /// A bundle around an archive that is not ours.
    fn around(archive: &[u8]) -> Vec<u8> {
        let mut packed = zstd::Encoder::new(SIGNATURE.to_vec(), 1).unwrap();
        packed.write_all(archive).unwrap();
        packed.finish().unwrap()
    }

    fn archive(name: &[u8], kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_size(content.len() as u64);
        header.set_entry_type(kind);
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, content).unwrap();
        archive.into_inner().unwrap()
    }

    fn refused(content: &[u8]) -> BundleError {
        unpack(content).unwrap_err()
    }

    #[test]
    fn what_is_packed_is_unpacked_and_has_the_same_bytes_each_time() {
        let packed = pack(&members()).unwrap();
        assert!(is_bundle(&packed));
        assert_eq!(packed, pack(&members()).unwrap());
        assert_eq!(unpack(packed.as_slice()).unwrap(), members());
        // As anything that knows zstd and tar reads it.
        let plain = zstd::decode_all(packed.as_slice()).unwrap();
        let mut archive = tar::Archive::new(plain.as_slice());
        assert_eq!(archive.entries().unwrap().count(), 3);
    }

    #[test]
    fn what_breaks_off_or_was_changed_is_refused() {
        let packed = pack(&members()).unwrap();
        for length in 0..packed.len() {
            let error = refused(&packed[..length]);
            let expected = match length {
                0..24 => "NoBundle",
                _ => "DamagedBundle",
            };
            assert_eq!(error.name(), expected, "{length}: {error}");
        }
        for place in 24..packed.len() {
            let mut changed = packed.clone();
            changed[place] ^= 0x10;
            let is_same = unpack(changed.as_slice()).is_ok_and(|read| read == members());
            // A bit of the frame's head may say nothing about the content.
            assert!(unpack(changed.as_slice()).is_err() || is_same, "{place}");
        }
        assert_eq!(
            refused(&[packed, b"more".to_vec()].concat()).name(),
            "DamagedBundle"
        );
        assert_eq!(refused(b"PK\x03\x04").name(), "NoBundle");
        assert_eq!(
            refused(&around(b"no archive at all")).name(),
            "DamagedBundle"
        );
    }

    #[test]
    fn members_that_lead_elsewhere_are_refused() {
        use tar::EntryType;
        for (name, kind) in [
            ("../evil", EntryType::Regular),
            ("/etc/passwd", EntryType::Regular),
            ("a/b", EntryType::Regular),
            (".hidden", EntryType::Regular),
            ("..", EntryType::Regular),
            ("a\\b", EntryType::Regular),
            ("folder", EntryType::Directory),
            ("link", EntryType::Symlink),
            ("link", EntryType::Link),
            ("device", EntryType::Char),
            ("long", EntryType::GNULongName),
            ("sparse", EntryType::GNUSparse),
            ("pax", EntryType::XHeader),
        ] {
            let error = refused(&around(&archive(name.as_bytes(), kind, b"")));
            assert_eq!(error.name(), "ForeignMember", "{name}: {error}");
        }
        let many: super::Members = (0..100).map(|n| (n.to_string(), Vec::new())).collect();
        assert_eq!(refused(&pack(&many).unwrap()).name(), "ForeignMember");
    }

    #[test]
    fn bombs_are_stopped() {
        let zeros = vec![0; EXPANSION_FREE as usize + 1_000_000];
        let inside = pack(&[("table.nspt".to_owned(), zeros.clone())]).unwrap();
        let behind = around(&[archive(b"a", tar::EntryType::Regular, b""), zeros].concat());
        for bomb in [inside, behind] {
            assert!(bomb.len() < 100_000, "{}", bomb.len());
            assert_eq!(refused(&bomb).name(), "ExpandsTooFar");
        }
        // A size that is only said.
        let mut said = archive(b"table.nspt", tar::EntryType::Regular, b"");
        let mut header = tar::Header::new_ustar();
        header.set_path("table.nspt").unwrap();
        header.set_size(1 << 40);
        header.set_cksum();
        said[..512].copy_from_slice(header.as_bytes());
        assert_eq!(refused(&around(&said)).name(), "DamagedBundle");
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.natspike");
        save(&path, b"first").unwrap();
        save(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert!(save(&folder.path().join("no/such"), b"x").is_err());
        assert!(save(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
