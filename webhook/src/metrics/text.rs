//! The text format of Prometheus.

use std::fmt::{Display, Write as _};

use super::histogram::Histogram;

/// A text that is being written.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Starts a family of samples.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub(super) fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    pub(super) fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        let count = histogram.count();
        for (bound, up_to) in histogram.cumulated().chain([("+Inf", count)]) {
            let _ = writeln!(self.0, "{name}_bucket{{{labels},le=\"{bound}\"}} {up_to}");
        }
        let _ = writeln!(self.0, "{name}_sum{{{labels}}} {}", histogram.seconds());
        let _ = writeln!(self.0, "{name}_count{{{labels}}} {count}");
    }

    pub(super) fn done(self) -> String {
        self.0
    }
}

/// Labels as they stand between braces.
pub(super) fn labels(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        for character in value.chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(
            labels(&[("a", "x"), ("b", "\"\\\n")]),
            r#"a="x",b="\"\\\n""#
        );
    }
}
