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
    /// A variable of a loop, by its place on the stack.
    Local(usize),
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
            Node::Local(at) => Attribute::new(Root::Local(at), Charge::One),
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
            Node::Local(at) => Node::Attribute(Attribute::new(Root::Local(at), Charge::Nothing)),
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

    pub(crate) fn is_test(&self) -> bool {
        self.steps.last().is_some_and(|step| step.is_test)
    }
}
