//! The text of an expression: tokens, tree, parser.
//!
//! `foo.bar[?a == 'b'].c | [0]` becomes an [`ast::Ast`]; every token and node keeps the byte
//! offset where it starts.

pub(crate) mod ast;
pub(crate) mod dump;
pub(crate) mod error;
pub(crate) mod lexer;
pub(crate) mod parser;
pub(crate) mod token;
