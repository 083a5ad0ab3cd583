//! A checked tree to the form that is evaluated: names become slots, constants are computed, regular
//! expressions compiled, and the loops of the language's macros recognised.

mod attribute;
mod constants;
mod folds;
mod node;

use std::{collections::BTreeSet, sync::Arc};

use portcullis_values::regexp::GoRegexp;

use crate::{
    checked::{CheckedAst, Reference},
    checker::{built_in_type, qualified},
    environment::Environment,
    error::{CompileError, EvalError, Issue, Stage},
    function::Overload,
    rendering::render,
    syntax::ast::{Expr, ExprKind, MapEntry, StructField, operator},
    types::Type,
    value::{Text, Value},
};

pub(crate) use attribute::{Attribute, Charge, Root, Step, StepKey};
pub(crate) use constants::ConstSet;
pub(crate) use node::{Callee, Comparison, Entry, Field, Fold, FoldKind, Matches, Node};

/// The nodes of a checked expression, and the names of the variables that they read, by slot.
pub(crate) fn program(
    environment: &Environment,
    checked: &CheckedAst,
) -> Result<(Node, Vec<Arc<str>>), CompileError> {
    let mut lowering = Lowering {
        environment,
        checked,
        variables: Vec::new(),
        scopes: Vec::new(),
        fields: BTreeSet::new(),
        patterns: 0,
    };
    let root = lowering
        .node(&checked.ast.root)
        .map_err(|issue| CompileError {
            stage: Stage::Program,
            rendered: render(std::slice::from_ref(&issue), &checked.source),
            issues: vec![issue],
        })?;
    Ok((root, lowering.variables))
}

struct Lowering<'c> {
    environment: &'c Environment,
    checked: &'c CheckedAst,
    variables: Vec<Arc<str>>,
    /// The variables of the loops around, by their place on the interpreter's stack.
    scopes: Vec<Arc<str>>,
    /// The names of fields, each once, so that the interpreter knows one again by its address.
    fields: BTreeSet<Arc<str>>,
    /// How many bytes the patterns so far take.
    patterns: usize,
}

/// How many bytes the patterns of an expression may take together.
const LARGEST_PATTERNS: usize = 64 << 20;

type Lowered = Result<Node, Issue>;

impl Lowering<'_> {
    fn node(&mut self, expr: &Expr) -> Lowered {
        match &expr.kind {
            ExprKind::Literal(literal) => Ok(Node::Const(constants::of_literal(literal))),
            ExprKind::Ident(name) => self.named(expr, name),
            ExprKind::Select {
                operand,
                field,
                test_only,
            } => self.select(expr, operand, field, *test_only),
            ExprKind::Call {
                function,
                target,
                args,
            } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List { elements, optional } => self.list(elements, optional),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct { fields, .. } => self.message(expr, fields),
            ExprKind::Comprehension(of) => self.fold(of),
        }
    }

    fn nodes<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Vec<Node>, Issue> {
        exprs.into_iter().map(|expr| self.node(expr)).collect()
    }

    /// A variable or a type.
    fn named(&mut self, expr: &Expr, name: &str) -> Lowered {
        match self.checked.reference(expr.id) {
            Some(Reference::Type(of)) => {
                let path = qualified(expr).unwrap_or_default();
                match self.environment.is_value(&path) {
                    true => Ok(type_value(of.clone())),
                    false => Err(self.undefined(expr, &path)),
                }
            }
            // cel-go looks among the types for what is one, also for the variable of a loop.
            Some(Reference::Variable(known))
                if matches!(self.checked.type_of(expr.id), Type::Type(_))
                    && self.scopes.contains(known) =>
            {
                match built_in_type(known) {
                    Some(of) => Ok(type_value(of)),
                    None => Err(self.undefined(expr, known)),
                }
            }
            Some(Reference::Variable(name)) => Ok(self.variable(name)),
            _ => Ok(self.variable(name)),
        }
    }

    fn undefined(&self, expr: &Expr, name: &str) -> Issue {
        let problem = format!("reference to undefined type: {name}");
        self.issue(expr, &EvalError::new(problem))
    }

    fn variable(&mut self, name: &str) -> Node {
        let mut scopes = self.scopes.iter().enumerate();
        if let Some((at, name)) = scopes.rfind(|(_, known)| ***known == *name) {
            return Node::Local(at, name.clone());
        }
        if let Some(of) = self.environment.handle(name) {
            return Node::Handle(Value::opaque(node::Handle(of.clone())));
        }
        let known = self.variables.iter().position(|known| **known == *name);
        Node::Variable(known.unwrap_or_else(|| {
            self.variables.push(name.into());
            self.variables.len() - 1
        }))
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &str, test_only: bool) -> Lowered {
        if matches!(
            self.checked.reference(expr.id),
            Some(Reference::Variable(_) | Reference::Type(_))
        ) {
            let value = self.named(expr, field)?;
            return Ok(match test_only {
                true => declared(value, field, false),
                false => value,
            });
        }
        let step = Step {
            key: StepKey::Field(self.field(field)),
            is_optional: false,
            is_test: test_only,
        };
        Ok(self.node(operand)?.with_step(step))
    }

    fn field(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.fields.get(name) {
            return known.clone();
        }
        let field: Arc<str> = name.into();
        self.fields.insert(field.clone());
        field
    }

    fn call(
        &mut self,
        expr: &Expr,
        function: &str,
        target: Option<&Expr>,
        args: &[Expr],
    ) -> Lowered {
        let candidates = match self.checked.reference(expr.id) {
            // `a.?b` of a variable that is declared as `a.b`.
            Some(Reference::Variable(name)) => {
                let value = self.variable(name);
                return Ok(declared(value, name, true));
            }
            Some(Reference::Overloads(candidates)) => candidates.as_slice(),
            _ => &[],
        };
        let function = function.strip_prefix('.').unwrap_or(function);
        // A function with a namespace has no target.
        let is_member = candidates.first().is_none_or(is_member);
        let target = target.filter(|_| is_member);
        let nodes = self.nodes(target.into_iter().chain(args))?;
        // The specification wants what a conversion gives to be refused only when it is read.
        if matches!(function, operator::INDEX | operator::OPT_INDEX)
            && let Some(Node::Const(index)) = nodes.get(1)
            && !is_qualifier(index)
            && !matches!(
                args.get(1),
                Some(Expr {
                    kind: ExprKind::Call { .. },
                    ..
                })
            )
        {
            let problem = format!("invalid qualifier type: {}", index.runtime_type());
            return Err(self.issue(expr, &EvalError::new(problem)));
        }
        let args = match self.operator(function, candidates, nodes) {
            Ok(node) => return Ok(node),
            Err(args) => args,
        };
        let callee = Callee::new(function, candidates);
        let folds = constants::is_conversion(function)
            && args.iter().all(|node| matches!(node, Node::Const(_)));
        if folds {
            return constants::convert(&callee, &args)
                .map(Node::Const)
                .map_err(|error| self.issue(expr, &error));
        }
        if function == "matches"
            && let [_, Node::Const(Value::String(pattern))] = args.as_slice()
        {
            let regex = GoRegexp::compile(pattern)
                .map_err(|error| self.issue(expr, &EvalError::new(error.to_string())))?;
            self.patterns += regex.size();
            if self.patterns > LARGEST_PATTERNS {
                let problem = "the patterns of the expression are too large together";
                return Err(self.issue(expr, &EvalError::new(problem)));
            }
            let pattern = pattern.clone();
            return Ok(Node::Matches(Box::new(Matches {
                callee,
                regex,
                pattern: Value::String(pattern),
                text: args.into_iter().next().unwrap_or_default(),
            })));
        }
        Ok(Node::Call { callee, args })
    }

    fn issue(&self, expr: &Expr, error: &EvalError) -> Issue {
        Issue {
            offset: self.checked.ast.offset_of(expr.id),
            message: error.message.clone(),
            help: None,
        }
    }

    /// An operator that the interpreter evaluates itself; the arguments again if it is none.
    fn operator(
        &mut self,
        function: &str,
        candidates: &[&'static Overload],
        args: Vec<Node>,
    ) -> Result<Node, Vec<Node>> {
        let comparison = match function {
            operator::EQUALS => Some(Comparison::Equals),
            operator::NOT_EQUALS => Some(Comparison::NotEquals),
            _ => None,
        };
        match (function, <[Node; 2]>::try_from(args)) {
            (operator::LOGICAL_AND, Ok(pair)) => Ok(Node::And(Box::new(pair))),
            (operator::LOGICAL_OR, Ok(pair)) => Ok(Node::Or(Box::new(pair))),
            (operator::INDEX, Ok([operand, index])) => Ok(index_of(operand, index, false)),
            (operator::OPT_INDEX, Ok([operand, index])) => Ok(index_of(operand, index, true)),
            (operator::OPT_SELECT, Ok([operand, field])) => Ok(index_of(operand, field, true)),
            (operator::IN, Ok([value, Node::Const(Value::List(list))]))
                if candidates.len() == 1 =>
            {
                constants::membership(value, list)
            }
            ("or", Ok(pair)) => Ok(Node::OptionalOr(Box::new(pair))),
            ("orValue", Ok(pair)) => Ok(Node::OptionalOrValue(Box::new(pair))),
            (_, Ok(pair)) => match comparison {
                Some(comparison) => Ok(Node::Compare(comparison, Box::new(pair))),
                None => Err(pair.into()),
            },
            (_, Err(args)) => operator_of_others(function, args),
        }
    }

    fn list(&mut self, elements: &[Expr], optional: &[usize]) -> Lowered {
        let nodes = self.nodes(elements)?;
        if optional.is_empty()
            && let Some(values) = constants::values(&nodes)
        {
            return Ok(Node::Const(Value::List(values.into())));
        }
        Ok(Node::List {
            elements: nodes,
            optional: optional.into(),
        })
    }

    fn map(&mut self, entries: &[MapEntry]) -> Lowered {
        let mut lowered = Vec::with_capacity(entries.len());
        for entry in entries {
            lowered.push(Entry {
                key: self.node(&entry.key)?,
                value: self.node(&entry.value)?,
                optional: entry.optional,
            });
        }
        Ok(match constants::map(&lowered) {
            Some(map) => Node::Const(map),
            None => Node::Map(lowered),
        })
    }

    fn message(&mut self, expr: &Expr, fields: &[StructField]) -> Lowered {
        let name = match self.checked.reference(expr.id) {
            Some(Reference::Type(of)) => of.runtime_name().into(),
            _ => "".into(),
        };
        let mut lowered = Vec::with_capacity(fields.len());
        for field in fields {
            lowered.push(Field {
                name: Text::Shared(field.name.as_str().into()),
                value: self.node(&field.value)?,
                optional: field.optional,
            });
        }
        Ok(Node::Struct {
            name,
            fields: lowered,
        })
    }
}

fn type_value(of: Type) -> Node {
    Node::Const(Value::Type(Arc::new(of)))
}

/// Whether a value may stand in brackets behind another one.
pub(crate) fn is_qualifier(index: &Value<'_>) -> bool {
    matches!(
        index,
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Double(_) | Value::String(_)
    )
}

fn is_member(overload: &&'static Overload) -> bool {
    crate::declaration::OverloadDecl::read(overload).is_some_and(|decl| decl.is_member)
}

fn index_of(operand: Node, index: Node, is_optional: bool) -> Node {
    let key = match index {
        Node::Const(Value::String(field)) => StepKey::Field(field.as_str().into()),
        Node::Const(index) => StepKey::Const(index),
        index => StepKey::Computed(index.uncharged()),
    };
    operand.with_step(Step {
        key,
        is_optional,
        is_test: false,
    })
}

/// Operators with one operand or three.
fn operator_of_others(function: &str, args: Vec<Node>) -> Result<Node, Vec<Node>> {
    match function {
        operator::CONDITIONAL => match <[Node; 3]>::try_from(args) {
            Ok([condition, then, otherwise]) => Ok(Node::Conditional(Box::new([
                condition,
                then.uncharged(),
                otherwise.uncharged(),
            ]))),
            Err(args) => Err(args),
        },
        operator::LOGICAL_NOT | operator::NOT_STRICTLY_FALSE => match <[Node; 1]>::try_from(args) {
            Ok([operand]) if function == operator::LOGICAL_NOT => Ok(Node::Not(Box::new(operand))),
            Ok([operand]) => Ok(Node::NotStrictlyFalse(Box::new(operand))),
            Err(args) => Err(args),
        },
        _ => Err(args),
    }
}
/// The presence of a declared variable, or an optional with its value: it is computed, and the same is
/// asked of a map that has it.
fn declared(value: Node, name: &str, is_optional: bool) -> Node {
    let entry = Entry {
        key: Node::Const(Value::String(Text::from(name.to_owned()))),
        value,
        optional: false,
    };
    Node::Map(vec![entry]).with_step(Step {
        key: StepKey::Field(name.into()),
        is_optional,
        is_test: !is_optional,
    })
}
