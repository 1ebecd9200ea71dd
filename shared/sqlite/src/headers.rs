//! Record headers as one blob: per header the length and bytes of its name, then of its value;
//! lengths are 32-bit big-endian.

use bytes::{Buf, BufMut, Bytes};
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

pub(crate) fn decode(mut blob: &[u8]) -> FromSqlResult<Vec<(String, Bytes)>> {
    let mut headers = Vec::new();
    while blob.has_remaining() {
        let name = part(&mut blob)?.to_vec();
        let name = String::from_utf8(name).map_err(|_| FromSqlError::InvalidType)?;
        headers.push((name, Bytes::copy_from_slice(part(&mut blob)?)));
    }
    Ok(headers)
}

fn part<'b>(blob: &mut &'b [u8]) -> FromSqlResult<&'b [u8]> {
    let length = blob.try_get_u32().map_err(|_| FromSqlError::InvalidType)?;
    let length = usize::try_from(length).map_err(|_| FromSqlError::InvalidType)?;
    let (part, rest) = blob
        .split_at_checked(length)
        .ok_or(FromSqlError::InvalidType)?;
    *blob = rest;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_their_blob_in_order_with_repeats_and_empties() {
        let headers: Vec<(String, Bytes)> = [("a", "1"), ("a", "2"), ("", "x"), ("leer", "")]
            .map(|(name, value)| (name.to_owned(), Bytes::from(value)))
            .to_vec();
        assert_eq!(decode(&encode(&headers).unwrap()).unwrap(), headers);
        assert_eq!(decode(&[]).unwrap(), vec![]);
    }

    #[test]
    fn blob_that_is_cut_short_is_refused_wherever_it_is_cut() {
        let whole = encode(&[("name".to_owned(), Bytes::from_static(b"value"))]).unwrap();
        for length in 1..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length} bytes");
        }
    }
}
