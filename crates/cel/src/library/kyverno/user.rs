//! `parseServiceAccount`.

use std::{collections::BTreeMap, sync::Arc};

use super::text;
use crate::{
    error::Evaluated,
    function::{Call, Library, Overload},
    value::{Struct, Text, Value},
};

/// The type of a service account's name and namespace.
pub const SERVICE_ACCOUNT: &str = "user.ServiceAccount";

/// Kyverno's `user` library. Its type is a message: `Environment::kyverno` knows its fields.
pub const USER: Library = Library {
    name: "kyverno.user",
    overloads: &[
        Overload::new(
            "parse_service_account_string",
            "parseServiceAccount(string) -> message(user.ServiceAccount)",
            parse,
        ),
        Overload::new(
            "user_parse_service_account_string",
            "user.parseServiceAccount(string) -> message(user.ServiceAccount)",
            parse,
        ),
    ],
    macros: &[],
    variables: &[],
};

/// The namespace and name in the user name of a service account; empty for any other.
fn parse<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let account = text(args, 0)?.strip_prefix("system:serviceaccount:");
    let (namespace, name) = account
        .and_then(|rest| rest.split_once(':'))
        .unwrap_or_default();
    let field =
        |name: &'static str, text: &str| (Text::Borrowed(name), Value::from(text.to_owned()));
    let fields = BTreeMap::from([field("Name", name), field("Namespace", namespace)]);
    Ok(Value::Struct(Arc::new(Struct {
        type_name: SERVICE_ACCOUNT.into(),
        fields,
    })))
}
