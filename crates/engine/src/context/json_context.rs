//! `JsonContext`: the bindings of one policy above the request, and the entries that load on demand.
//!
//! Bindings are values of a Values file, context entries and `element*`. A checkpoint marks them;
//! going back to it drops what came later.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use portcullis_jmespath::{EvalError, Scope};
use portcullis_values::{Map, Str, Val};
use serde_json::Value;
use typed_arena::Arena;

use super::merge;
use super::nesting::Nesting;
use super::query::{Names, Query, QueryError};
use super::request_view::RequestView;
use super::source::{ContextSource, EntryKind, NoSource, PathValue};
use super::world::{World, query_error};
use crate::request::Request;

/// How large all loaded entries of one policy may be, as JSON text.
pub const MAX_CONTEXT_SIZE: usize = 2 << 20;

/// What lives as long as the evaluation of one request: loaded values and variables that came up
/// on the way.
#[derive(Default)]
pub struct Store {
    values: Arena<Value>,
    queries: Arena<Query>,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a value for the rest of the evaluation.
    pub fn keep(&self, value: Value) -> &Value {
        self.values.alloc(value)
    }

    pub(crate) fn keep_query(&self, query: Query) -> &Query {
        self.queries.alloc(query)
    }
}

/// A context entry: a name, and how its value gets into the context.
pub trait Loader {
    /// The name.
    fn name(&self) -> &Arc<str>;

    /// What it needs of the world, if it needs something.
    fn kind(&self) -> Option<EntryKind>;

    /// Loads the value into the context.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    fn load<'a>(&'a self, context: &JsonContext<'a>) -> Result<(), QueryError>;
}

/// The `request` of a context after values were injected.
#[must_use]
pub fn inject_into(request: &Request<'_>, values: &[PathValue]) -> Value {
    let view = RequestView::new(request);
    let store = Store::new();
    let context = JsonContext::new(&view, &NoSource, &store, None);
    context.inject_all(values);
    context.lookup("request").unwrap_or_default().to_json()
}

/// Everything that the expressions of one policy can read.
pub struct JsonContext<'a> {
    request: &'a RequestView<'a>,
    source: &'a dyn ContextSource,
    store: &'a Store,
    policy_namespace: Option<&'a str>,
    state: RefCell<State<'a>>,
    delete: Cell<bool>,
    nesting: Cell<Nesting>,
}

#[derive(Default)]
struct State<'a> {
    bindings: Vec<(Str<'a>, Val<'a>)>,
    checkpoints: Vec<usize>,
    deferred: Vec<Deferred<'a>>,
    size: usize,
    /// While an entry loads: only entries before it can be loaded, from its level.
    loading: Option<(usize, usize)>,
}

struct Deferred<'a> {
    entry: &'a dyn Loader,
    level: usize,
    matched: bool,
    /// How many bindings there were when it was loaded.
    loaded: Option<usize>,
}

impl<'a> JsonContext<'a> {
    /// The context of one policy for one request.
    #[must_use]
    pub fn new(
        request: &'a RequestView<'a>,
        source: &'a dyn ContextSource,
        store: &'a Store,
        policy_namespace: Option<&'a str>,
    ) -> Self {
        JsonContext {
            request,
            source,
            store,
            policy_namespace,
            state: RefCell::default(),
            delete: Cell::new(request.is_delete()),
            nesting: Cell::default(),
        }
    }

    /// How far the values of variables are being looked through.
    pub(super) fn nesting(&self) -> &Cell<Nesting> {
        &self.nesting
    }

    /// The request below.
    #[must_use]
    pub fn request(&self) -> &'a RequestView<'a> {
        self.request
    }

    /// The world.
    #[must_use]
    pub fn source(&self) -> &'a dyn ContextSource {
        self.source
    }

    /// What lives as long as the evaluation.
    #[must_use]
    pub fn store(&self) -> &'a Store {
        self.store
    }

    pub(crate) fn policy_namespace(&self) -> Option<&'a str> {
        self.policy_namespace
    }

    /// Whether the operation is DELETE, so that `request.object` reads as `request.oldObject`.
    #[must_use]
    pub fn is_delete(&self) -> bool {
        self.delete.get()
    }

    /// Whether there is a `target`.
    #[must_use]
    pub fn has_target(&self) -> bool {
        self.lookup("target").is_some()
    }

    /// The answer of a query; entries that its text names are loaded first.
    ///
    /// # Errors
    /// The query is no JMESPath, fails, or names an entry that cannot be loaded.
    pub fn query(&self, query: &'a Query) -> Result<Val<'a>, QueryError> {
        for name in query.mentions() {
            self.load_named(name)?;
        }
        let expression = query.program()?;
        let evaluate = || expression.evaluate(&Whole(self), &World(self.source));
        let answer = if query.asks_request_only() && !self.is_bound("request") {
            self.request.answer(query.text(), evaluate)
        } else {
            evaluate()
        };
        answer.map_err(query_error)
    }

    fn is_bound(&self, name: &str) -> bool {
        let state = self.state.borrow();
        state
            .bindings
            .iter()
            .any(|(bound, _)| bound.as_str() == name)
    }

    /// Sets a value at a dotted path, merging maps.
    pub fn inject(&self, path: &'a str, value: &'a Value) {
        let Some(keys) = merge::split_path(path) else {
            return;
        };
        let Some((name, rest)) = keys.split_first() else {
            return;
        };
        if path == "request.operation" {
            self.delete.set(value.as_str() == Some("DELETE"));
        }
        self.add(Str::from(name.clone()), merge::nest(rest, Val::from(value)));
    }

    /// Sets every value of `values`.
    pub fn inject_all(&self, values: &'a [PathValue]) {
        for (path, value) in values {
            self.inject(path, value);
        }
    }

    /// Merges a value into what stands at `name`.
    pub fn add(&self, name: Str<'a>, value: Val<'a>) {
        let merged = match value {
            Val::Map(_) => merge::merge(self.lookup(&name), value),
            other => other,
        };
        self.replace(name, merged);
    }

    /// Puts a value at `name`, in place of what stands there.
    pub fn replace(&self, name: Str<'a>, value: Val<'a>) {
        self.state.borrow_mut().bindings.push((name, value));
    }

    /// Puts another object in the place of `request.object`.
    pub fn replace_object(&self, object: Val<'a>) {
        let Some(Val::Map(request)) = self.lookup("request") else {
            return;
        };
        let others = request.iter().filter(|(key, _)| key.as_str() != "object");
        let replaced = others.chain([(Str::from("object"), object)]);
        self.replace(Str::from("request"), Val::Map(replaced.collect()));
    }

    /// Remembers the state, for [`JsonContext::reset`] and [`JsonContext::restore`].
    pub fn checkpoint(&self) {
        let mut state = self.state.borrow_mut();
        let mark = state.bindings.len();
        state.checkpoints.push(mark);
    }

    /// Goes back to the last checkpoint and keeps it, for the next element of a loop.
    pub fn reset(&self) {
        self.go_back(false);
    }

    /// Goes back to the last checkpoint and forgets it.
    pub fn restore(&self) {
        self.go_back(true);
    }

    fn go_back(&self, forget: bool) {
        let lost: Vec<(usize, &'a dyn Loader, usize)> = {
            let mut state = self.state.borrow_mut();
            let Some(mark) = state.checkpoints.last().copied() else {
                return;
            };
            if forget {
                state.checkpoints.pop();
            }
            let level = state.checkpoints.len();
            state.bindings.truncate(mark);
            if state.deferred.is_empty() {
                return;
            }
            state
                .deferred
                .retain(|deferred| deferred.level < level || (deferred.level == level && forget));
            for deferred in &mut state.deferred {
                deferred.matched = false;
            }
            let numbered = state.deferred.iter().enumerate();
            numbered
                .filter(|(_, deferred)| deferred.loaded.is_some_and(|bindings| bindings > mark))
                .map(|(index, deferred)| (index, deferred.entry, deferred.level))
                .collect()
        };
        for (index, entry, level) in lost {
            // Kyverno logs the error; the entry then is missing where it is read.
            let _ = self.load(entry, level, index);
        }
        if forget {
            let mut state = self.state.borrow_mut();
            let level = state.checkpoints.len();
            state
                .deferred
                .retain(|deferred| deferred.level != level || deferred.loaded.is_none());
        }
    }

    /// Adds the entries of a rule or a loop; they load when a query names them. An entry that
    /// nobody can load here is dropped.
    pub fn defer<L: Loader>(&self, entries: &'a [L]) {
        let mut state = self.state.borrow_mut();
        let level = state.checkpoints.len();
        for entry in entries {
            if entry.kind().is_none_or(|kind| self.source.loads(kind)) {
                state.deferred.push(Deferred {
                    entry,
                    level,
                    matched: false,
                    loaded: None,
                });
            }
        }
    }

    /// The names of all entries in scope.
    pub(crate) fn names(&self) -> Arc<Names> {
        let state = self.state.borrow();
        state
            .deferred
            .iter()
            .map(|deferred| Arc::clone(deferred.entry.name()))
            .collect()
    }

    fn load_named(&self, name: &Arc<str>) -> Result<(), QueryError> {
        while let Some((entry, level, index)) = self.next_named(name) {
            self.load(entry, level, index)?;
        }
        Ok(())
    }

    fn next_named(&self, name: &Arc<str>) -> Option<(&'a dyn Loader, usize, usize)> {
        let mut state = self.state.borrow_mut();
        let (level, end) = state
            .loading
            .unwrap_or((state.checkpoints.len(), state.deferred.len()));
        let (index, deferred) =
            state
                .deferred
                .iter_mut()
                .take(end)
                .enumerate()
                .find(|(_, deferred)| {
                    !deferred.matched
                        && deferred.loaded.is_none()
                        && deferred.level <= level
                        && deferred.entry.name() == name
                })?;
        deferred.matched = true;
        Some((deferred.entry, deferred.level, index))
    }

    fn load(&self, entry: &'a dyn Loader, level: usize, index: usize) -> Result<(), QueryError> {
        let before = self.state.borrow_mut().loading.replace((level, index));
        let outcome = entry.load(self);
        let mut state = self.state.borrow_mut();
        state.loading = before;
        let bindings = state.bindings.len();
        if let Some(deferred) = state.deferred.get_mut(index)
            && outcome.is_ok()
        {
            deferred.loaded = Some(bindings);
        }
        outcome
    }

    /// Counts the size of a loaded entry; the total when it is too large.
    pub(crate) fn account(&self, size: usize) -> Result<(), usize> {
        let mut state = self.state.borrow_mut();
        let total = state.size.saturating_add(size);
        if total > MAX_CONTEXT_SIZE {
            return Err(total);
        }
        state.size = total;
        Ok(())
    }

    /// The value of a name of the context.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<Val<'a>> {
        let bound = self
            .state
            .borrow()
            .bindings
            .iter()
            .rev()
            .find(|(bound, _)| bound.as_str() == name)
            .map(|(_, value)| value.clone());
        bound.or_else(|| self.request.lookup(name))
    }

    /// The whole context as one map.
    #[must_use]
    pub fn root(&self) -> Val<'a> {
        let mut entries = self.request.entries();
        for (name, value) in &self.state.borrow().bindings {
            entries.retain(|(known, _)| known.as_str() != name.as_str());
            entries.push((name.clone(), value.clone()));
        }
        Val::Map(entries.into_iter().collect::<Map<'a>>())
    }
}

struct Whole<'c, 'a>(&'c JsonContext<'a>);

impl<'a> Scope<'a> for Whole<'_, 'a> {
    fn field(&self, name: &str) -> Result<Option<Val<'a>>, EvalError> {
        if let Some(value) = self.0.lookup(name) {
            return Ok(Some(value));
        }
        if name == "images" {
            self.0.request().images().map_err(EvalError::runtime)?;
        }
        Ok(None)
    }

    fn part(&self, name: &str, key: &str) -> Option<Val<'a>> {
        let is_request = name == "request" && !self.0.is_bound("request");
        is_request.then(|| self.0.request.part(key)).flatten()
    }

    fn whole(&self) -> Result<Val<'a>, EvalError> {
        Ok(self.0.root())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request;

    #[test]
    fn an_answer_of_the_request_is_kept_until_a_value_changes_it() {
        let object = json!({"spec": {"a": 1}});
        let request = Request {
            object: Some(&object),
            ..request::tests::empty()
        };
        let view = RequestView::new(&request);
        let store = Store::new();
        let query = Query::compile("request.object.spec.a", &[]);
        let other = Query::compile("request.object.spec.b", &[]);
        let changed = vec![("request.object.spec.a".to_owned(), json!(2))];
        for _ in 0..2 {
            let context = JsonContext::new(&view, &NoSource, &store, None);
            let ask = |query| context.query(query).map(|value| value.to_json());
            assert_eq!(ask(&query), Ok(json!(1)));
            assert!(ask(&other).is_err());
            context.checkpoint();
            context.inject_all(&changed);
            assert_eq!(ask(&query), Ok(json!(2)));
            context.restore();
            assert_eq!(ask(&query), Ok(json!(1)));
        }
    }
}
