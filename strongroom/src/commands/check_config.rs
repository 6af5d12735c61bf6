//! `check-config`: the configuration in force as a file that could be saved, with secrets left out.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::Common;
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    #[command(flatten)]
    common: Common,
}

impl CheckConfig {
    pub(super) fn run(self) -> Result<ExitCode> {
        let loaded = self.common.load()?;
        for warning in &loaded.warnings {
            say!("# warning: {warning}");
        }
        say!("{}", loaded.layers.show().trim_end());
        for (name, _) in loaded.config.content.aws.iter() {
            say!("# {name} is set");
        }
        Ok(ExitCode::SUCCESS)
    }
}
