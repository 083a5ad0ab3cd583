//! Why a rule is not about a request, in words for `explain`.

/// One reason why a rule is not about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The field of the rule that decides, such as `match.any[0].resources.kinds`; empty when
    /// the request itself does.
    pub path: String,
    /// What it found instead.
    pub reason: String,
}

impl Mismatch {
    /// A reason at a field.
    pub(crate) fn new(path: &str, reason: &str) -> Mismatch {
        Mismatch {
            path: path.to_owned(),
            reason: reason.to_owned(),
        }
    }
}
