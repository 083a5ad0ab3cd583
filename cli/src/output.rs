//! What people and machines read: the console, diagnostics, and reports in every format.

pub mod answer;
pub mod answer_format;
pub mod console;
pub mod diagnostics;
pub(crate) mod differences;
pub mod explanation;
pub mod format;
mod github;
pub(crate) mod json;
mod junit;
pub mod kyverno_test;
mod markdown;
pub mod objects;
pub(crate) mod progress;
pub mod reference;
pub mod report;
mod sarif;
pub mod table;
