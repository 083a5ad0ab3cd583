//! The name of a subject or issuer, such as `C=US, O=Example, CN=example.com`.

use serde_json::{Map, Value, json};

use super::der::{Element, Fault, OID, SEQUENCE, SET, oid_json};

/// The fields that may be given more than once, by the last number of their identifier (2.5.4.x).
const LISTS: [(u64, &str); 7] = [
    (6, "Country"),
    (7, "Locality"),
    (8, "Province"),
    (9, "StreetAddress"),
    (10, "Organization"),
    (11, "OrganizationalUnit"),
    (17, "PostalCode"),
];

/// The fields of a name.
pub(super) fn name(element: &Element<'_>) -> Result<Value, Fault> {
    let mut fields = Map::new();
    for (_, field) in LISTS {
        fields.insert(field.to_owned(), Value::Null);
    }
    fields.insert("ExtraNames".to_owned(), Value::Null);
    fields.insert("CommonName".to_owned(), "".into());
    fields.insert("SerialNumber".to_owned(), "".into());
    let mut names = Vec::new();
    let mut sets = element.reader();
    while !sets.is_empty() {
        let mut parts = sets.take(SET)?.reader();
        while !parts.is_empty() {
            let mut part = parts.take(SEQUENCE)?.reader();
            let (kind, value) = (part.take(OID)?, part.any()?.text()?);
            names.push(json!({"Type": oid_json(&kind)?, "Value": value}));
            set_field(&mut fields, &kind.oid()?, value);
        }
    }
    let names = if names.is_empty() {
        Value::Null
    } else {
        names.into()
    };
    fields.insert("Names".to_owned(), names);
    Ok(Value::Object(fields))
}

fn set_field(fields: &mut Map<String, Value>, kind: &[u64], value: String) {
    let [2, 5, 4, number] = kind else {
        return;
    };
    let single = match number {
        3 => Some("CommonName"),
        5 => Some("SerialNumber"),
        _ => None,
    };
    if let Some(field) = single {
        fields.insert(field.to_owned(), value.into());
        return;
    }
    let Some((_, field)) = LISTS.iter().find(|(known, _)| known == number) else {
        return;
    };
    match fields.get_mut(*field) {
        Some(Value::Array(list)) => list.push(value.into()),
        _ => {
            fields.insert((*field).to_owned(), json!([value]));
        }
    }
}
