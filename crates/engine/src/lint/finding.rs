//! A finding: how bad it is, where it stands, what it is and what to do.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy is refused.
    Error,
    /// The policy loads; it most likely does not do what its author means.
    Warning,
}

/// Something wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands: a JSON pointer into the policy's document.
    pub path: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(
            out,
            "{word}: {}: {}; {}",
            self.path, self.message, self.remedy
        )
    }
}

/// How many findings are kept; nobody reads more.
const MAX: usize = 1000;

/// Findings on their way.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    pub(super) fn error(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Severity::Error, path.into(), message.into(), remedy.into());
    }

    pub(super) fn extend(&mut self, found: Vec<Finding>) {
        for one in found {
            self.add(one.severity, one.path, one.message, one.remedy);
        }
    }

    pub(super) fn warning(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(
            Severity::Warning,
            path.into(),
            message.into(),
            remedy.into(),
        );
    }

    /// What `look` finds, as warnings.
    pub(super) fn warnings(&mut self, look: impl FnOnce(&mut Findings)) {
        let mut found = Findings::default();
        look(&mut found);
        for finding in found.list {
            self.warning(finding.path, finding.message, finding.remedy);
        }
    }

    /// Whether something below `path` is refused.
    pub(super) fn refuse(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let mut list = self.list.iter();
        list.any(|it| {
            it.severity == Severity::Error && (it.path == path || it.path.starts_with(&below))
        })
    }

    fn add(&mut self, severity: Severity, path: String, message: String, remedy: String) {
        let finding = Finding {
            severity,
            path,
            message,
            remedy,
        };
        if self.list.len() < MAX && !self.list.contains(&finding) {
            self.list.push(finding);
        }
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
