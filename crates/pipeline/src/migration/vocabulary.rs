//! The words of a rule: keys and values that its inputs are made of.

use portcullis_engine::pattern::anchor;
use serde_json::{Value, json};

use super::dice::Dice;

/// Keys and values that a rule names.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Objects with the fields that expressions read.
    paths: Vec<Value>,
    keys: Vec<String>,
    values: Vec<Value>,
}

impl Vocabulary {
    /// The words of a value, such as a rule.
    pub(super) fn of(value: &Value) -> Vocabulary {
        let mut words = Vocabulary::default();
        words.take(value);
        words.values.extend([
            Value::Null,
            json!(true),
            json!(false),
            json!(0),
            json!(1),
            json!(7),
            json!(-1),
            json!(""),
            json!("x"),
            json!("5"),
            json!("0"),
            json!("true"),
            json!("*"),
            json!("A?*"),
            json!("100m"),
            json!("2Gi"),
            json!("5s"),
            json!([]),
            json!({}),
            json!(["x", 1]),
            json!([{"name": "x"}]),
            json!({"x": "y"}),
        ]);
        words
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, below) in fields {
                    self.keys.push(anchor::strip(key).replace(['*', '?'], "z"));
                    self.take(below);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::String(text) => {
                // Variables inside of an object are evaluated by rules alone.
                if !text.contains("{{") {
                    self.values.extend(examples(text));
                }
                let read = text.split("object.").skip(1);
                self.paths.extend(read.filter_map(nested));
            }
            other => self.values.push(other.clone()),
        }
    }

    /// Shapes that expressions read.
    pub(super) fn paths(&self) -> &[Value] {
        &self.paths
    }

    pub(super) fn key(&self, dice: &mut Dice) -> String {
        dice.pick(&self.keys).cloned().unwrap_or_default()
    }

    pub(super) fn value(&self, dice: &mut Dice) -> Value {
        dice.pick(&self.values).cloned().unwrap_or_default()
    }

    /// An object as a pattern has it, more or less.
    pub(super) fn instance(&self, pattern: &Value, dice: &mut Dice) -> Value {
        match pattern {
            Value::Object(fields) => {
                let mut object = serde_json::Map::new();
                for (key, below) in fields {
                    let likely = if key.starts_with("X(") { 4 } else { 8 };
                    if dice.below(10) < likely {
                        let key = anchor::strip(key).replace(['*', '?'], "z");
                        object.insert(key, self.instance(below, dice));
                    }
                }
                Value::Object(object)
            }
            Value::Array(items) => match items.first() {
                Some(item) => (0..dice.below(4))
                    .map(|_| self.instance(item, dice))
                    .collect(),
                None => json!([]),
            },
            Value::Null => self.value(dice),
            _ if dice.below(5) == 0 => self.value(dice),
            Value::String(text) => {
                let examples = examples(text);
                dice.pick(&examples).cloned().unwrap_or_default()
            }
            other => other.clone(),
        }
    }
}

/// `spec.replicas` as a shape, and `spec.[a, b][].c[]` with lists where `[]` is.
fn nested(text: &str) -> Option<Value> {
    let is_path = |one: char| one.is_ascii_alphanumeric() || "_.?[]".contains(one);
    let mut in_brackets = false;
    let end = text.find(|one| {
        in_brackets = one == '[' || (in_brackets && one != ']');
        !(is_path(one) || in_brackets && ", ".contains(one))
    });
    let steps = text.get(..end.unwrap_or(text.len()))?.split('.');
    let steps: Vec<&str> = steps.filter(|step| !step.is_empty()).collect();
    let build = |below: Value, step: &&str| {
        let name = step.trim_end_matches("[]");
        let lists = (step.len() - name.len()) / 2;
        let below = (0..lists).fold(below, |below, _| json!([below]));
        let names = name.trim_start_matches(['?', '[']).trim_end_matches(']');
        let fields = names
            .split(',')
            .map(|name| (name.trim().to_owned(), below.clone()));
        Value::Object(fields.collect())
    };
    (!steps.is_empty()).then(|| steps.iter().rev().fold(Value::Null, build))
}

/// Every text of a value, with wildcards filled.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => {
            let examples = examples(text).into_iter();
            examples
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Values near a text of a pattern: its alternatives without operators, and with wildcards filled.
fn examples(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for term in text.split(['|', '&']) {
        let term = term.trim().trim_start_matches(['<', '>', '=', '!']).trim();
        found.push(json!(term.replace('*', "").replace('?', "q")));
        found.push(json!(term.replace('*', "w-w").replace('?', "q")));
        if let Ok(number) = term.parse::<i64>() {
            found.extend([number - 1, number, number + 1].map(Value::from));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &Value) {
        assert_eq!(nested(text).as_ref(), Some(expected), "{text}");
    }

    #[test]
    fn shapes_are_what_paths_read() {
        check("spec.replicas }}", &json!({"spec": {"replicas": null}}));
        check("spec.?a.b || ''", &json!({"spec": {"a": {"b": null}}}));
        check(
            "spec.[a, b][].c.d[] }}",
            &json!({"spec": {
                "a": [{"c": {"d": [null]}}],
                "b": [{"c": {"d": [null]}}],
            }}),
        );
        check("spec.a[][].b", &json!({"spec": {"a": [[{"b": null}]]}}));
    }
}
