//! The latest records of a partition, so that its readers may be at different places.

use std::collections::VecDeque;

use bytes::Bytes;
use kernel::port::Record;

/// Records that are kept …
const RECORDS_MAX: usize = 8_192;
/// … and the bytes of their values.
const BYTES_MAX: usize = 4 << 20;

#[derive(Default)]
pub(super) struct Kept {
    records: VecDeque<Record>,
    bytes: usize,
    /// Everything from this offset on …
    from: i64,
    /// … up to this one, which is the next, is kept.
    next: i64,
}

impl Kept {
    /// Nothing yet, up to this offset.
    pub(super) fn from(next: i64) -> Self {
        Self {
            from: next,
            next,
            ..Self::default()
        }
    }

    /// Whether a reader at this offset finds everything that comes next, now or when it is fetched.
    pub(super) fn has(&self, offset: i64) -> bool {
        (self.from..=self.next).contains(&offset)
    }

    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Adds what was fetched, up to `next`, and forgets the oldest for it.
    pub(super) fn add(&mut self, records: Vec<Record>, next: i64) {
        self.next = next;
        self.bytes += records.iter().map(bytes).sum::<usize>();
        self.records.extend(records);
        while self.records.len() > RECORDS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.records.pop_front() else {
                break;
            };
            self.bytes -= bytes(&oldest);
            self.from = oldest.offset + 1;
        }
    }

    /// Moves what there is from `next` on, at most `max`, to the end of `out`, and returns what is next
    /// then. None when it is not kept.
    pub(super) fn read(&self, next: i64, max: usize, out: &mut Vec<Record>) -> Option<i64> {
        if !self.has(next) {
            return None;
        }
        let start = self.records.partition_point(|kept| kept.offset < next);
        let before = out.len();
        out.extend(self.records.range(start..).take(max).cloned());
        let is_all = start + (out.len() - before) == self.records.len();
        Some(match out.last() {
            Some(last) if !is_all => last.offset + 1,
            _ => self.next,
        })
    }
}

fn bytes(record: &Record) -> usize {
    record.value.as_ref().map_or(0, Bytes::len)
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn record(offset: i64, bytes: usize) -> Record {
        Record {
            offset,
            logged_at: Timestamp::default(),
            key: None,
            value: Some(Bytes::from(vec![0; bytes])),
            headers: Vec::new(),
            log_position: None,
            unreadable: None,
        }
    }

    fn read(kept: &Kept, next: i64, max: usize) -> Option<(Vec<i64>, i64)> {
        let mut out = Vec::new();
        let next = kept.read(next, max, &mut out)?;
        Some((out.iter().map(|record| record.offset).collect(), next))
    }

    #[test]
    fn reader_goes_on_where_it_is_whatever_was_fetched() {
        let mut kept = Kept::from(5);
        assert_eq!(read(&kept, 5, 10), Some((vec![], 5)));
        kept.add(vec![record(5, 1), record(6, 1)], 7);
        // Offsets may leave holes, also at the end.
        kept.add(vec![record(9, 1)], 12);
        assert_eq!(read(&kept, 5, 2), Some((vec![5, 6], 7)));
        assert_eq!(read(&kept, 7, 2), Some((vec![9], 12)));
        assert_eq!(read(&kept, 8, 2), Some((vec![9], 12)));
        assert_eq!(read(&kept, 12, 2), Some((vec![], 12)));
        assert_eq!(read(&kept, 4, 2), None, "was never kept");
        assert_eq!(read(&kept, 13, 2), None, "is not known");
    }

    #[test]
    fn oldest_are_forgotten_for_newer_and_a_reader_that_far_back_learns_it() {
        let mut kept = Kept::from(0);
        let many = i64::try_from(RECORDS_MAX).unwrap() + 2;
        kept.add((0..many).map(|offset| record(offset, 1)).collect(), many);
        assert_eq!(read(&kept, 1, 1), None);
        assert_eq!(read(&kept, 2, 1), Some((vec![2], 3)));
    }

    #[test]
    fn record_that_is_too_large_to_keep_is_not_kept() {
        let mut kept = Kept::from(0);
        kept.add(vec![record(0, 1), record(1, BYTES_MAX + 1)], 2);
        assert_eq!(read(&kept, 0, 1), None);
        assert_eq!(read(&kept, 1, 1), None);
        assert_eq!(read(&kept, 2, 1), Some((vec![], 2)));
        kept.add(vec![record(2, 1)], 3);
        assert_eq!(read(&kept, 2, 1), Some((vec![2], 3)));
    }

    proptest! {
        /// However it is fetched and read, a reader gets every record from where it began, in order,
        /// or an error.
        #[test]
        fn no_reader_misses_a_record(
            fetched in prop::collection::vec((1..2_000_usize, 0..3_i64), 1..20),
            max in 1..3_000_usize,
            reads_every in 1..4_usize,
        ) {
            let (mut kept, mut end) = (Kept::from(0), 0);
            let (mut all, mut got, mut next) = (Vec::new(), Vec::new(), 0);
            for (round, (count, hole)) in fetched.into_iter().enumerate() {
                let offsets: Vec<i64> = (end..).take(count).collect();
                end += i64::try_from(count).unwrap() + hole;
                all.extend(&offsets);
                kept.add(offsets.into_iter().map(|offset| record(offset, 1)).collect(), end);
                if round % reads_every == 0 {
                    match read(&kept, next, max) {
                        Some((read, then)) => {
                            got.extend(read);
                            next = then;
                        }
                        // The reader fetches for itself; here it begins again.
                        None => {
                            prop_assert!(!kept.has(next));
                            next = end;
                            got.clone_from(&all);
                        }
                    }
                    prop_assert_eq!(&got[..], &all[..got.len()]);
                }
            }
        }
    }
}
