//! Which exceptions let something off: whoever may write one in some namespace must not be able to
//! let off what the cluster forbids (CVE-2024-48921).

use portcullis_engine::load::Loaded;

/// Where exceptions must stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExceptionRules {
    /// In any namespace.
    #[default]
    Anywhere,
    /// None lets anything off.
    Nowhere,
    /// In this namespace.
    In(String),
}

impl ExceptionRules {
    /// What the two flags of Kyverno say: whether there are exceptions, and in which namespace; `*`
    /// for all of them, nothing for none.
    #[must_use]
    pub fn of(is_enabled: bool, namespace: &str) -> ExceptionRules {
        match (is_enabled, namespace) {
            (false, _) | (true, "") => ExceptionRules::Nowhere,
            (true, "*") => ExceptionRules::Anywhere,
            (true, namespace) => ExceptionRules::In(namespace.to_owned()),
        }
    }

    /// Why an object lets nothing off; none where it does, or is no exception.
    #[must_use]
    pub fn refusal(&self, loaded: &Loaded) -> Option<String> {
        let (Loaded::Exception(_) | Loaded::CelException(_)) = loaded else {
            return None;
        };
        let namespace = loaded.metadata().namespace.as_deref().unwrap_or_default();
        match self {
            ExceptionRules::Anywhere => None,
            ExceptionRules::In(meant) if meant == namespace => None,
            ExceptionRules::In(meant) => Some(format!(
                "exceptions in namespace `{namespace}` let nothing off; write it in `{meant}`, which `--exception-namespace` names"
            )),
            ExceptionRules::Nowhere => Some(
                "exceptions let nothing off; turn them on with `--enable-policy-exception` and `--exception-namespace`".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_engine::load;
    use serde_json::json;

    use super::*;

    /// CVE-2024-48921.
    #[test]
    fn an_exception_counts_where_the_flags_say() {
        for (is_enabled, namespace, wanted) in [
            (false, "*", false),
            (true, "", false),
            (true, "*", true),
            (true, "grants", true),
            (true, "other", false),
        ] {
            let rules = ExceptionRules::of(is_enabled, namespace);
            for (api_version, spec) in [
                ("kyverno.io/v2", json!({"exceptions": [], "match": {}})),
                ("policies.kyverno.io/v1", json!({"policyRefs": []})),
            ] {
                let object = json!({
                    "apiVersion": api_version,
                    "kind": "PolicyException",
                    "metadata": {"name": "e", "namespace": "grants"},
                    "spec": spec,
                });
                let (loaded, errors) = load::load(&object);
                assert_eq!(errors, []);
                let refusal = rules.refusal(&loaded[0]);
                assert_eq!(refusal.is_none(), wanted, "{rules:?} {refusal:?}");
            }
        }
    }
}
