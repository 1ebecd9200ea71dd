//! Whether the write-ahead log that a killed process left can be read to its end.
//!
//! SQLite takes the first frame whose checksum does not fit for the end of its log, because a crash may
//! leave a last transaction half written. A byte that changed in the midst of it looks the same, and
//! everything behind it would be lost silently, though it was acknowledged. What follows distinguishes the
//! two: frames of a later transaction, or, in the index beside the log, how many frames were durable.
//!
//! Format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>, `sqlite3.c` for the index.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use super::open::beside;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// The last bit of the magic number decides in which byte order checksums are summed up.
const MAGIC: u32 = 0x377f_0682;
/// One of the two copies at the start of the index.
const INDEX: usize = 48;

/// What is lost of the log; `None` when nothing is.
///
/// # Errors
/// It cannot be read.
pub(super) fn lost(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(beside(path, "-wal")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() == 0 {
        return Ok(None);
    }
    let mut log = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? {
        let durable = durable(path, None)?.unwrap_or_default();
        return Ok((durable > 0).then(|| "the log was cut off".to_owned()));
    }
    let Some(mut sums) = Sums::begin(&header) else {
        return Ok(Some("the header of the log is damaged".to_owned()));
    };
    let page = usize::try_from(word(&header, 8)).unwrap_or(usize::MAX);
    let durable = durable(path, Some(&header))?;
    let mut found = Found::default();
    let mut frame = vec![0; FRAME + page.min(1 << 16)];
    while fill(&mut log, &mut frame)? {
        // Frames of an older generation follow where the log began again.
        let is_mine = frame[8..16] == header[16..24];
        let commits = word(&frame, 4) != 0;
        found.frame(is_mine && sums.add(&frame), is_mine, commits);
    }
    Ok(found.lost(durable))
}

/// Frames in the order of the log.
#[derive(Default)]
struct Found {
    /// Frames that can be read, one after the other from the first on, and how many of them are part of
    /// a whole transaction.
    whole: u32,
    committed: u32,
    broken: bool,
    /// Frames of this generation behind the first that cannot be read.
    behind: u32,
    /// One of them ends a transaction, and another one follows it.
    ended: bool,
    later: bool,
}

impl Found {
    fn frame(&mut self, is_whole: bool, is_mine: bool, commits: bool) {
        if is_whole && !self.broken {
            self.whole += 1;
            if commits {
                self.committed = self.whole;
            }
            return;
        }
        self.broken = true;
        if is_mine {
            self.behind += 1;
            self.later |= self.ended;
            self.ended |= commits;
        }
    }

    /// A transaction that was not acknowledged may be half there, and is none; it can only be the last.
    fn lost(&self, durable: Option<u32>) -> Option<String> {
        let missing = durable.is_some_and(|durable| durable > self.committed);
        (self.later || missing).then(|| {
            format!(
                "the log is damaged behind frame {}: what was written after it cannot be read",
                self.whole
            )
        })
    }
}

/// Frames of the log that its index records as durable; none when there is no index, the index is not
/// whole, or it belongs to a log with another header.
fn durable(path: &Path, header: Option<&[u8; HEADER]>) -> io::Result<Option<u32>> {
    let mut copies = [0; 2 * INDEX];
    let index = File::open(beside(path, "-shm"));
    match index.map(|mut index| index.read_exact(&mut copies)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) | Err(error) => {
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::UnexpectedEof => Ok(None),
                _ => Err(error),
            };
        }
    }
    let (index, copy) = copies.split_at(INDEX);
    let mut sums = Sums::of(cfg!(target_endian = "big"));
    sums.sum(&index[..INDEX - 8]);
    let is_whole = index == copy
        && native(index, INDEX - 8) == sums.first
        && native(index, INDEX - 4) == sums.second;
    // The generation of the log, from its header.
    let is_of_it = header.is_none_or(|header| index[32..40] == header[16..24]);
    Ok((is_whole && is_of_it).then(|| native(index, 16)))
}

/// SQLite's running checksum, over everything from the header on.
struct Sums {
    is_big: bool,
    first: u32,
    second: u32,
}

impl Sums {
    fn of(is_big: bool) -> Self {
        Self {
            is_big,
            first: 0,
            second: 0,
        }
    }

    /// After the header, if that is one.
    fn begin(header: &[u8; HEADER]) -> Option<Self> {
        let magic = word(header, 0);
        let mut sums = Self::of(magic & 1 == 1);
        sums.sum(&header[..HEADER - 8]);
        let holds = magic & !1 == MAGIC && sums.are(&header[HEADER - 8..]);
        holds.then_some(sums)
    }

    /// Whether the frame is what was written.
    fn add(&mut self, frame: &[u8]) -> bool {
        self.sum(&frame[..8]);
        self.sum(&frame[FRAME..]);
        self.are(&frame[16..FRAME])
    }

    fn sum(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let word = |from: usize| {
                let word = [pair[from], pair[from + 1], pair[from + 2], pair[from + 3]];
                if self.is_big {
                    u32::from_be_bytes(word)
                } else {
                    u32::from_le_bytes(word)
                }
            };
            let (one, two) = (word(0), word(4));
            self.first = self.first.wrapping_add(one).wrapping_add(self.second);
            self.second = self.second.wrapping_add(two).wrapping_add(self.first);
        }
    }

    fn are(&self, stored: &[u8]) -> bool {
        (word(stored, 0), word(stored, 4)) == (self.first, self.second)
    }
}

/// False at the end; what is left there is no whole one.
fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], from: usize) -> u32 {
    u32::from_be_bytes([
        bytes[from],
        bytes[from + 1],
        bytes[from + 2],
        bytes[from + 3],
    ])
}

fn native(bytes: &[u8], from: usize) -> u32 {
    u32::from_ne_bytes([
        bytes[from],
        bytes[from + 1],
        bytes[from + 2],
        bytes[from + 3],
    ])
}
