//! Lists, maps and messages.

use super::Parsed;
use crate::syntax::{
    ast::{ExprKind, MapEntry, StructField},
    parser::{Node, Parser},
    recovery::Stop,
    token::{Kind, Set},
};

/// What an element of a list or a key of a map may start with.
const ELEMENT: Set = Set::EXPRESSION.with(Kind::Question);
/// What a field of a message may start with.
const FIELD: Set = Set::of(&[Kind::Identifier, Kind::QuotedIdentifier, Kind::Question]);

impl Parser<'_> {
    pub(super) fn list(&mut self, follow: Set) -> Parsed {
        let open = self.cursor.take();
        let end = Set::of(&[Kind::RightBracket, Kind::Comma]);
        let mut elements = Vec::new();
        let mut optional = Vec::new();
        let mut height = 0;
        self.each(ELEMENT, end, follow, |parser, inner| {
            let (node, is_optional) = parser.ending(end, |parser| parser.element(inner))?;
            if is_optional {
                optional.push(elements.len());
            }
            height = height.max(node.height);
            elements.push(*node.expr);
            Ok(())
        })?;
        self.close(Kind::RightBracket)?;
        let kind = ExprKind::List { elements, optional };
        Ok(self.node(open.start, kind, height))
    }

    pub(super) fn map(&mut self, follow: Set) -> Parsed {
        let open = self.cursor.take();
        let end = Set::of(&[Kind::RightBrace, Kind::Comma]);
        let mut entries = Vec::new();
        let mut height = 0;
        self.each(ELEMENT, end, follow, |parser, inner| {
            let colon = Set::of(&[Kind::Colon]);
            let key = |parser: &mut Self| parser.element(inner.with(Kind::Colon));
            let (key, optional) = parser.ending(colon, key)?;
            let colon = parser.cursor.expect(Kind::Colon, Set::EXPRESSION)?;
            let value = parser.ending(end, |parser| parser.expression(inner))?;
            height = height.max(key.height).max(value.height);
            entries.push(MapEntry {
                id: parser.nodes.id_at(colon.start),
                key: *key.expr,
                value: *value.expr,
                optional,
            });
            Ok(())
        })?;
        self.close(Kind::RightBrace)?;
        Ok(self.node(open.start, ExprKind::Map(entries), height))
    }

    pub(super) fn message(&mut self, follow: Set) -> Parsed {
        let mut name = String::new();
        while self.cursor.kind() != Kind::LeftBrace {
            let part = self.cursor.take();
            name.push_str(self.cursor.text(part));
        }
        let open = self.cursor.take();
        let end = Set::of(&[Kind::RightBrace, Kind::Comma]);
        let mut fields = Vec::new();
        let mut height = 0;
        self.each(FIELD, end, follow, |parser, inner| {
            let start = parser.cursor.ahead(0).start;
            let optional = parser.optional_mark();
            let field = parser.field_name(inner.with(Kind::Colon))?;
            let colon = parser.cursor.expect(Kind::Colon, Set::EXPRESSION)?;
            let value = parser.ending(end, |parser| parser.expression(inner))?;
            height = height.max(value.height);
            let Some((_, name)) = field else {
                parser.problem(start, "unsupported ident kind");
                return Ok(());
            };
            fields.push(StructField {
                id: parser.nodes.id_at(colon.start),
                name,
                value: *value.expr,
                optional,
            });
            Ok(())
        })?;
        self.close(Kind::RightBrace)?;
        Ok(self.node(open.start, ExprKind::Struct { name, fields }, height))
    }

    /// Elements with commas between them, and perhaps one behind the last.
    fn each(
        &mut self,
        first: Set,
        end: Set,
        follow: Set,
        mut element: impl FnMut(&mut Self, Set) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.cursor.sync(first.union(end))?;
        if first.contains(self.cursor.kind()) {
            let inner = follow.union(end);
            loop {
                if let Err(stop) = element(self, inner) {
                    self.recovered(stop, inner)?;
                    break;
                }
                let more =
                    self.cursor.kind() == Kind::Comma && first.contains(self.cursor.ahead(1).kind);
                if !more {
                    break;
                }
                self.cursor.take();
            }
        }
        self.cursor.sync(end)?;
        self.cursor.accept(Kind::Comma);
        Ok(())
    }

    /// An expression with or without a mark that makes it optional.
    fn element(&mut self, follow: Set) -> Result<(Node, bool), Stop> {
        let optional = self.optional_mark();
        Ok((self.expression(follow)?, optional))
    }

    fn optional_mark(&mut self) -> bool {
        self.cursor.accept(Kind::Question).is_some()
    }
}
