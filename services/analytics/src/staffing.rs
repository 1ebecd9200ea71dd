//! From agents needed at work to agents on the payroll.

/// Agents to plan so that `needed` are there, when `shrinkage` of 1000 planned hours are lost to
/// leave, training and the like. `None` when none would be left, or beyond `u32`.
#[must_use]
pub fn with_shrinkage(needed: u32, shrinkage: u16) -> Option<u32> {
    let present = 1_000_u64.checked_sub(u64::from(shrinkage))?;
    let planned = (u64::from(needed) * 1_000).checked_next_multiple_of(present)? / present;
    u32::try_from(planned).ok()
}

#[cfg(test)]
mod tests {
    use super::with_shrinkage;

    #[test]
    fn shrinkage_is_divided_out_and_rounded_up() {
        assert_eq!(with_shrinkage(14, 300), Some(20));
        assert_eq!(with_shrinkage(13, 300), Some(19));
        assert_eq!(with_shrinkage(14, 0), Some(14));
        assert_eq!(with_shrinkage(14, 1_000), None);
        assert_eq!(with_shrinkage(14, 1_001), None);
        assert_eq!(with_shrinkage(u32::MAX, 999), None);
    }
}
