//! How far long work is: a bar on standard error when that is a terminal, else nothing.

use std::{
    io::{IsTerminal as _, stderr},
    sync::Mutex,
};

use indicatif::{ProgressBar, ProgressStyle};
use strongroom_kernel::verify::{Progress, Silent};

/// What the bar looks like.
const TEMPLATE: &str = "{msg:32} {wide_bar} {human_pos}/{human_len} {eta}";

/// The listener that fits the terminal.
pub(crate) fn listener() -> Box<dyn Progress> {
    if stderr().is_terminal() { Box::new(Bar::default()) } else { Box::new(Silent) }
}

/// A bar per stage; the last one goes when it is dropped.
#[derive(Debug, Default)]
struct Bar(Mutex<Option<ProgressBar>>);

impl Progress for Bar {
    fn begin(&self, stage: &'static str, total: u64) {
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is in the source");
        let bar = ProgressBar::new(total).with_style(style).with_message(stage);
        if let Ok(mut now) = self.0.lock()
            && let Some(before) = now.replace(bar)
        {
            before.finish_and_clear();
        }
    }

    fn advance(&self, by: u64) {
        if let Ok(now) = self.0.lock()
            && let Some(bar) = now.as_ref()
        {
            bar.inc(by);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Ok(mut now) = self.0.lock()
            && let Some(bar) = now.take()
        {
            bar.finish_and_clear();
        }
    }
}
