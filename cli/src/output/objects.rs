//! Objects that policies changed or made, as YAML.

use portcullis_pipeline::apply::{Produced, ProducedAs};

/// An object under a line that says what became of it.
#[must_use]
pub fn titled(produced: &Produced) -> String {
    let policies = produced.policies.join(", ");
    let resource = &produced.resource;
    let title = match produced.produced_as {
        ProducedAs::Mutated => format!("policy {policies} applied to {resource}:"),
        ProducedAs::Target => format!("policy {policies} applied to {resource}, patched target:"),
        ProducedAs::Generated => format!("policy {policies} applied to {resource}, generated:"),
    };
    format!("\n{title}\n{}---\n", yaml(produced))
}

/// An object as one document, without the line that separates it from the next.
#[must_use]
pub fn yaml(produced: &Produced) -> String {
    // A JSON value is always YAML.
    serde_saphyr::to_string(&*produced.object).unwrap_or_default()
}
