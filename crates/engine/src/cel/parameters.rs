//! `params`: the objects that a policy is parameterised with.

use portcullis_api::label_selector::LabelSelector;
use serde_json::Value;

use crate::{
    context::source::{ContextSource, Lookup},
    generate::ObjectRef,
    matching::{Selector, SelectorError},
    request::Request,
};

/// Which objects a policy is parameterised with.
#[derive(Clone, Debug)]
pub struct Parameters {
    api_version: String,
    kind: String,
    name: Option<String>,
    namespace: Option<String>,
    selector: Option<Selector>,
    denies_without: bool,
}

/// `paramRef`, as the kinds that have one write it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WrittenReference<'w> {
    /// One object, by name.
    pub name: Option<&'w str>,
    /// Where.
    pub namespace: Option<&'w str>,
    /// Several, by label.
    pub selector: Option<&'w LabelSelector>,
    /// `Allow` or `Deny`, where there is none.
    pub not_found_action: Option<&'w str>,
}

impl Parameters {
    /// Makes a reference to objects of a kind ready.
    ///
    /// # Errors
    /// A selector that Kubernetes refuses.
    pub fn compile(
        (api_version, kind): (&str, &str),
        written: WrittenReference<'_>,
    ) -> Result<Parameters, SelectorError> {
        let filled = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Parameters {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: filled(written.name),
            namespace: filled(written.namespace),
            selector: written.selector.map(Selector::of).transpose()?,
            denies_without: written.not_found_action != Some("Allow"),
        })
    }

    /// Whether the objects are told by their labels, and may be several.
    #[must_use]
    pub fn is_selection(&self) -> bool {
        self.name.is_none()
    }

    /// The objects; none where a policy is passed over without them.
    ///
    /// # Errors
    /// They cannot be had, or there is none and the policy then denies.
    pub fn find(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> Result<Vec<Value>, String> {
        for namespace in self.places(request.namespace, source)? {
            let found = self.find_in(namespace, source)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        match self.denies_without {
            true => Err(
                "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
                    .to_owned(),
            ),
            false => Ok(Vec::new()),
        }
    }

    /// The namespaces to look in: objects of a namespaced kind are found where the request's object is,
    /// and of a kind that nobody knows there and among the cluster's.
    fn places<'n>(
        &'n self,
        namespace: &'n str,
        source: &dyn ContextSource,
    ) -> Result<Vec<&'n str>, String> {
        let kind = source.catalogue().find(&self.api_version, &self.kind);
        let is_namespaced = kind.map(|kind| kind.namespaced);
        let written = self.namespace.as_deref();
        match (is_namespaced, written.unwrap_or(namespace)) {
            (Some(true), "") => Err(
                "failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
                    .to_owned(),
            ),
            (Some(false), _) | (None, "") => Ok(vec![""]),
            (Some(true), namespace) => Ok(vec![namespace]),
            (None, namespace) if written.is_some() => Ok(vec![namespace]),
            (None, namespace) => Ok(vec![namespace, ""]),
        }
    }

    fn find_in(&self, namespace: &str, source: &dyn ContextSource) -> Result<Vec<Value>, String> {
        let found = match &self.name {
            Some(name) => source.object(&ObjectRef {
                api_version: self.api_version.clone(),
                kind: self.kind.clone(),
                namespace: namespace.to_owned(),
                name: name.clone(),
            }),
            None => source.objects(&self.api_version, &self.kind, namespace),
        };
        match found {
            Lookup::Found(Value::Array(items)) => Ok(items
                .into_iter()
                .filter(|item| {
                    let selector = self.selector.as_ref();
                    selector.is_none_or(|selector| selector.matches_object(item))
                })
                .collect()),
            Lookup::Found(object) => Ok(vec![object]),
            Lookup::NotFound | Lookup::Unavailable => Ok(Vec::new()),
            Lookup::Failed(reason) => Err(reason),
        }
    }
}
