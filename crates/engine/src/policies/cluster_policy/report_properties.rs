//! `reportProperties` of a rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_values::Val;
use serde_json::Value;

use crate::context::JsonContext;
use crate::context::query::Names;
use crate::context::variables::Template;

/// `reportProperties`: with their variables in place once the preconditions hold; as written
/// before that, and when a variable has no value.
#[derive(Debug)]
pub(super) struct ReportProperties {
    pub(super) written: BTreeMap<String, String>,
    template: Template,
}

impl ReportProperties {
    pub(super) fn compile(
        written: &BTreeMap<String, String>,
        names: &Arc<Names>,
    ) -> Option<ReportProperties> {
        if written.is_empty() {
            return None;
        }
        let entries = written.iter();
        let document = entries.map(|(key, text)| (key.clone(), Value::from(text.as_str())));
        Some(ReportProperties {
            template: Template::compile(&Value::Object(document.collect()), names),
            written: written.clone(),
        })
    }

    pub(super) fn evaluate<'a>(&'a self, context: &JsonContext<'a>) -> BTreeMap<String, String> {
        let Ok(Val::Map(entries)) = self.template.evaluate(context) else {
            return self.written.clone();
        };
        let texts: Option<BTreeMap<String, String>> = entries
            .iter()
            .map(|(key, value)| Some((key.as_str().to_owned(), value.as_str()?.to_owned())))
            .collect();
        texts.unwrap_or_else(|| self.written.clone())
    }
}
