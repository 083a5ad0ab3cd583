//! The text of an expression and its tree.

pub mod ast;
mod depth;
mod lexer;
pub mod macros;
pub mod nodes;
mod operators;
mod parser;
mod quoted;

pub use parser::parse;
