//! Policies compiled one by one: of a set that changes, only what has changed.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_engine::{
    compile::Surroundings,
    compile_options::{CompileError, CompileOptions},
    load::Loaded,
};

use super::{policies::Policies, prepared::Prepared};

/// Compiles sets of policies, each with what it still has of the one before.
#[derive(Debug, Default)]
pub struct Compiler {
    options: CompileOptions,
    /// What was compiled last, by where it is: nothing else can be there for as long as it is kept.
    known: BTreeMap<usize, Known>,
}

#[derive(Debug)]
struct Known {
    policy: Arc<Loaded>,
    /// The exceptions and bindings that name it.
    with: Vec<Arc<Loaded>>,
    prepared: Prepared,
}

impl Compiler {
    /// Compiles a set, as [`Policies::compile`] does.
    pub fn compile(&mut self, loaded: &[Arc<Loaded>]) -> (Policies, Vec<CompileError>) {
        let (surroundings, errors) = surroundings(loaded.iter().map(Arc::as_ref), &self.options);
        let naming = naming(loaded);
        let mut before = std::mem::take(&mut self.known);
        let mut order = Vec::with_capacity(loaded.len());
        for policy in loaded {
            let (place, with) = (Arc::as_ptr(policy).addr(), with(policy, &naming));
            let known = before.remove(&place);
            let known = known.filter(|known| known.is_still(policy, &with));
            let known = known.unwrap_or_else(|| Known {
                prepared: Prepared::of(policy, &surroundings, &self.options),
                policy: Arc::clone(policy),
                with,
            });
            order.push(place);
            self.known.insert(place, known);
        }
        let known = order.iter().filter_map(|place| self.known.get(place));
        of(known.map(|known| &known.prepared), errors)
    }
}

impl Known {
    fn is_still(&self, policy: &Arc<Loaded>, with: &[Arc<Loaded>]) -> bool {
        let mut pairs = self.with.iter().zip(with);
        Arc::ptr_eq(&self.policy, policy)
            && self.with.len() == with.len()
            && pairs.all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

impl Policies {
    /// Compiles what was loaded: the policies that are asked about requests, and why the others cannot
    /// be served.
    pub fn compile<'l>(
        loaded: impl IntoIterator<Item = &'l Loaded>,
        options: &CompileOptions,
    ) -> (Policies, Vec<CompileError>) {
        let loaded: Vec<&Loaded> = loaded.into_iter().collect();
        let (surroundings, errors) = surroundings(loaded.iter().copied(), options);
        let prepare = |loaded: &&Loaded| Prepared::of(loaded, &surroundings, options);
        let prepared: Vec<Prepared> = loaded.iter().map(prepare).collect();
        of(&prepared, errors)
    }
}

fn surroundings<'l>(
    loaded: impl Iterator<Item = &'l Loaded> + Clone,
    options: &CompileOptions,
) -> (Surroundings<'l>, Vec<CompileError>) {
    let exceptions = loaded.clone().filter_map(|loaded| match loaded {
        Loaded::Exception(exception) => Some(exception.as_ref()),
        _ => None,
    });
    Surroundings::of(loaded, exceptions, options)
}

fn of<'p>(
    prepared: impl IntoIterator<Item = &'p Prepared>,
    mut errors: Vec<CompileError>,
) -> (Policies, Vec<CompileError>) {
    let prepared: Vec<&Prepared> = prepared.into_iter().collect();
    errors.extend(prepared.iter().flat_map(|one| one.errors.iter().cloned()));
    CompileError::keep_once(&mut errors);
    (Policies::of(&prepared), errors)
}

/// The exceptions and bindings, by the policies that they name.
fn naming(loaded: &[Arc<Loaded>]) -> BTreeMap<&str, Vec<&Arc<Loaded>>> {
    let mut naming: BTreeMap<&str, Vec<&Arc<Loaded>>> = BTreeMap::new();
    for one in loaded {
        for policy in one.policies() {
            naming.entry(policy).or_default().push(one);
        }
    }
    naming
}

/// Those that name a policy, by its name or its key.
fn with(policy: &Loaded, naming: &BTreeMap<&str, Vec<&Arc<Loaded>>>) -> Vec<Arc<Loaded>> {
    if naming.is_empty() {
        return Vec::new();
    }
    let (key, name) = (policy.metadata().key(), policy.metadata().name.as_deref());
    let name = name.filter(|name| *name != key);
    let named = [Some(key.as_str()), name].into_iter().flatten();
    let found = named.filter_map(|name| naming.get(name)).flatten();
    found.copied().map(Arc::clone).collect()
}

#[cfg(test)]
mod tests;
