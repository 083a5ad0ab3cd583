//! From text to a tree: lexer, parser and macro expansion.
//!
//! Parsing is linear in the text and bounded in depth; what is wrong is worded as by cel-go's parser,
//! which ANTLR generates.

pub mod ast;
mod identifier;
mod lexer;
pub mod macros;
pub mod nodes;
mod parser;
mod recovery;
mod rules;
mod token;
mod unescape;

pub use identifier::is_identifier;
pub use parser::parse;
