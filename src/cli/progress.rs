//! Progress bars, on a terminal only.

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::Progress;

/// A bar on stderr for each step that takes longer than a moment.
#[derive(Debug, Default)]
pub(super) struct Bars {
    current: RefCell<Option<ProgressBar>>,
}

impl Bars {
    /// Bars if stderr is a terminal, nothing otherwise.
    pub(super) fn on_terminal() -> Box<dyn Progress> {
        if io::stderr().is_terminal() { Box::new(Self::default()) } else { Box::new(crate::ingest::Silent) }
    }
}

impl Progress for Bars {
    fn begin(&self, step: &str, octets: u64) {
        let template =
            "{msg:<12} {wide_bar} {bytes:>10} / {total_bytes:<10} {binary_bytes_per_sec:>12} {eta:>4}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(octets), ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(style);
        bar.set_message(step.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        *self.current.borrow_mut() = Some(bar);
    }

    fn advance(&self, octets: u64) {
        if let Some(bar) = &*self.current.borrow() {
            bar.inc(octets);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.current.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}
