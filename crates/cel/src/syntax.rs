//! From text to a tree: lexer, parser and macro expansion.

pub mod ast;
