//! `(( expression ))` in the text of templates.

const OPEN: &str = "((";
const CLOSE: &str = "))";

/// A piece of text as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Literal(String),
    Expression(&'t str),
}

/// The literals and expressions of a text.
///
/// # Errors
/// A placeholder without an end.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    if let Some(expression) = whole(text) {
        return Ok(vec![Piece::Expression(expression.trim())]);
    }
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(OPEN) {
        if let Some(before) = before.strip_suffix('\\') {
            literal.push_str(before);
            literal.push_str(OPEN);
            rest = inside;
            continue;
        }
        literal.push_str(before);
        let Some((expression, after)) = split_at_end(inside) else {
            return Err(format!(
                "the placeholder `{OPEN}{}` has no end; expected `{CLOSE}`",
                inside.trim_end()
            ));
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Expression(expression.trim()));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// The expressions of a text; none where one has no end.
pub(crate) fn placeholders(text: &str) -> Vec<&str> {
    let pieces = pieces(text).unwrap_or_default().into_iter();
    let expressions = pieces.filter_map(|piece| match piece {
        Piece::Expression(expression) => Some(expression),
        Piece::Literal(_) => None,
    });
    expressions.collect()
}

/// The expression of a text that is one placeholder.
fn whole(text: &str) -> Option<&str> {
    let (expression, after) = split_at_end(text.strip_prefix(OPEN)?)?;
    after.is_empty().then_some(expression)
}

/// An expression, and what follows the `))` that ends it, which stands outside of the expression's
/// own parentheses and texts.
fn split_at_end(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => {
                let after = text.get(at..)?.strip_prefix(CLOSE);
                if let Some(after) = after {
                    return Some((text.get(..at)?, after));
                }
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    fn check(text: &str, expected: &str) {
        let found = match pieces(text) {
            Ok(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => format!("<{text}>"),
                    Piece::Expression(text) => format!("[{text}]"),
                })
                .collect(),
            Err(problem) => problem,
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn text_is_cut_at_placeholders() {
        check("plain", "<plain>");
        check("", "<>");
        check("(( a ))", "[a]");
        check(" (( a ))", "< >[a]");
        check("((a))\n", "[a]<\n>");
        check("(( a ))-x", "[a]<-x>");
        check("a-((b))-((c))", "<a->[b]<->[c]");
        check("((string(int(x))))", "[string(int(x))]");
        check("(( f(')) ') )) end", "[f(')) ')]< end>");
        check(r#"(( "\"))" ))!"#, r#"["\"))"]<!>"#);
        check(r"\(( a ))", "<(( a ))>");
        check("x (( a", "the placeholder `(( a` has no end; expected `))`");
    }
}
