//! The tree of an expression as text, in the layout that `jp parse` prints.
//!
//! ```text
//! ASTSubexpression {
//!   children: {
//!     ASTField {
//!       value: "foo"
//!     }
//!     …
//! }
//! ```

use std::fmt::Write as _;

use serde_json::Value;

use super::ast::{Ast, AstKind};

/// The dump of `ast`.
pub(crate) fn dump(ast: &Ast) -> String {
    let mut output = String::new();
    write_node(&mut output, ast, 0);
    output
}

fn write_node(output: &mut String, ast: &Ast, indent: usize) {
    let (name, value) = describe(&ast.kind);
    open(output, name, value, indent);
    match &ast.kind {
        AstKind::Hash(entries) => {
            children(output, indent, !entries.is_empty());
            for (key, child) in entries {
                open(output, "ASTKeyValPair", Some(quote(key)), indent + 4);
                children(output, indent + 4, true);
                write_node(output, child, indent + 8);
                close(output, indent + 4);
            }
        }
        kind => {
            let nodes = kind.children();
            children(output, indent, !nodes.is_empty());
            for child in nodes {
                write_node(output, child, indent + 4);
            }
        }
    }
    close(output, indent);
}

fn open(output: &mut String, name: &str, value: Option<String>, indent: usize) {
    let _ = writeln!(output, "{:indent$}{name} {{", "");
    if let Some(value) = value {
        let _ = writeln!(output, "{:indent$}  value: {value}", "");
    }
}

fn children(output: &mut String, indent: usize, any: bool) {
    if any {
        let _ = writeln!(output, "{:indent$}  children: {{", "");
    }
}

fn close(output: &mut String, indent: usize) {
    let _ = writeln!(output, "{:indent$}}}", "");
}

fn describe(kind: &AstKind) -> (&'static str, Option<String>) {
    match kind {
        AstKind::Empty => ("ASTEmpty", None),
        AstKind::Comparator(comparison, _) => {
            ("ASTComparator", Some(comparison.token_name().to_owned()))
        }
        AstKind::Current => ("ASTCurrentNode", None),
        AstKind::Reference(_) => ("ASTExpRef", None),
        AstKind::Function(name, _) => ("ASTFunctionExpression", name.as_deref().map(quote)),
        AstKind::Field(name) => ("ASTField", Some(quote(name))),
        AstKind::Filter(_) => ("ASTFilterProjection", None),
        AstKind::Flatten(_) => ("ASTFlatten", None),
        AstKind::Identity => ("ASTIdentity", None),
        AstKind::Index(index) => ("ASTIndex", Some(index.to_string())),
        AstKind::IndexExpression(_) => ("ASTIndexExpression", None),
        AstKind::Literal(Value::Null) => ("ASTLiteral", None),
        AstKind::Literal(value) => ("ASTLiteral", Some(literal(value))),
        AstKind::Hash(_) => ("ASTMultiSelectHash", None),
        AstKind::List(_) => ("ASTMultiSelectList", None),
        AstKind::Or(_) => ("ASTOrExpression", None),
        AstKind::And(_) => ("ASTAndExpression", None),
        AstKind::Not(_) => ("ASTNotExpression", None),
        AstKind::Pipe(_) => ("ASTPipe", None),
        AstKind::Projection(_) => ("ASTProjection", None),
        AstKind::Subexpression(_) => ("ASTSubexpression", None),
        AstKind::Slice(parts) => ("ASTSlice", Some(slice(parts))),
        AstKind::ValueProjection(_) => ("ASTValueProjection", None),
    }
}

fn quote(text: &str) -> String {
    format!("{text:?}")
}

/// A slice as it is written; a missing part stays empty.
fn slice(parts: &[Option<i64>; 3]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| part.map(|number| number.to_string()).unwrap_or_default())
        .collect();
    format!("[{}]", parts.join(":"))
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}
