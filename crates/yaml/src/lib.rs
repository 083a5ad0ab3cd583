//! YAML as Kubernetes reads it, with the byte span of every node.
#![warn(clippy::disallowed_methods)]
