//! `dealerboard migrate`.

use std::process::ExitCode;

use crate::config::{Config, Mode};
use crate::{ports, slices};

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    if config.storage.mode == Mode::Embedded {
        super::say("the embedded file migrates itself when it is opened");
        return Ok(ExitCode::SUCCESS);
    }
    let sentences = super::runtime()?.block_on(ports::migrate(config, &slices::all()))?;
    for sentence in sentences {
        super::say(&sentence);
    }
    super::say("database and topics are at this version");
    Ok(ExitCode::SUCCESS)
}
