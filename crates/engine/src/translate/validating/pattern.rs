//! A pattern as an expression.
//!
//! A part of a pattern passes, fails, or does not apply (`skip`), which an anchor brings about. The
//! first key of a map that does not pass decides for it; elements that are skipped are left out, unless
//! all are. What a rule passes and what it skips is allowed.

use crate::pattern::node::{Entry, Node, Role};
use crate::pattern::scalar::ScalarPattern;
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
                let passes = entries.iter().map(|entry| self.entry_passes(entry));
                let mut tests = self.guard("map");
                tests.extend(passes.collect::<Result<Vec<_>, _>>()?);
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
        let mut before = self.guard("map");
        let mut tests = Vec::new();
        for entry in entries {
            let skips = self.entry_skips(entry)?;
            if skips != "false" {
                let mut test = before.clone();
                test.push(skips);
                tests.push(cel_text::all(test));
            }
            before.push(self.entry_passes(entry)?);
        }
        Ok(cel_text::any(tests))
    }

    fn allowed(self, node: &Node) -> Text {
        match node {
            Node::Map(entries) => {
                let mut tests = self.guard("map");
                tests.push(self.entries_allowed(entries)?);
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
        let passes = self.entry_passes(entry)?;
        let skips = self.entry_skips(entry)?;
        if skips == cel_text::not(&passes) {
            return Ok(cel_text::any(vec![skips, rest]));
        }
        let goes_on = cel_text::all(vec![passes, rest]);
        Ok(cel_text::any(vec![skips, goes_on]))
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
            Role::Present => format!("{has} && {value} != null"),
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
            "(type({value}) == list ? {value} : [{value}]).all({item}, {test})"
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
        true => Err("wildcards in keys of labels and annotations".to_owned()),
        false => Ok(Node::Map(tags.entries.clone())),
    }
}
