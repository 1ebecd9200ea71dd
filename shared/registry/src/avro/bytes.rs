//! The bytes of a datum, which must be all there and all read.

use std::io::{self, Read};

/// Remembers whether more was asked for than there is. apache-avro takes the end of the bytes for a
/// null, so that a datum cut short would be read as one with fields left out.
pub(super) struct Bytes<'a> {
    left: &'a [u8],
    overrun: bool,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(all: &'a [u8]) -> Self {
        Self {
            left: all,
            overrun: false,
        }
    }

    /// # Errors
    /// The datum was cut short, or something follows it.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.left.len() {
            _ if self.overrun => Err("not a datum: cut short".to_owned()),
            0 => Ok(()),
            more => Err(format!("not a datum: {more} bytes follow it")),
        }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.overrun |= self.left.len() < into.len();
        self.left.read(into)
    }
}
