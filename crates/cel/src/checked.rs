//! What the checker found out about an expression.

use std::sync::Arc;

use crate::{
    function::Overload,
    syntax::ast::{Ast, ExprId},
    types::Type,
};

/// An expression whose names and types are known.
#[derive(Clone, Debug)]
pub struct CheckedAst {
    /// The tree.
    pub ast: Ast,
    /// The text.
    pub source: Arc<str>,
    /// The type of each node, by its number.
    pub types: Vec<Type>,
    /// What each name and call means, by the number of its node.
    pub references: Vec<Option<Reference>>,
}

/// What a name or a call means.
#[derive(Clone, Debug)]
pub enum Reference {
    /// A variable, perhaps with dots in its name.
    Variable(Arc<str>),
    /// A type.
    Type(Type),
    /// The overloads that the types allow, in the order in which they are declared.
    Overloads(Vec<&'static Overload>),
}

impl CheckedAst {
    /// The type of the whole expression.
    #[must_use]
    pub fn result_type(&self) -> &Type {
        self.type_of(self.ast.root.id)
    }

    /// The type of a node.
    #[must_use]
    pub fn type_of(&self, id: ExprId) -> &Type {
        self.types.get(id.0 as usize).unwrap_or(&Type::Dyn)
    }

    /// What a node means.
    #[must_use]
    pub fn reference(&self, id: ExprId) -> Option<&Reference> {
        self.references.get(id.0 as usize)?.as_ref()
    }
}
