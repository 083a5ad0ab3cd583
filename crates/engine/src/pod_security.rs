//! The Pod Security Standards: levels baseline and restricted, versions v1.0 to v1.37, and Kyverno's
//! rule `validate.podSecurity` over them.
//!
//! | file | what it is |
//! |---|---|
//! | `controls/` | one control of the standard a file, with its revisions by version |
//! | `registry.rs`, `check.rs` | all checks, and what a check is |
//! | `pod.rs`, `workload.rs` | the typed view of a pod, and where an object of a kind has it |
//! | `standard.rs` | a level and version compiled to a list of functions |
//! | `control.rs`, `lint.rs`, `exclusion.rs` | controls by name, and how a rule or an exception leaves them out |
//! | `rule.rs`, `images.rs`, `failure.rs` | a compiled rule, its evaluation, its message and report properties |
//!
//! To add a control: its file in `controls/`, a line in `controls.rs` and one in `registry.rs`, and a
//! pod that passes and one that fails in `tests/pod_security/`.

mod check;
mod control;
pub mod controls;
mod exclusion;
mod failure;
mod field_error;
mod images;
mod level;
mod lint;
mod offenders;
mod pod;
mod registry;
mod rule;
mod standard;
mod version;
mod workload;

pub(crate) use self::standard::{selected_by_rule, told_as};
pub use self::{
    check::{Check, CheckResult, Forbidden, Revision},
    control::{CONTROLS, Control, Scope},
    failure::PodSecurityFailure,
    field_error::{BadValue, FieldError, FieldErrorType},
    level::Level,
    lint::{PodSecurityError, lint_exclusion},
    pod::{
        Capabilities, Container, ContainerList, Pod, PodError, SeLinuxOptions, SecurityContext,
        Volume,
    },
    registry::CHECKS,
    rule::{CompiledPodSecurity, Dialect, PodSecurityOutcome, evaluate},
    standard::{Standard, StandardCheck},
    version::Version,
    workload::Workload,
};
