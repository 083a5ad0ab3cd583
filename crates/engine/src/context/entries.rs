//! Context entries of a rule: `configMap`, `apiCall`, `imageRegistry`, `variable`,
//! `globalReference`.
//!
//! ```yaml
//! context:
//!   - name: roles
//!     configMap: {name: roles, namespace: "{{ request.namespace }}"}
//!   - name: owner
//!     variable: {jmesPath: "roles.data.owner", default: nobody}
//! ```
//!
//! What is loaded merges with a map that already stands at the name, except for a `variable`,
//! which replaces it.

mod api_call;
mod config_map;
mod error;
mod select;
mod variable;

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_values::{Str, Val};
use serde_json::Value;

use super::json_context::{self, JsonContext, Loader};
use super::query::{Names, QueryError};
use super::source::{EntryKind, RegistryAccess};
use super::substitute;
use super::variables::Template;

use api_call::Call;
use config_map::ConfigMap;
pub use error::EntryError;
use error::answered;
use select::Select;
use variable::Variable;

/// A compiled context entry.
#[derive(Debug)]
pub struct Entry {
    name: Arc<str>,
    loader: Source,
}

#[derive(Debug)]
enum Source {
    ConfigMap(ConfigMap),
    ApiCall(Box<Call>),
    Image(Image),
    Variable(Variable),
    Global(Global),
    /// An entry without a source.
    Nothing,
}

#[derive(Debug)]
struct Image {
    reference: Template,
    credentials: Option<api::ImageRegistryCredentials>,
    select: Option<Select>,
}

#[derive(Debug)]
struct Global {
    name: Template,
    select: Option<Select>,
}

/// Compiles the entries of a rule or loop and adds their names to `names`.
#[must_use]
pub fn compile(entries: &[api::ContextEntry], names: &mut Arc<Names>) -> Vec<Entry> {
    let scope: Arc<Names> = names
        .iter()
        .cloned()
        .chain(entries.iter().map(|entry| Arc::from(entry.name.as_str())))
        .collect();
    *names = Arc::clone(&scope);
    entries
        .iter()
        .map(|entry| Entry::compile(entry, &scope))
        .collect()
}

impl Entry {
    fn compile(entry: &api::ContextEntry, names: &Arc<Names>) -> Entry {
        Entry {
            name: Arc::from(entry.name.as_str()),
            loader: Source::compile(entry, names),
        }
    }

    /// Loads the entry; a default takes the place of most errors.
    fn load_value<'a>(&'a self, context: &JsonContext<'a>) -> Result<(), EntryError> {
        match &self.loader {
            Source::Variable(variable) => {
                let value = variable.load(&self.name, context)?;
                account(&value, context)?;
                context.replace(Str::from(&*self.name), value);
                Ok(())
            }
            Source::ConfigMap(config_map) => self.add(config_map.load(context)?, None, context),
            Source::ApiCall(call) => match call.load(context) {
                Ok(answer) => self.add(answer, call.select.as_ref(), context),
                Err(error) => match &call.default {
                    Some(default) => {
                        let value = default.evaluate(context)?.to_json();
                        self.add(Some(value), call.select.as_ref(), context)
                    }
                    None => Err(error),
                },
            },
            Source::Image(image) => self.add(image.load(context)?, image.select.as_ref(), context),
            Source::Global(global) => {
                self.add(global.load(context)?, global.select.as_ref(), context)
            }
            Source::Nothing => Ok(()),
        }
    }

    fn add<'a>(
        &'a self,
        answer: Option<Value>,
        select: Option<&'a Select>,
        context: &JsonContext<'a>,
    ) -> Result<(), EntryError> {
        let Some(answer) = answer else {
            return Ok(());
        };
        let mut value = Val::from(context.store().keep(answer));
        if let Some(select) = select {
            value = select.apply(value, context)?;
        }
        account(&value, context)?;
        context.add(Str::from(&*self.name), value);
        Ok(())
    }
}

impl Loader for Entry {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn kind(&self) -> Option<EntryKind> {
        match &self.loader {
            Source::ConfigMap(_) => Some(EntryKind::ConfigMap),
            Source::ApiCall(_) => Some(EntryKind::ApiCall),
            Source::Image(_) => Some(EntryKind::ImageRegistry),
            Source::Global(_) => Some(EntryKind::GlobalReference),
            Source::Variable(_) | Source::Nothing => None,
        }
    }

    fn load<'a>(&'a self, context: &JsonContext<'a>) -> Result<(), QueryError> {
        self.load_value(context).map_err(|error| QueryError::Entry {
            name: self.name.to_string(),
            reason: error.to_string(),
            missing_key: error.is_missing_key(),
        })
    }
}

fn account<'a>(value: &Val<'a>, context: &JsonContext<'a>) -> Result<(), EntryError> {
    context
        .account(substitute::json_text(value).len())
        .map_err(|size| EntryError::TooLarge {
            size,
            limit: json_context::MAX_CONTEXT_SIZE,
        })
}

impl Source {
    fn compile(entry: &api::ContextEntry, names: &Arc<Names>) -> Source {
        let text = |text: &str| Template::compile_text(text, names);
        let select = |path: &Option<String>| Select::compile(path.as_deref(), names);
        if let Some(config_map) = &entry.config_map {
            Source::ConfigMap(ConfigMap {
                name: text(&config_map.name),
                namespace: config_map.namespace.as_deref().map(text),
            })
        } else if let Some(call) = &entry.api_call {
            Source::ApiCall(Box::new(Call::compile(call, names)))
        } else if let Some(image) = &entry.image_registry {
            Source::Image(Image {
                reference: text(&image.reference),
                credentials: image.image_registry_credentials.clone(),
                select: select(&image.jmes_path),
            })
        } else if let Some(variable) = &entry.variable {
            let document = |value: &Value| Template::compile(value, names);
            Source::Variable(Variable {
                value: variable.value.as_ref().map(document),
                select: select(&variable.jmes_path),
                default: variable.default.as_ref().map(document),
            })
        } else if let Some(global) = &entry.global_reference {
            Source::Global(Global {
                name: text(&global.name),
                select: select(&global.jmes_path),
            })
        } else {
            Source::Nothing
        }
    }
}

impl Image {
    fn load<'a>(&'a self, context: &JsonContext<'a>) -> Result<Option<Value>, EntryError> {
        let reference = self.reference.evaluate_text(context)?;
        let what = || format!("image data of `{}`", reference.as_str());
        let source = context.source();
        let access = RegistryAccess::of(self.credentials.as_ref(), source);
        let access = access.map_err(|reason| EntryError::Failed {
            what: what(),
            reason,
        })?;
        answered(source.image(&reference, &access), what)
    }
}

impl Global {
    fn load<'a>(&'a self, context: &JsonContext<'a>) -> Result<Option<Value>, EntryError> {
        let name = self.name.evaluate_text(context)?;
        let (entry, projection) = match name.split_once('.') {
            Some((entry, projection)) => (entry, Some(projection)),
            None => (name.as_str(), None),
        };
        answered(context.source().global(entry, projection), || {
            format!("global context entry `{}`", name.as_str())
        })
    }
}
