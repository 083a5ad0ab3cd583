//! Kyverno's flags for what is not evaluated, or not reached, here. They are understood so that the
//! answer can say why.

use std::path::PathBuf;

use portcullis_pipeline::diagnostic::Diagnostic;

const NO_PAYLOAD: &str = "payloads are not evaluated";

/// The flags.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Refused {
    #[arg(long, hide = true)]
    http_payload: Vec<PathBuf>,
    #[arg(long, hide = true)]
    envoy_payload: Vec<PathBuf>,
}

impl Refused {
    /// One error for each flag that is set.
    pub(super) fn faults(&self) -> Vec<Diagnostic> {
        let set = self.flags().into_iter().filter(|(is_set, ..)| *is_set);
        let fault = |(_, flag, why): (bool, &str, &str)| {
            Diagnostic::error(format!("`{flag}` of Kyverno is not supported: {why}"))
        };
        set.map(fault).collect()
    }

    /// Each flag: whether it is set, its name, and why it is refused.
    // A table is read by its rows.
    #[rustfmt::skip]
    fn flags(&self) -> [(bool, &'static str, &'static str); 2] {
        [
            (!self.http_payload.is_empty(), "--http-payload", NO_PAYLOAD),
            (!self.envoy_payload.is_empty(), "--envoy-payload", NO_PAYLOAD),
        ]
    }
}
