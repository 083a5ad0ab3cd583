//! The merge of lists whose elements overlap, written as its rules read and comparing every element
//! with every other, against which the one that scales is tested.

use proptest::prelude::*;
use serde_json::json;

use super::super::merge::merge;
use super::*;

/// The values of an element's merge keys; empty text where it has none.
type Identity = Vec<String>;

/// Merges a list whose elements may lack a key, or be the same as others.
fn overlapping_lists<'p>(
    mut value: Vec<Value>,
    patch: &'p [Value],
    keyed: &Keyed,
    path: &mut Path<'p>,
    merge: Merge,
) -> Result<Vec<Value>, PatchError> {
    let mut merged: Vec<Value> = Vec::new();
    for identity in identities(patch.iter().chain(&value), keyed) {
        let known = known(keyed, &identity);
        let before = value.iter().position(|element| is_same(element, &known));
        let changes = patch.iter().filter(|element| is_same(element, &known));
        let after = element(
            before.and_then(|at| value.get(at)).cloned(),
            changes,
            keyed,
            path,
            merge,
        )?;
        let Some(mut after) = after else {
            value.retain(|element| !could_be(element, &known));
            continue;
        };
        for (key, text) in known.iter().filter(|(_, text)| !text.is_empty()) {
            after
                .entry(*key)
                .or_insert_with(|| Value::from(text.as_str()));
        }
        let after = Value::Object(after);
        if let Some(place) = before.and_then(|at| value.get_mut(at)) {
            *place = after.clone();
        }
        match merged.iter().position(|element| could_be(element, &known)) {
            Some(at) => merged.splice(at..=at, [after]).for_each(drop),
            None => merged.push(after),
        }
    }
    Ok(joined(merged, value, keyed))
}

/// The identities of elements, each once, in their order. With two keys an element that lacks one
/// is the same as one that has both.
fn identities<'v>(elements: impl Iterator<Item = &'v Value>, keyed: &Keyed) -> Vec<Identity> {
    let mut found: Vec<Identity> = Vec::new();
    for element in elements.filter_map(Value::as_object) {
        let keys = keyed.keys.iter();
        let identity: Identity = keys
            .map(|key| text(element.get(*key)).into_owned())
            .collect();
        if !found.contains(&identity) {
            found.push(identity);
        }
    }
    if keyed.keys.len() > 1 {
        fill(&mut found);
    }
    found
}

fn fill(identities: &mut [Identity]) {
    for one in 0..identities.len() {
        for other in 0..identities.len() {
            let joined = match (identities.get(one), identities.get(other)) {
                (Some(one), Some(other)) => join(one, other),
                _ => None,
            };
            let Some(joined) = joined else { continue };
            for at in [one, other] {
                if let Some(place) = identities.get_mut(at) {
                    place.clone_from(&joined);
                }
            }
        }
    }
}

/// Two identities as one, where they agree in a key and differ in none that both have.
fn join(one: &Identity, other: &Identity) -> Option<Identity> {
    let pairs = || one.iter().zip(other);
    let agree = pairs().any(|(one, other)| one == other);
    let differ = pairs().any(|(one, other)| one != other && !one.is_empty() && !other.is_empty());
    (agree && !differ).then(|| {
        pairs()
            .map(|(one, other)| if one.is_empty() { other } else { one }.clone())
            .collect()
    })
}

/// The keys that an identity has a value for; all of them when it has none.
fn known<'k>(keyed: &Keyed, identity: &'k Identity) -> Vec<(&'static str, &'k String)> {
    let all = || keyed.keys.iter().copied().zip(identity);
    let has_some = identity.iter().any(|text| !text.is_empty());
    all()
        .filter(|(_, text)| !has_some || !text.is_empty())
        .collect()
}

fn is_same(element: &Value, known: &[(&str, &String)]) -> bool {
    known.iter().all(|(key, text)| has(element, key, text))
}

/// As [`is_same`], where a key without a value is any value.
fn could_be(element: &Value, known: &[(&str, &String)]) -> bool {
    known.iter().all(|(key, text)| match text.as_str() {
        "" => element.get(*key).is_some(),
        text => has(element, key, text),
    })
}

fn has(element: &Value, key: &str, wanted: &str) -> bool {
    let value = element.get(key);
    value.is_some_and(|value| text(Some(value)) == wanted)
}

/// What was merged, and then what else was there.
fn joined(mut merged: Vec<Value>, value: Vec<Value>, keyed: &Keyed) -> Vec<Value> {
    for element in value {
        let keys = keyed.keys.iter().copied();
        let identity: Vec<(&str, String)> = keys
            .map(|key| (key, text(element.get(key)).into_owned()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let known: Vec<(&str, &String)> = identity.iter().map(|(key, text)| (*key, text)).collect();
        let at = if known.is_empty() {
            None
        } else {
            merged.iter().position(|other| could_be(other, &known))
        };
        match at {
            Some(at) if keyed.keys.len() == 1 => merged.splice(at..=at, [element]).for_each(drop),
            Some(at) => {
                merged.remove(at);
                merged.push(element);
            }
            None => merged.push(element),
        }
    }
    merged
}

const ONE: Keyed = Keyed {
    keys: &["name"],
    element: Shape::Plain,
};
const TWO: Keyed = Keyed {
    keys: &["port", "protocol"],
    element: Shape::Plain,
};

/// A map with some of the keys, or something that is no map.
fn element_of(keyed: &'static Keyed) -> impl Strategy<Value = Value> {
    let value = || {
        prop_oneof![
            3 => Just(None),
            1 => Just(Some(Value::Null)),
            1 => Just(Some(json!(""))),
            1 => Just(Some(json!({}))),
            3 => Just(Some(json!("1"))),
            2 => Just(Some(json!(1))),
            3 => Just(Some(json!("2"))),
            2 => Just(Some(json!(3))),
        ]
    };
    let extra = prop_oneof![
        4 => Just(None),
        2 => (0..3).prop_map(|text| Some(("x", json!(text)))),
        1 => Just(Some(("$patch", json!("delete")))),
        1 => Just(Some(("$patch", json!("replace")))),
    ];
    let map = (prop::collection::vec(value(), keyed.keys.len()), extra).prop_map(
        |(values, extra)| -> Value {
            let keys = keyed.keys.iter().copied().zip(values);
            let known = keys.filter_map(|(key, value)| Some((key, value?)));
            known.chain(extra).collect()
        },
    );
    prop_oneof![12 => map, 1 => Just(json!("text")), 1 => Just(Value::Null)]
}

fn list_of(keyed: &'static Keyed) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(element_of(keyed), 0..6)
}

fn check(keyed: &'static Keyed, value: Vec<Value>, patch: &[Value]) {
    let wanted = overlapping_lists(value.clone(), patch, keyed, &mut Path::new(), merge);
    let merged = overlapping::lists(value.clone(), patch, keyed, &mut Path::new(), merge);
    assert_eq!(merged, wanted, "{patch:?} into {value:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn lists_with_one_key_merge_as_the_rules_read(
        value in list_of(&ONE),
        patch in list_of(&ONE),
    ) {
        check(&ONE, value, &patch);
    }

    #[test]
    fn lists_with_two_keys_merge_as_the_rules_read(
        value in list_of(&TWO),
        patch in list_of(&TWO),
    ) {
        check(&TWO, value, &patch);
    }
}

/// Comparing each element with every other would take this test hours.
#[test]
fn a_long_list_without_one_key_merges() {
    let ports = |from: usize, protocol: Option<&str>| -> Vec<Value> {
        let port = |port| match protocol {
            Some(protocol) => json!({"port": port, "protocol": protocol}),
            None => json!({"port": port}),
        };
        (from..from + 50_000).map(port).collect()
    };
    let (port, tcp) = (
        json!({"port": 25_000}),
        json!({"port": 25_000, "protocol": "TCP"}),
    );
    for (value, patch, first) in [(Some("TCP"), None, &tcp), (None, Some("TCP"), &port)] {
        let (value, patch) = (ports(0, value), ports(25_000, patch));
        let merged = overlapping::lists(value, &patch, &TWO, &mut Path::new(), merge).unwrap();
        assert_eq!(merged.len(), 75_000);
        assert_eq!(
            merged.iter().find(|port| port["port"] == 25_000),
            Some(first)
        );
    }
}
