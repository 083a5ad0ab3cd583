//! The kinds of tokens, and sets of them.

/// A kind of token, in the order in which errors list what they expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Eof,
    EqualsEquals,
    NotEquals,
    In,
    Less,
    LessEquals,
    GreaterEquals,
    Greater,
    And,
    Or,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    LeftParen,
    RightParen,
    Dot,
    Comma,
    Minus,
    Exclamation,
    Question,
    Colon,
    Plus,
    Star,
    Slash,
    Percent,
    True,
    False,
    Null,
    Float,
    Int,
    UInt,
    String,
    Bytes,
    Identifier,
    QuotedIdentifier,
}

/// Every kind with the name that errors give it.
const NAMES: &[(Kind, &str)] = &[
    (Kind::Eof, "<EOF>"),
    (Kind::EqualsEquals, "'=='"),
    (Kind::NotEquals, "'!='"),
    (Kind::In, "'in'"),
    (Kind::Less, "'<'"),
    (Kind::LessEquals, "'<='"),
    (Kind::GreaterEquals, "'>='"),
    (Kind::Greater, "'>'"),
    (Kind::And, "'&&'"),
    (Kind::Or, "'||'"),
    (Kind::LeftBracket, "'['"),
    (Kind::RightBracket, "']'"),
    (Kind::LeftBrace, "'{'"),
    (Kind::RightBrace, "'}'"),
    (Kind::LeftParen, "'('"),
    (Kind::RightParen, "')'"),
    (Kind::Dot, "'.'"),
    (Kind::Comma, "','"),
    (Kind::Minus, "'-'"),
    (Kind::Exclamation, "'!'"),
    (Kind::Question, "'?'"),
    (Kind::Colon, "':'"),
    (Kind::Plus, "'+'"),
    (Kind::Star, "'*'"),
    (Kind::Slash, "'/'"),
    (Kind::Percent, "'%'"),
    (Kind::True, "'true'"),
    (Kind::False, "'false'"),
    (Kind::Null, "'null'"),
    (Kind::Float, "NUM_FLOAT"),
    (Kind::Int, "NUM_INT"),
    (Kind::UInt, "NUM_UINT"),
    (Kind::String, "STRING"),
    (Kind::Bytes, "BYTES"),
    (Kind::Identifier, "IDENTIFIER"),
    (Kind::QuotedIdentifier, "ESC_IDENTIFIER"),
];

/// A token: its kind and where its text is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set(u64);

impl Set {
    pub(super) const EMPTY: Set = Set(0);
    /// What a member, such as `a.b`, may start with.
    pub(super) const MEMBER: Set = Set::of(&[
        Kind::LeftBracket,
        Kind::LeftBrace,
        Kind::LeftParen,
        Kind::Dot,
        Kind::Minus,
        Kind::True,
        Kind::False,
        Kind::Null,
        Kind::Float,
        Kind::Int,
        Kind::UInt,
        Kind::String,
        Kind::Bytes,
        Kind::Identifier,
    ]);
    /// What an expression may start with.
    pub(super) const EXPRESSION: Set = Set::MEMBER.with(Kind::Exclamation);
    /// The operators that compare.
    pub(super) const RELATION: Set = Set::of(&[
        Kind::EqualsEquals,
        Kind::NotEquals,
        Kind::In,
        Kind::Less,
        Kind::LessEquals,
        Kind::GreaterEquals,
        Kind::Greater,
    ]);
    /// The operators that calculate.
    pub(super) const CALCULATION: Set = Set::of(&[
        Kind::Minus,
        Kind::Plus,
        Kind::Star,
        Kind::Slash,
        Kind::Percent,
    ]);

    /// What goes on with an expression that could end.
    pub(super) const OPERATORS: Set = Set::RELATION.union(Set::CALCULATION).union(Set::of(&[
        Kind::And,
        Kind::Or,
        Kind::Question,
        Kind::Dot,
        Kind::LeftBracket,
    ]));

    pub(super) const fn of(kinds: &[Kind]) -> Set {
        let mut set = Set::EMPTY;
        let mut rest = kinds;
        while let [first, others @ ..] = rest {
            set = set.with(*first);
            rest = others;
        }
        set
    }

    pub(super) const fn with(self, kind: Kind) -> Set {
        Set(self.0 | 1 << kind as u32)
    }

    pub(super) const fn union(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    pub(super) const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// The set as errors print it: `':'`, `{']', ','}`.
    pub(super) fn describe(self) -> String {
        let names: Vec<&str> = NAMES
            .iter()
            .filter(|(kind, _)| self.contains(*kind))
            .map(|(_, name)| *name)
            .collect();
        match names.as_slice() {
            [only] => (*only).to_owned(),
            several => format!("{{{}}}", several.join(", ")),
        }
    }
}

impl Kind {
    /// The name that errors give the kind.
    pub(super) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }
}
