//! Record headers as one blob: per header the length and bytes of its name, then of its value;
//! lengths are 32-bit big-endian.

use bytes::{Buf, BufMut, Bytes};
use kernel::port::NAME_IS_NOT_TEXT;
use rusqlite::types::{FromSqlError, FromSqlResult};

pub(crate) fn encode(headers: &[(String, Bytes)]) -> rusqlite::Result<Vec<u8>> {
    let mut out = Vec::new();
    for (name, value) in headers {
        for part in [name.as_bytes(), value] {
            let length = u32::try_from(part.len())
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            out.put_u32(length);
            out.put_slice(part);
        }
    }
    Ok(out)
}

/// Headers of a record that is read, as far as they can be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) readable: Vec<(String, Bytes)>,
    /// Why there are not more.
    pub(crate) unreadable: Option<&'static str>,
}

impl Headers {
    /// All of them, or an error.
    pub(crate) fn whole(self) -> FromSqlResult<Vec<(String, Bytes)>> {
        match self.unreadable {
            None => Ok(self.readable),
            Some(reason) => Err(FromSqlError::Other(reason.into())),
        }
    }
}

pub(crate) fn decode(mut blob: &[u8]) -> Headers {
    let mut headers = Headers {
        readable: Vec::new(),
        unreadable: None,
    };
    while blob.has_remaining() {
        let (Some(name), Some(value)) = (part(&mut blob), part(&mut blob)) else {
            headers.unreadable = Some("its headers are cut short");
            return headers;
        };
        match std::str::from_utf8(name) {
            Ok(name) => headers
                .readable
                .push((name.to_owned(), Bytes::copy_from_slice(value))),
            Err(_) => headers.unreadable = Some(NAME_IS_NOT_TEXT),
        }
    }
    headers
}

fn part<'b>(blob: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(blob.try_get_u32().ok()?).ok()?;
    let (part, rest) = blob.split_at_checked(length)?;
    *blob = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_their_blob_in_order_with_repeats_and_empties() {
        let headers: Vec<(String, Bytes)> = [("a", "1"), ("a", "2"), ("", "x"), ("leer", "")]
            .map(|(name, value)| (name.to_owned(), Bytes::from(value)))
            .to_vec();
        assert_eq!(read(&encode(&headers).unwrap()), (headers, None));
        assert_eq!(read(&[]), (vec![], None));
    }

    #[test]
    fn blob_that_is_cut_short_is_named_wherever_it_is_cut() {
        let whole = encode(&[("name".to_owned(), Bytes::from_static(b"value"))]).unwrap();
        for length in 1..whole.len() {
            let cut = (vec![], Some("its headers are cut short"));
            assert_eq!(read(&whole[..length]), cut, "{length} bytes");
        }
    }

    #[test]
    fn header_whose_name_is_not_text_hides_no_other() {
        let header = |name: &str| (name.to_owned(), Bytes::from_static(b"value"));
        let mut blob = encode(&[header("one"), header("bad"), header("two")]).unwrap();
        let place = blob.windows(3).position(|name| name == b"bad").unwrap();
        blob[place] = 0xff;
        let readable = vec![header("one"), header("two")];
        assert_eq!(read(&blob), (readable, Some(NAME_IS_NOT_TEXT)));
    }

    type Read = (Vec<(String, Bytes)>, Option<&'static str>);

    fn read(blob: &[u8]) -> Read {
        let headers = decode(blob);
        (headers.readable, headers.unreadable)
    }
}
