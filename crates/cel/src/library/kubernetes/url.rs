//! `url`: URLs in their parts.

use std::{any::Any, collections::BTreeMap, sync::Arc};

use portcullis_values::gourl::Url;

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    types::Type,
    value::{Entries, Key, Map, Opaque, Value},
};

/// Kubernetes' `url` library.
pub const URL: Library = Library {
    name: "kubernetes.url",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new("string_to_url", "url(string) -> kubernetes.URL", url).costs(size::of_text),
    Overload::new("is_url_string", "isURL(string) -> bool", is_url),
    Overload::new(
        "url_get_scheme",
        "kubernetes.URL.getScheme() -> string",
        |_, args| part(args, |url| url.scheme.clone()),
    ),
    Overload::new(
        "url_get_host",
        "kubernetes.URL.getHost() -> string",
        |_, args| part(args, |url| url.host.clone()),
    ),
    Overload::new(
        "url_get_hostname",
        "kubernetes.URL.getHostname() -> string",
        |_, args| part(args, |url| url.hostname().to_owned()),
    ),
    Overload::new(
        "url_get_port",
        "kubernetes.URL.getPort() -> string",
        |_, args| part(args, |url| url.port().to_owned()),
    ),
    Overload::new(
        "url_get_escaped_path",
        "kubernetes.URL.getEscapedPath() -> string",
        |_, args| part(args, Url::escaped_path),
    ),
    Overload::new(
        "url_get_query",
        "kubernetes.URL.getQuery() -> map(string, list(string))",
        query,
    ),
];

impl Opaque for Url {
    fn type_of(&self) -> Type {
        Type::opaque("kubernetes.URL")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other
            .as_any()
            .downcast_ref::<Url>()
            .is_some_and(|other| self.to_string() == other.to_string())
    }

    fn equals_only_its_type(&self) -> bool {
        true
    }

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Reads a URL. It must be one that a request can be made to; its fragment is told apart all the
/// same, which the parser of requests does not do.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    Url::parse_request_uri(text)
        .and_then(|_| Url::parse(text))
        .map_err(|error| error.to_string())
}

fn url<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    match parse(text) {
        Ok(url) => Ok(Value::opaque(url)),
        Err(message) => Err(EvalError::new(format!(
            "URL parse error during conversion from string: {message}"
        ))
        .into()),
    }
}

fn is_url<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(Value::Bool(Url::parse_request_uri(text).is_ok()))
}

fn part<'a>(args: &[Value<'a>], of: impl Fn(&Url) -> String) -> Evaluated<'a> {
    match args.first().and_then(Value::downcast) {
        Some(url) => Ok(Value::from(of(url))),
        None => Err(EvalError::no_such_overload().into()),
    }
}

fn query<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let Some(url) = args.first().and_then(Value::downcast::<Url>) else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut values: BTreeMap<String, Vec<Value<'a>>> = BTreeMap::new();
    for (name, value) in url.query() {
        values.entry(name).or_default().push(Value::from(value));
    }
    let entries: Entries<'a> = values
        .into_iter()
        .map(|(name, values)| {
            let values = Value::List(values.into_iter().collect());
            (Key::String(name.into()), values)
        })
        .collect();
    Ok(Value::Map(Map::Shared(Arc::new(entries))))
}
