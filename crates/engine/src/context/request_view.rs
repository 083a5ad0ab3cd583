//! The request as expressions see it: `request.*`, `serviceAccountName`, `serviceAccountNamespace`
//! and `images`.
//!
//! In full it is the AdmissionRequest with the user's roles. Kyverno's offline commands know only
//! `object`, `oldObject`, `namespace`, `operation` and what a user info file says; the number model
//! `KyvernoOffline` asks for just that.

use std::cell::{OnceCell, RefCell};

use portcullis_values::{Map, Str, Val};

use super::images;
use crate::matching::Subject;
use crate::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Request, RequestUser,
};

/// The prefix of a service account's username.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The request below a JSON context; its parts are built when they are first read.
pub struct RequestView<'a> {
    request: &'a Request<'a>,
    subject: Option<Subject<'a>>,
    view: OnceCell<Val<'a>>,
    images: OnceCell<Result<Option<Val<'a>>, String>>,
    /// Answers of queries that several policies ask.
    answers: RefCell<Vec<(&'a str, Val<'a>)>>,
}

/// How many answers are kept for other policies; looking for one must stay cheap.
const MAX_ANSWERS: usize = 16;

impl<'a> RequestView<'a> {
    /// The view of a request.
    #[must_use]
    pub fn new(request: &'a Request<'a>) -> Self {
        RequestView {
            request,
            subject: Subject::of(request),
            view: OnceCell::new(),
            images: OnceCell::new(),
            answers: RefCell::default(),
        }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// The request as matchers see it; none when it has no object.
    #[must_use]
    pub fn subject(&self) -> Option<Subject<'a>> {
        self.subject
    }

    pub(super) fn is_delete(&self) -> bool {
        self.request.operation == Operation::Delete
    }

    /// The images of the object by kind of container and name, if it is a pod or makes pods.
    ///
    /// # Errors
    /// An image reference cannot be read.
    pub fn images(&self) -> Result<Option<Val<'a>>, String> {
        self.images
            .get_or_init(|| match self.request.subject() {
                Some(object) => images::of(object),
                None => Ok(None),
            })
            .clone()
    }

    /// The answer of a query that depends on the request alone, asked once for all policies.
    pub(super) fn answer<E>(
        &self,
        query: &'a str,
        ask: impl FnOnce() -> Result<Val<'a>, E>,
    ) -> Result<Val<'a>, E> {
        let known = |(text, answer): &(&str, Val<'a>)| (*text == query).then(|| answer.clone());
        if let Some(answer) = self.answers.borrow().iter().find_map(known) {
            return Ok(answer);
        }
        let answer = ask()?;
        let mut answers = self.answers.borrow_mut();
        if answers.len() < MAX_ANSWERS {
            answers.push((query, answer.clone()));
        }
        Ok(answer)
    }

    pub(super) fn lookup(&self, name: &str) -> Option<Val<'a>> {
        match name {
            "request" => Some(self.view()),
            "images" => self.images().ok().flatten(),
            "serviceAccountName" => self.request.user.map(|user| service_account(user).1),
            "serviceAccountNamespace" => self.request.user.map(|user| service_account(user).0),
            _ => None,
        }
    }

    /// A field of `request` that most queries ask for, without the others.
    pub(super) fn part(&self, name: &str) -> Option<Val<'a>> {
        match name {
            "object" => self.request.object.map(Val::from),
            "oldObject" => self.request.old_object.map(Val::from),
            "operation" => Some(Val::from(self.request.operation.as_str())),
            "namespace" => Some(Val::from(self.request.namespace)),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> Vec<(Str<'a>, Val<'a>)> {
        ["request", "serviceAccountName", "serviceAccountNamespace"]
            .into_iter()
            .filter_map(|name| Some((Str::from(name), self.lookup(name)?)))
            .collect()
    }

    fn view(&self) -> Val<'a> {
        self.view.get_or_init(|| self.build()).clone()
    }

    fn build(&self) -> Val<'a> {
        let request = self.request;
        let mut entries: Vec<(&'a str, Val<'a>)> = vec![
            ("namespace", Val::from(request.namespace)),
            ("operation", Val::from(request.operation.as_str())),
        ];
        let offline = request.numbers == NumberModel::KyvernoOffline;
        for (name, object) in [
            ("object", request.object),
            ("oldObject", request.old_object),
        ] {
            match object {
                Some(object) => entries.push((name, Val::from(object))),
                None if !offline => entries.push((name, Val::Null)),
                None => {}
            }
        }
        if let Some(user) = request.user {
            push_user(&mut entries, user);
        }
        if !offline {
            push_admission(&mut entries, request);
        }
        map(entries)
    }
}

fn push_admission<'a>(entries: &mut Vec<(&'a str, Val<'a>)>, request: &'a Request<'a>) {
    entries.extend([
        ("uid", Val::from(request.uid)),
        ("requestKind", kind_of(request.request_kind())),
        ("kind", kind_of(request.sent_kind())),
        ("requestResource", resource_of(request.request_resource())),
        ("resource", resource_of(&request.resource)),
        ("name", Val::from(request.name)),
        ("dryRun", Val::from(request.dry_run)),
        ("options", request.options.map_or(Val::Null, Val::from)),
    ]);
    for (name, subresource) in [
        ("subResource", request.subresource),
        ("requestSubResource", request.request_subresource()),
    ] {
        if !subresource.is_empty() {
            entries.push((name, Val::from(subresource)));
        }
    }
}

fn kind_of(kind: &GroupVersionKind) -> Val<'_> {
    map(vec![
        ("group", Val::from(kind.group.as_str())),
        ("version", Val::from(kind.version.as_str())),
        ("kind", Val::from(kind.kind.as_str())),
    ])
}

fn resource_of(of: &GroupVersionResource) -> Val<'_> {
    map(vec![
        ("group", Val::from(of.group.as_str())),
        ("version", Val::from(of.version.as_str())),
        ("resource", Val::from(of.resource.as_str())),
    ])
}

fn push_user<'a>(entries: &mut Vec<(&'a str, Val<'a>)>, user: &'a RequestUser) {
    let mut info = Vec::new();
    for (name, text) in [("username", &user.username), ("uid", &user.uid)] {
        if !text.is_empty() {
            info.push((name, Val::from(text.as_str())));
        }
    }
    if !user.groups.is_empty() {
        info.push(("groups", texts(&user.groups)));
    }
    if !user.extra.is_empty() {
        let extra = user
            .extra
            .iter()
            .map(|(key, values)| (Str::from(key.as_str()), texts(values)))
            .collect();
        info.push(("extra", Val::Map(extra)));
    }
    entries.extend([
        ("userInfo", map(info)),
        ("roles", texts_or_null(&user.roles)),
        ("clusterRoles", texts_or_null(&user.cluster_roles)),
    ]);
}

fn map<'a>(entries: Vec<(&'a str, Val<'a>)>) -> Val<'a> {
    Val::Map(
        entries
            .into_iter()
            .map(|(key, value)| (Str::from(key), value))
            .collect::<Map<'a>>(),
    )
}

fn texts(items: &[String]) -> Val<'_> {
    Val::List(items.iter().map(|item| Val::from(item.as_str())).collect())
}

fn texts_or_null(items: &[String]) -> Val<'_> {
    if items.is_empty() {
        return Val::Null;
    }
    texts(items)
}

/// Namespace and name of the user's service account; empty text where the user is none.
fn service_account(user: &RequestUser) -> (Val<'_>, Val<'_>) {
    let account = user
        .username
        .get(SERVICE_ACCOUNT.len()..)
        .unwrap_or_default();
    let mut parts = account.split(':');
    match (parts.next(), parts.next()) {
        (Some(namespace), Some(name)) => (Val::from(namespace), Val::from(name)),
        _ => (Val::from(""), Val::from("")),
    }
}
