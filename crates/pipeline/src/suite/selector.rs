//! Which cases of a suite run: `policy=GLOB,rule=GLOB,resource=GLOB`, in any order, each optional.

use std::str::FromStr;

use portcullis_api::test_file::TestResult;
use portcullis_values::wildcard::Wildcard;

use super::row::Row;

/// Cases by policy, rule and resource; `*` and `?` stand for other characters.
#[derive(Clone, Debug)]
pub struct CaseSelector {
    policy: Wildcard,
    rule: Wildcard,
    resource: Wildcard,
}

impl CaseSelector {
    /// Whether a case is about a chosen policy and rule.
    #[must_use]
    pub fn has_case(&self, case: &TestResult) -> bool {
        let rule = case.rule.as_deref().unwrap_or_default();
        self.policy.is_match(&case.policy) && self.rule.is_match(rule)
    }

    /// Whether a row is about a chosen resource, by `name`, `namespace/name` or as a whole.
    #[must_use]
    pub fn has_row(&self, row: &Row) -> bool {
        let resource = &row.resource;
        let starts = resource.match_indices('/').map(|(at, _)| at + 1);
        let mut names = starts.filter_map(|start| resource.get(start..));
        self.resource.is_match(resource) || names.any(|name| self.resource.is_match(name))
    }
}

impl FromStr for CaseSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let any = || Wildcard::new("*");
        let mut selector = CaseSelector {
            policy: any(),
            rule: any(),
            resource: any(),
        };
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (key, glob) = part.split_once('=').unwrap_or((part, ""));
            let glob = Wildcard::new(glob);
            match key.trim() {
                "policy" => selector.policy = glob,
                "rule" => selector.rule = glob,
                "resource" => selector.resource = glob,
                _ => {
                    return Err(format!(
                        "`{part}` selects nothing; write `policy=GLOB`, `rule=GLOB` or `resource=GLOB`"
                    ));
                }
            }
        }
        Ok(selector)
    }
}
