//! The bytes of a file, unpacked, and as UTF-8.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

/// Largest file, unpacked, bytes: every row of it takes ten times its room before it is sent.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// How every gzip file begins (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The whole file; the bar moves with its bytes as they are on the disk.
pub(super) fn unpacked(path: &Path, bar: &ProgressBar) -> anyhow::Result<Bytes> {
    let file = File::open(path).context("open it")?;
    let length = file.metadata()?.len();
    bar.set_length(length);
    let mut packed = BufReader::new(bar.wrap_read(file));
    let bytes = if packed.fill_buf()?.starts_with(&GZIP) {
        bounded(MultiGzDecoder::new(packed), 0)?
    } else {
        bounded(packed, length)?
    };
    Ok(Bytes::from(bytes))
}

fn bounded(reader: impl Read, expected: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(FILE_BYTES_MAX))?);
    let read = reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(
        read as u64 <= FILE_BYTES_MAX,
        "it is larger than {FILE_BYTES_MAX} bytes: divide it"
    );
    Ok(bytes)
}

/// The text as UTF-8. A byte order mark overrides what is declared; without either it is UTF-8,
/// and what is not is the fault of its row.
pub(super) fn decoded(bytes: Bytes, declared: Option<&'static Encoding>) -> anyhow::Result<Bytes> {
    let (found, mark) = match Encoding::for_bom(&bytes) {
        Some((encoding, mark)) => (encoding, mark),
        None => (declared.unwrap_or(UTF_8), 0),
    };
    let text = bytes.slice(mark..);
    if found == UTF_8 {
        return Ok(text);
    }
    match found.decode_without_bom_handling_and_without_replacement(&text) {
        Some(Cow::Owned(decoded)) => Ok(Bytes::from(decoded)),
        // Plain ASCII is the same in both.
        Some(Cow::Borrowed(_)) => Ok(text),
        None => anyhow::bail!("it is not {} throughout", found.name()),
    }
}

/// An encoding by a name or label of the WHATWG's list, such as `windows-1252`.
pub(in super::super) fn encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label(label.as_bytes())
        .ok_or_else(|| format!("`{label}` is no encoding such as utf-16le or windows-1252"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{decoded, encoding};

    #[test]
    fn byte_order_mark_says_more_than_what_is_declared() {
        let latin = encoding("windows-1252").unwrap();
        let cases: [(&[u8], _, &str); 5] = [
            (b"\xEF\xBB\xBFts", Some(latin), "ts"),
            (b"\xFF\xFEt\0s\0", None, "ts"),
            (b"\xFE\xFF\0t\0s", None, "ts"),
            (b"Geb\xFChr", Some(latin), "Geb\u{fc}hr"),
            (b"ts", Some(latin), "ts"),
        ];
        for (bytes, declared, text) in cases {
            let read = decoded(Bytes::from_static(bytes), declared).unwrap();
            assert_eq!(read, text, "{bytes:?}");
        }
    }

    #[test]
    fn text_that_ends_within_a_character_is_refused() {
        let cut = decoded(Bytes::from_static(b"\xFF\xFEt\0s"), None).unwrap_err();
        assert_eq!(cut.to_string(), "it is not UTF-16LE throughout");
    }
}
