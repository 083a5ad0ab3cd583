//! A pattern as an expression.
//!
//! A part of a pattern passes, fails, or does not apply (`skip`), which an anchor brings about. The
//! anchors of a map decide together; behind them the first key that does not pass decides for the
//! map. Elements that are skipped are left out, unless all are. What a rule passes and what it skips
//! is allowed.

use crate::pattern::node::{Entry, Node, Role};
use crate::pattern::scalar::ScalarPattern;
use crate::translate::validating::anchors::{Anchors, Decision};
use crate::translate::{cel_text, validating::scalar};

type Text = Result<String, String>;

/// Where a value passes a pattern, or the pattern does not apply.
pub(super) fn allowed(node: &Node, value: &str) -> Text {
    At { value, depth: 0 }.allowed(node)
}

/// Where a value passes one of several patterns, or none of them applies.
pub(super) fn any_allowed(nodes: &[Node], value: &str) -> Text {
    let at = At { value, depth: 0 };
    let passes = nodes.iter().map(|node| at.pass(node));
    let mut tests: Vec<String> = passes.collect::<Result<_, _>>()?;
    let skips = nodes.iter().map(|node| at.skip(node));
    let skips: Vec<String> = skips.collect::<Result<_, _>>()?;
    tests.push(cel_text::all(skips));
    Ok(cel_text::any(tests))
}

/// A value, and how many elements it is in.
#[derive(Clone, Copy)]
struct At<'a> {
    value: &'a str,
    depth: usize,
}

impl At<'_> {
    fn pass(self, node: &Node) -> Text {
        match node {
            Node::Map(entries) => {
                let (anchors, fields) = divide(entries);
                let mut tests = self.guard("map");
                tests.extend(self.anchors(anchors)?.decide().goes_on);
                for entry in fields {
                    tests.push(self.entry_passes(entry)?);
                }
                Ok(cel_text::all(tests))
            }
            Node::Tags(tags) => self.pass(&plain(tags)?),
            Node::List(patterns) => match patterns.first() {
                Some(Node::Scalar(pattern)) => {
                    let all =
                        self.elements("all", &|item| Ok(scalar::test(pattern, item)?.expression))?;
                    Ok(cel_text::all(vec![self.is("list"), all]))
                }
                Some(pattern @ (Node::Map(_) | Node::Tags(_))) => self.every_element(pattern),
                _ => Err("a list of lists".to_owned()),
            },
            Node::Scalar(pattern) => self.scalar(pattern),
            Node::TooDeep => Err("the pattern is nested too deep".to_owned()),
        }
    }

    fn every_element(self, pattern: &Node) -> Text {
        let below = self.depth + 1;
        let of = |item: &str| {
            At {
                value: item,
                depth: below,
            }
            .allowed(pattern)
        };
        let mut tests = vec![self.is("list"), self.elements("all", &of)?];
        let item = item(self.depth);
        let skip = At {
            value: &item,
            depth: below,
        }
        .skip(pattern)?;
        if skip != "false" {
            let of = |item: &str| {
                At {
                    value: item,
                    depth: below,
                }
                .pass(pattern)
            };
            let passes = self.elements("exists", &of)?;
            tests.push(cel_text::any(vec![
                format!("size({}) == 0", self.value),
                passes,
            ]));
        }
        Ok(cel_text::all(tests))
    }

    fn skip(self, node: &Node) -> Text {
        match node {
            Node::Map(entries) => self.map_skips(entries),
            Node::Tags(tags) => self.skip(&plain(tags)?),
            Node::List(patterns) => match patterns.first() {
                Some(pattern @ (Node::Map(_) | Node::Tags(_))) => {
                    let below = self.depth + 1;
                    let of = |item: &str| {
                        At {
                            value: item,
                            depth: below,
                        }
                        .skip(pattern)
                    };
                    if of(&item(self.depth))? == "false" {
                        return Ok("false".to_owned());
                    }
                    Ok(cel_text::all(vec![
                        self.is("list"),
                        format!("size({}) > 0", self.value),
                        self.elements("all", &of)?,
                    ]))
                }
                _ => Ok("false".to_owned()),
            },
            Node::Scalar(_) | Node::TooDeep => Ok("false".to_owned()),
        }
    }

    fn map_skips(self, entries: &[Entry]) -> Text {
        let (anchors, fields) = divide(entries);
        let decision = self.anchors(anchors)?.decide();
        let mut before = self.guard("map");
        let mut tests = Vec::new();
        let mut add = |before: &[String], skips: String| {
            if skips != "false" {
                let test = before.iter().cloned().chain([skips]);
                tests.push(cel_text::all(test.collect()));
            }
        };
        add(&before, decision.skip);
        before.extend(decision.goes_on);
        for entry in fields {
            add(&before, self.entry_skips(entry)?);
            before.push(self.entry_passes(entry)?);
        }
        Ok(cel_text::any(tests))
    }

    fn anchors(self, entries: &[Entry]) -> Result<Anchors, String> {
        let mut anchors = Anchors::default();
        for entry in entries {
            let passes = self.entry_passes(entry)?;
            match entry.role {
                Role::Condition => anchors.conditions.push(passes),
                _ => anchors.others.push((passes, self.entry_skips(entry)?)),
            }
        }
        Ok(anchors)
    }

    fn allowed(self, node: &Node) -> Text {
        match node {
            Node::Map(entries) => {
                let (anchors, fields) = divide(entries);
                let mut tests = self.guard("map");
                tests.push(
                    self.anchors(anchors)?
                        .decide()
                        .then(self.entries_allowed(fields)?),
                );
                Ok(cel_text::all(tests))
            }
            Node::Tags(tags) => self.allowed(&plain(tags)?),
            Node::List(patterns) => match patterns.first() {
                Some(pattern @ (Node::Map(_) | Node::Tags(_))) => {
                    let below = self.depth + 1;
                    let of = |item: &str| {
                        At {
                            value: item,
                            depth: below,
                        }
                        .allowed(pattern)
                    };
                    let all = self.elements("all", &of)?;
                    Ok(cel_text::all(vec![self.is("list"), all]))
                }
                _ => self.pass(node),
            },
            Node::Scalar(_) | Node::TooDeep => self.pass(node),
        }
    }

    fn entries_allowed(self, entries: &[Entry]) -> Text {
        let Some((entry, rest)) = entries.split_first() else {
            return Ok("true".to_owned());
        };
        let rest = self.entries_allowed(rest)?;
        if rest == "true" {
            return self.entry_allowed(entry);
        }
        let one = Decision {
            skip: self.entry_skips(entry)?,
            goes_on: vec![self.entry_passes(entry)?],
        };
        Ok(one.then(rest))
    }

    fn entry_passes(self, entry: &Entry) -> Text {
        let (has, value) = cel_text::field(self.value, &entry.key);
        let at = At {
            value: &value,
            depth: self.depth,
        };
        Ok(match entry.role {
            Role::Plain if takes_null(&entry.node)? => {
                cel_text::any(vec![cel_text::not(&has), at.pass(&entry.node)?])
            }
            Role::Plain | Role::Condition => cel_text::all(vec![has, at.pass(&entry.node)?]),
            Role::Present => format!("{has} && dyn({value}) != null"),
            Role::Global | Role::Equality => {
                cel_text::any(vec![cel_text::not(&has), at.pass(&entry.node)?])
            }
            Role::Negation => cel_text::not(&has),
            Role::Existence => cel_text::any(vec![cel_text::not(&has), at.existence(&entry.node)?]),
        })
    }

    fn entry_skips(self, entry: &Entry) -> Text {
        let (has, value) = cel_text::field(self.value, &entry.key);
        let at = At {
            value: &value,
            depth: self.depth,
        };
        Ok(match entry.role {
            Role::Condition => cel_text::not(&self.entry_passes(entry)?),
            Role::Global => cel_text::all(vec![has, cel_text::not(&at.pass(&entry.node)?)]),
            Role::Plain | Role::Equality => cel_text::all(vec![has, at.skip(&entry.node)?]),
            Role::Present | Role::Negation | Role::Existence => "false".to_owned(),
        })
    }

    fn entry_allowed(self, entry: &Entry) -> Text {
        let (has, value) = cel_text::field(self.value, &entry.key);
        let at = At {
            value: &value,
            depth: self.depth,
        };
        Ok(match entry.role {
            Role::Condition | Role::Global => {
                // What cannot be said must not be lost where it does not matter.
                at.pass(&entry.node)?;
                "true".to_owned()
            }
            Role::Plain if takes_null(&entry.node)? => {
                cel_text::any(vec![cel_text::not(&has), at.allowed(&entry.node)?])
            }
            Role::Plain => cel_text::all(vec![has, at.allowed(&entry.node)?]),
            Role::Equality => cel_text::any(vec![cel_text::not(&has), at.allowed(&entry.node)?]),
            Role::Present | Role::Negation | Role::Existence => self.entry_passes(entry)?,
        })
    }

    fn existence(self, node: &Node) -> Text {
        let Node::List(patterns) = node else {
            return Err("an existence anchor without a list".to_owned());
        };
        let mut tests = vec![self.is("list")];
        for pattern in patterns {
            let of = |item: &str| {
                At {
                    value: item,
                    depth: self.depth + 1,
                }
                .pass(pattern)
            };
            tests.push(self.elements("exists", &of)?);
        }
        Ok(cel_text::all(tests))
    }

    /// A list is taken by its elements.
    fn scalar(self, pattern: &ScalarPattern) -> Text {
        let item = item(self.depth);
        let test = scalar::test(pattern, &item)?.expression;
        let value = self.value;
        Ok(format!(
            "(type({value}) == list ? dyn({value}) : [{value}]).all({item}, {test})"
        ))
    }

    fn elements(self, of: &str, test: &dyn Fn(&str) -> Text) -> Text {
        let item = item(self.depth);
        let test = test(&item)?;
        Ok(match (of, test.as_str()) {
            ("all", "true") | ("exists", "false") => test,
            _ => format!("{}.{of}({item}, {test})", self.value),
        })
    }

    /// The object of a request is a map without saying so.
    fn guard(self, kind: &str) -> Vec<String> {
        match self.value {
            "object" => Vec::new(),
            _ => vec![self.is(kind)],
        }
    }

    fn is(self, kind: &str) -> String {
        format!("type({}) == {kind}", self.value)
    }
}

/// The anchors that decide first, and the other entries.
fn divide(entries: &[Entry]) -> (&[Entry], &[Entry]) {
    let anchors = entries
        .iter()
        .take_while(|entry| entry.role.decides_first());
    entries
        .split_at_checked(anchors.count())
        .unwrap_or_default()
}

fn item(depth: usize) -> String {
    match depth {
        0 => "item".to_owned(),
        depth => format!("item{}", depth + 1),
    }
}

fn takes_null(node: &Node) -> Result<bool, String> {
    match node {
        Node::Scalar(pattern) => Ok(scalar::test(pattern, "value")?.takes_null),
        _ => Ok(false),
    }
}

fn plain(tags: &crate::pattern::node::Tags) -> Result<Node, String> {
    match tags.wildcards {
        true => Err("wildcards in keys of labels and annotations are not translated".to_owned()),
        false => Ok(Node::Map(tags.entries.clone())),
    }
}
