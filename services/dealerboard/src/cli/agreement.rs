//! Two people, for what cannot be taken back.

use clap::Args;
use kernel::Actor;
use pipeline::Responsible;

#[derive(Debug, Args)]
pub(super) struct Agreement {
    /// Who does it.
    #[arg(long)]
    by: Option<Actor>,
    /// Who agrees: another person.
    #[arg(long)]
    approved_by: Option<Actor>,
    /// Does it; without it, only prints what would be done.
    #[arg(long, requires_all = ["by", "approved_by"])]
    yes: bool,
}

impl Agreement {
    /// Who answers for it, if it is to be done.
    pub(super) fn given(self) -> anyhow::Result<Option<Responsible>> {
        let (Some(by), true) = (self.by, self.yes) else {
            return Ok(None);
        };
        anyhow::ensure!(
            self.approved_by.as_ref() != Some(&by),
            "--approved-by must be another person than --by"
        );
        Ok(Some(Responsible {
            by,
            approved_by: self.approved_by,
        }))
    }
}
