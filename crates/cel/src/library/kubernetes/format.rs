//! `format`: the named formats of Kubernetes' names, and of dates, URIs and the like.

use std::{any::Any, sync::Arc};

use portcullis_values::gotime;

use super::{super::size, url};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    patterns,
    types::Type,
    value::{Opaque, Value},
};

/// Kubernetes' `format` library.
pub const FORMAT: Library = Library {
    name: "kubernetes.format",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new(
        "format-named",
        "format.named(string) -> optional_type(kubernetes.NamedFormat)",
        named,
    ),
    Overload::new(
        "format-validate",
        "kubernetes.NamedFormat.validate(string) -> optional_type(list(string))",
        validate,
    )
    .costs(validate_cost),
    constant(
        "format-dns1123Label",
        "format.dns1123Label() -> kubernetes.NamedFormat",
        |_, _| Ok(DNS_1123_LABEL.value()),
    ),
    constant(
        "format-dns1123Subdomain",
        "format.dns1123Subdomain() -> kubernetes.NamedFormat",
        |_, _| Ok(DNS_1123_SUBDOMAIN.value()),
    ),
    constant(
        "format-dns1035Label",
        "format.dns1035Label() -> kubernetes.NamedFormat",
        |_, _| Ok(DNS_1035_LABEL.value()),
    ),
    constant(
        "format-qualifiedName",
        "format.qualifiedName() -> kubernetes.NamedFormat",
        |_, _| Ok(QUALIFIED_NAME.value()),
    ),
    constant(
        "format-dns1123LabelPrefix",
        "format.dns1123LabelPrefix() -> kubernetes.NamedFormat",
        |_, _| Ok(DNS_1123_LABEL_PREFIX.value()),
    ),
    constant(
        "format-dns1123SubdomainPrefix",
        "format.dns1123SubdomainPrefix() -> kubernetes.NamedFormat",
        |_, _| Ok(DNS_1123_SUBDOMAIN_PREFIX.value()),
    ),
    constant(
        "format-dns1035LabelPrefix",
        "format.dns1035LabelPrefix() -> kubernetes.NamedFormat",
        |_, _| Ok(DNS_1035_LABEL_PREFIX.value()),
    ),
    constant(
        "format-labelValue",
        "format.labelValue() -> kubernetes.NamedFormat",
        |_, _| Ok(LABEL_VALUE.value()),
    ),
    constant(
        "format-uri",
        "format.uri() -> kubernetes.NamedFormat",
        |_, _| Ok(URI.value()),
    ),
    constant(
        "format-uuid",
        "format.uuid() -> kubernetes.NamedFormat",
        |_, _| Ok(UUID.value()),
    ),
    constant(
        "format-byte",
        "format.byte() -> kubernetes.NamedFormat",
        |_, _| Ok(BYTE.value()),
    ),
    constant(
        "format-date",
        "format.date() -> kubernetes.NamedFormat",
        |_, _| Ok(DATE.value()),
    ),
    constant(
        "format-datetime",
        "format.datetime() -> kubernetes.NamedFormat",
        |_, _| Ok(DATE_TIME.value()),
    ),
];

const fn constant(
    id: &'static str,
    signature: &'static str,
    implementation: crate::function::Implementation,
) -> Overload {
    Overload::new(id, signature, implementation)
}

/// A format that text may have.
#[derive(Debug)]
struct Format {
    name: &'static str,
    /// What is wrong with a text.
    faults: fn(&str) -> Vec<String>,
    /// What looking at ten characters costs.
    cost: u64,
}

const FORMATS: &[&Format] = &[
    &DNS_1123_LABEL,
    &DNS_1123_SUBDOMAIN,
    &DNS_1035_LABEL,
    &QUALIFIED_NAME,
    &DNS_1123_LABEL_PREFIX,
    &DNS_1123_SUBDOMAIN_PREFIX,
    &DNS_1035_LABEL_PREFIX,
    &LABEL_VALUE,
    &URI,
    &UUID,
    &BYTE,
    &DATE,
    &DATE_TIME,
];

static DNS_1123_LABEL: Format = Format {
    name: "DNS1123Label",
    faults: |text| dns_1123_label(text),
    cost: 8,
};
static DNS_1123_SUBDOMAIN: Format = Format {
    name: "DNS1123Subdomain",
    faults: |text| dns_1123_subdomain(text),
    cost: 15,
};
static DNS_1035_LABEL: Format = Format {
    name: "DNS1035Label",
    faults: |text| dns_1035_label(text),
    cost: 8,
};
static QUALIFIED_NAME: Format = Format {
    name: "QualifiedName",
    faults: |text| qualified_name(text),
    cost: 15,
};
static DNS_1123_LABEL_PREFIX: Format = Format {
    name: "DNS1123LabelPrefix",
    faults: |text| dns_1123_label(&without_last_dash(text)),
    cost: 8,
};
static DNS_1123_SUBDOMAIN_PREFIX: Format = Format {
    name: "DNS1123SubdomainPrefix",
    faults: |text| dns_1123_subdomain(&without_last_dash(text)),
    cost: 15,
};
static DNS_1035_LABEL_PREFIX: Format = Format {
    name: "DNS1035LabelPrefix",
    faults: |text| dns_1035_label(&without_last_dash(text)),
    cost: 8,
};
static LABEL_VALUE: Format = Format {
    name: "LabelValue",
    faults: |text| label_value(text),
    cost: 10,
};
static URI: Format = Format {
    name: "URI",
    faults: |text| url::parse(text).err().into_iter().collect(),
    cost: 276,
};
static UUID: Format = Format {
    name: "uuid",
    faults: |text| one("does not match the UUID format", is_uuid(text)),
    cost: 18,
};
static BYTE: Format = Format {
    name: "byte",
    faults: |text| one("invalid base64", is_base64(text)),
    cost: 21,
};
static DATE: Format = Format {
    name: "date",
    faults: |text| one("invalid date", is_date(text)),
    cost: 18,
};
static DATE_TIME: Format = Format {
    name: "datetime",
    faults: |text| one("invalid datetime", is_date_time(text)),
    cost: 18,
};

impl Format {
    fn value<'a>(&'static self) -> Value<'a> {
        Value::opaque(Named(self))
    }
}

/// A format as a value.
#[derive(Clone, Copy, Debug)]
struct Named(&'static Format);

impl Opaque for Named {
    fn type_of(&self) -> Type {
        Type::opaque("kubernetes.NamedFormat")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other
            .as_any()
            .downcast_ref::<Named>()
            .is_some_and(|other| self.0.name == other.0.name)
    }

    fn equals_only_its_type(&self) -> bool {
        true
    }

    fn to_text(&self) -> String {
        self.0.name.to_owned()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn named<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(name)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let found = FORMATS.iter().find(|format| {
        // A format is named as its function is.
        let mut characters = format.name.chars();
        let function = characters.next().map(|first| first.to_ascii_lowercase());
        let is_acronym = format.name.starts_with("DNS") || format.name == "URI";
        match (is_acronym, name.strip_prefix("dns")) {
            (true, Some(rest)) => format.name.strip_prefix("DNS") == Some(rest),
            (true, None) => name.as_str() == "uri" && format.name == "URI",
            _ => name.chars().eq(function.into_iter().chain(characters)),
        }
    });
    Ok(Value::Optional(
        found.map(|format| Arc::new(format.value())),
    ))
}

fn validate<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [format, Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let Some(Named(format)) = format.downcast() else {
        return Err(EvalError::no_such_overload().into());
    };
    let faults = (format.faults)(text);
    if faults.is_empty() {
        return Ok(Value::Optional(None));
    }
    let faults = faults.into_iter().map(Value::from).collect();
    Ok(Value::Optional(Some(Arc::new(Value::List(faults)))))
}

fn validate_cost(args: &[Value<'_>]) -> u64 {
    let text = size::characters(size::size(args.get(1)).saturating_add(1));
    let format = args.first().and_then(Value::downcast::<Named>);
    text.saturating_mul(format.map_or(1, |format| format.0.cost))
}

fn one(fault: &str, is_valid: bool) -> Vec<String> {
    if is_valid {
        Vec::new()
    } else {
        vec![fault.to_owned()]
    }
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";

fn dns_1123_label(text: &str) -> Vec<String> {
    if text.contains('.') {
        return vec!["must not contain dots".to_owned()];
    }
    let mut faults = too_long(text, 63, "characters");
    if !is_label(text, false) {
        faults.push(format!(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
             and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
             regex used for validation is '{LABEL}')"
        ));
    }
    faults
}

fn dns_1123_subdomain(text: &str) -> Vec<String> {
    let mut faults = too_long(text, 253, "characters");
    if !text.split('.').all(|label| is_label(label, false)) {
        faults.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is '{LABEL}(\\.{LABEL})*')"
        ));
    }
    faults
}

fn dns_1035_label(text: &str) -> Vec<String> {
    let mut faults = too_long(text, 63, "characters");
    if !is_label(text, true) {
        faults.push(format!(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
             with an alphabetic character, and end with an alphanumeric character (e.g. \
             'my-name',  or 'abc-123', regex used for validation is '{LABEL_1035}')"
        ));
    }
    faults
}

fn label_value(text: &str) -> Vec<String> {
    let mut faults = too_long(text, 63, "bytes");
    if !text.is_empty() && !is_name(text) {
        faults.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', \
             '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  \
             or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    faults
}

fn qualified_name(text: &str) -> Vec<String> {
    const REGEX: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    let parts: Vec<&str> = text.split('/').collect();
    let (prefix, name) = match parts.as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => {
            return vec![format!(
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  \
                 or '123-abc', regex used for validation is '{REGEX}') with an optional DNS \
                 subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    let mut faults = Vec::new();
    match prefix {
        Some("") => faults.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => faults.extend(
            dns_1123_subdomain(prefix)
                .into_iter()
                .map(|fault| format!("prefix part {fault}")),
        ),
        None => {}
    }
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        faults.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_name(name) {
        faults.push(format!(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start \
             and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
             regex used for validation is '{REGEX}')"
        ));
    }
    faults
}

fn too_long(text: &str, most: usize, unit: &str) -> Vec<String> {
    if text.len() <= most {
        return Vec::new();
    }
    vec![format!("must be no more than {most} {unit}")]
}

/// Lower-case letters, digits and dashes, with a letter or digit at both ends.
fn is_label(text: &str, starts_with_letter: bool) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.chars().all(|c| is_plain(c) || c == '-')
        && text
            .starts_with(|c: char| c.is_ascii_lowercase() || (!starts_with_letter && is_plain(c)))
        && text.ends_with(is_plain)
}

/// Letters, digits, dashes, underscores and dots, with a letter or digit at both ends.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    text.chars().all(|c| is_plain(c) || "-_.".contains(c))
        && text.starts_with(is_plain)
        && text.ends_with(is_plain)
}

/// A prefix of a name may end with a dash, which what is generated goes on from.
fn without_last_dash(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(stem) if !stem.is_empty() => format!("{stem}a"),
        _ => text.to_owned(),
    }
}

fn is_uuid(text: &str) -> bool {
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let dashed = parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| hex(part, length));
    dashed || hex(text, 32)
}

/// Standard base64 with padding; line breaks are skipped.
fn is_base64(text: &str) -> bool {
    let plain: Vec<u8> = text
        .bytes()
        .filter(|byte| !b"\r\n".contains(byte))
        .collect();
    let padding = plain.iter().rev().take_while(|byte| **byte == b'=').count();
    plain.len().is_multiple_of(4)
        && padding <= 2
        && plain
            .iter()
            .take(plain.len() - padding)
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

fn is_date(text: &str) -> bool {
    gotime::parse("2006-01-02", text).is_ok()
}

/// RFC 3339 as Kubernetes' OpenAPI formats take it: also without a zone's colon.
fn is_date_time(text: &str) -> bool {
    const SHAPE: &str = r"^([0-9]{4})-([0-9]{2})-([0-9]{2})[tT ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([zZ]|[+-][0-9]{2}:?[0-9]{2})$";
    if text.len() < 4 {
        return false;
    }
    let Ok(shape) = patterns::compiled(SHAPE, ToString::to_string) else {
        return false;
    };
    let (Some(date), Some(clock)) = (text.get(..10), text.get(11..19)) else {
        return false;
    };
    shape.is_match(text) && is_date(date) && gotime::parse("15:04:05", clock).is_ok()
}
