//! What cel-go calls an attribute: a variable, or the value of an expression, with the selections and
//! indices behind it.

use std::sync::Arc;

use super::node::Node;
use crate::value::Value;

/// An attribute. Each step costs 1.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub root: Root,
    pub steps: Vec<Step>,
    pub charge: Charge,
}

/// What reading an attribute costs beside its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// 1.
    One,
    /// Nothing: a branch of a condition, an index, or a presence test.
    Nothing,
    /// 1 less than its steps: a presence test in what a condition gives, which cel-go takes off
    /// though it was never put on.
    OneLess,
}

/// Where an attribute begins.
#[derive(Debug)]
pub(crate) enum Root {
    /// A variable, by its slot.
    Variable(usize),
    /// A variable of a loop, by its place on the stack, and its name.
    Local(usize, Arc<str>),
    Value(Node),
}

/// A selection or an index. Each costs 1.
#[derive(Debug)]
pub(crate) struct Step {
    pub key: StepKey,
    /// What comes of the attribute from here on is an optional.
    pub is_optional: bool,
    /// Only whether it is there is asked.
    pub is_test: bool,
}

#[derive(Debug)]
pub(crate) enum StepKey {
    Field(Arc<str>),
    Const(Value<'static>),
    Computed(Node),
}

impl Node {
    /// The node with one step more.
    pub(super) fn with_step(self, step: Step) -> Node {
        // A presence test does not cost what reading an attribute costs.
        let is_test = step.is_test;
        let mut attribute = match self {
            Node::Attribute(attribute) if !attribute.is_test() => attribute,
            Node::Variable(slot) => Attribute::new(Root::Variable(slot), Charge::One),
            Node::Local(at, name) => Attribute::new(Root::Local(at, name), Charge::One),
            Node::Handle(value) => Attribute::new(Root::Value(Node::Const(value)), Charge::One),
            condition @ Node::Conditional(_) => {
                Attribute::new(Root::Value(condition), Charge::Nothing)
            }
            other => Attribute::new(Root::Value(other), Charge::One),
        };
        attribute.steps.push(step);
        attribute.charge = match (is_test, attribute.charge) {
            (false, charge) => charge,
            (true, Charge::One) => Charge::Nothing,
            (true, _) => Charge::OneLess,
        };
        Node::Attribute(attribute)
    }

    /// The node where only its steps cost, if it is an attribute.
    pub(super) fn uncharged(self) -> Node {
        match self {
            Node::Handle(value) => Node::Const(value),
            Node::Variable(slot) => {
                Node::Attribute(Attribute::new(Root::Variable(slot), Charge::Nothing))
            }
            Node::Local(at, name) => {
                Node::Attribute(Attribute::new(Root::Local(at, name), Charge::Nothing))
            }
            Node::Attribute(mut attribute) => {
                attribute.charge = Charge::Nothing;
                Node::Attribute(attribute)
            }
            other => other,
        }
    }
}

impl Attribute {
    fn new(root: Root, charge: Charge) -> Box<Attribute> {
        Box::new(Attribute {
            root,
            steps: Vec::new(),
            charge,
        })
    }

    /// What is read, as it is written: `c.ports[0]`, `c.?name`, `has(c.name)`; nothing where it is of a
    /// value that has no name.
    pub(crate) fn path(&self, variables: &[Arc<str>]) -> Option<String> {
        let root = match &self.root {
            Root::Variable(slot) => variables.get(*slot)?,
            Root::Local(_, name) if !name.starts_with('@') => name,
            Root::Local(..) | Root::Value(_) => return None,
        };
        let mut path = root.to_string();
        let is_word = |name: &str| name.chars().all(|one| one.is_alphanumeric() || one == '_');
        for step in &self.steps {
            let mark = if step.is_optional { "?" } else { "" };
            path += &match &step.key {
                StepKey::Field(name) if is_word(name) => format!(".{mark}{name}"),
                StepKey::Field(name) => format!("[{mark}{name:?}]"),
                StepKey::Const(index) => format!("[{mark}{index}]"),
                StepKey::Computed(_) => format!("[{mark}…]"),
            };
        }
        Some(match self.is_test() {
            true => format!("has({path})"),
            false => path,
        })
    }

    pub(crate) fn is_test(&self) -> bool {
        self.steps.last().is_some_and(|step| step.is_test)
    }
}
