//! One page of a list, from a store that has all of it if there is one.

use resilience::Deadline;

use super::chain::guarded;
use super::{BEHIND, Page, Query, Unanswered, is_whole};
use crate::slices::ViewSlice;

impl Query {
    /// Up to `max` values under `prefix` after a key, in key order.
    ///
    /// # Errors
    /// [`Unanswered`]: no store that lists is there.
    pub async fn list(
        &self,
        view: &ViewSlice,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Page, Unanswered> {
        let deadline = Deadline::within(self.settings.deadline);
        let mut degraded = Vec::new();
        let lists = self.sources.iter().filter(|(source, _)| source.lists);
        let mut lists: Vec<_> = lists
            .map(|(source, marks)| (source, marks.age_of_all(view.id)))
            .collect();
        // A complete page before an incomplete one; else the fastest first, as always.
        lists.sort_by_key(|(_, age)| !is_whole(*age));
        for (source, age) in lists {
            let page = || source.model.list(view.id, prefix, after, max);
            match guarded(source, deadline, page).await {
                Some(values) => {
                    if !is_whole(age) {
                        degraded.push(BEHIND);
                    }
                    return Ok(Page {
                        values,
                        degraded,
                        age,
                    });
                }
                None => degraded.push(source.name),
            }
        }
        Err(Unanswered::Unavailable { degraded })
    }
}
