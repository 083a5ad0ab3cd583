//! Many policies made ready, as the webhook does at its start and after each change of one of them.

use std::{
    fmt::Write,
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis_engine::load::{self, Loaded};
use portcullis_webhook::{policy_files::PolicyFiles, served::Compiler};
use portcullis_yaml::{Limits, Mode};

/// How many policies there are, with two rules each.
pub(crate) const POLICIES: usize = 3_500;

/// A file of policies: a pattern and conditions in JMESPath, an expression, no two the same.
pub(crate) fn policies() -> String {
    let mut text = String::new();
    for number in 0..POLICIES {
        let check = match number % 4 {
            0 => format!(
                "cel: {{expressions: [{{expression: \"object.metadata.?labels.?tier.orValue('') != 't{number}'\", message: no tier {number}}}]}}"
            ),
            1 => format!(
                "anyPattern: [{{metadata: {{labels: {{tier: \"t{number}-?*\"}}}}}}, {{data: {{tier: \"!t{number}\"}}}}]"
            ),
            _ => format!(
                "pattern: {{metadata: {{labels: {{\"app{number}\": \"?*\", tier: \"a | b | c{number}\"}}}}}}"
            ),
        };
        // A text is always written.
        write!(
            text,
            "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: policy-{number}
  annotations: {{policies.kyverno.io/title: Policy {number}, policies.kyverno.io/category: Bench}}
spec:
  rules:
    - name: shape
      match: {{any: [{{resources: {{kinds: [ConfigMap], namespaces: [\"team-{number}-*\"]}}}}]}}
      validate: {{failureAction: Enforce, message: \"policy {number} wants it\", {check}}}
    - name: conditions
      match: {{any: [{{resources: {{kinds: [Service, Ingress], operations: [CREATE, UPDATE]}}}}]}}
      preconditions: {{all: [{{key: \"{{{{ request.object.metadata.labels.team || '' }}}}\", operator: Equals, value: team-{number}}}]}}
      validate:
        failureAction: Audit
        message: \"no port {number} in {{{{ request.namespace }}}}\"
        deny: {{conditions: {{any: [{{key: \"{{{{ request.object.spec.ports[].port || `[]` }}}}\", operator: AnyIn, value: [{number}]}}]}}}}
---
"
        )
        .ok();
    }
    text
}

/// Reads and compiles a file of policies; how long that takes.
///
/// # Errors
/// Where one of them does not serve.
pub(crate) fn compile(file: &Path) -> io::Result<Duration> {
    let start = Instant::now();
    let read = PolicyFiles::new(vec![file.to_owned()]).read();
    let taken = start.elapsed();
    if read.problems.is_empty() && read.policies.count() == POLICIES {
        return Ok(taken);
    }
    let problems = read.problems.join("; ");
    let count = read.policies.count();
    Err(io::Error::other(format!("{count} policies: {problems}")))
}

/// How long it takes to have a set that is compiled with another version of one of its policies.
///
/// # Errors
/// Where one of them cannot be read.
pub(crate) fn change() -> io::Result<Duration> {
    let mut set: Vec<Arc<Loaded>> = Vec::new();
    for document in portcullis_yaml::documents(&policies()) {
        let value = document.read(Mode::Lenient, &Limits::default());
        let (loaded, _) = load::load(&value.map_err(io::Error::other)?);
        set.extend(loaded.into_iter().map(Arc::new));
    }
    let mut compiler = Compiler::default();
    let (before, _) = compiler.compile(&set);
    if let Some(policy) = set.get_mut(POLICIES / 2) {
        *policy = Arc::new(policy.as_ref().clone());
    }
    let start = Instant::now();
    let (after, errors) = compiler.compile(&set);
    let taken = start.elapsed();
    if (before.count(), after.count(), errors.len()) == (POLICIES, POLICIES, 0) {
        return Ok(taken);
    }
    Err(io::Error::other(format!("{} policies", after.count())))
}
