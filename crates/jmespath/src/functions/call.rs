//! A call: checked arguments, and errors that name function, argument and value.

use std::{borrow::Cow, rc::Rc};

use portcullis_values::{
    List, Map, Str, Val, gojson, gotext,
    regexp::{GoRegexp, RegexpError},
};

use crate::{
    budget::{Budget, MAX_TEXT},
    error::{Evaluated, Fault},
    host::Host,
    value::{number, type_name},
};

/// How much of a value an error shows, in characters.
const SHOWN: usize = 60;

/// What a function may ask of the evaluation that calls it.
pub(crate) trait Evaluation<'a> {
    fn host(&self) -> &dyn Host;

    fn budget(&self) -> &Budget;

    /// Whether two values are deeply equal.
    fn equal(&self, left: &Val<'a>, right: &Val<'a>) -> Result<bool, Fault<'a>>;

    /// Whether `value` is an `&expression` of the program.
    fn is_expression(&self, value: &Val<'a>) -> bool;

    /// What an `&expression` makes of `item`, a missing key being null; nothing where `value` is
    /// no expression.
    fn apply(&self, value: &Val<'a>, item: &Val<'a>) -> Option<Evaluated<'a>>;

    /// A list that only `items` makes.
    fn item_list(&self, items: Vec<Val<'a>>) -> Val<'a>;

    /// Whether `items` made this list.
    fn is_item_list(&self, list: &List<'a>) -> bool;
}

/// The name of a call, and where it stands in the expression.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: Box<str>,
    /// The compiled first argument of a regular expression function, when it is a literal.
    pub(crate) regexp: Option<Result<GoRegexp, RegexpError>>,
    /// In bytes.
    pub(crate) offset: usize,
}

/// A function call with its evaluated arguments.
pub(crate) struct Call<'c, 'a> {
    pub(crate) evaluation: &'c dyn Evaluation<'a>,
    pub(crate) site: &'a Site,
    pub(crate) arguments: &'c [Val<'a>],
}

impl<'a> Call<'_, 'a> {
    pub(crate) fn host(&self) -> &dyn Host {
        self.evaluation.host()
    }

    /// Takes steps off the budget.
    pub(crate) fn charge(&self, steps: usize) -> Result<(), Fault<'a>> {
        self.evaluation.budget().charge(steps, self.site.offset)
    }

    /// An error of this call.
    pub(crate) fn error(&self, message: impl std::fmt::Display) -> Fault<'a> {
        Fault::runtime(self.site.offset, format!("`{}`: {message}", self.site.name))
    }

    /// An error about the argument at `index`.
    pub(crate) fn argument_error(&self, index: usize, wanted: &str) -> Fault<'a> {
        let value = self.arguments.get(index).cloned().unwrap_or_default();
        self.error(format!(
            "argument {} must be {wanted}, found {}",
            index + 1,
            describe(&value)
        ))
    }

    /// An error that `cause` found in the argument at `index`.
    pub(crate) fn argument_cause(&self, index: usize, cause: impl std::fmt::Display) -> Fault<'a> {
        let value = self.arguments.get(index).cloned().unwrap_or_default();
        self.error(format!(
            "argument {}, {}: {cause}",
            index + 1,
            describe(&value)
        ))
    }

    /// Takes the size of a result off the budget.
    pub(super) fn charge_result(&self, result: &Val<'a>) -> Result<(), Fault<'a>> {
        let size = match result {
            Val::Str(Str::Shared(text)) => text.len() / 64,
            Val::Bytes(bytes) => bytes.len() / 64,
            Val::List(List::Shared(items)) => items.len(),
            Val::Map(Map::Shared(entries)) => entries.len(),
            _ => return Ok(()),
        };
        self.charge(size)
    }

    /// Refuses to make a text that is too long.
    pub(crate) fn check_length(&self, length: usize) -> Result<(), Fault<'a>> {
        if length > MAX_TEXT {
            return Err(self.error(format!("the text grows longer than {MAX_TEXT} bytes")));
        }
        Ok(())
    }

    pub(crate) fn value(&self, index: usize) -> Val<'a> {
        self.arguments.get(index).cloned().unwrap_or_default()
    }

    /// The text at `index`; a byte that is not part of a character reads as U+FFFD.
    pub(crate) fn text(&self, index: usize) -> Result<Str<'a>, Fault<'a>> {
        match self.arguments.get(index) {
            Some(Val::Str(text)) => Ok(text.clone()),
            Some(Val::Bytes(bytes)) => Ok(Str::from(gotext::decode(bytes))),
            _ => Err(self.argument_error(index, "string")),
        }
    }

    /// The bytes of the text at `index`.
    pub(crate) fn bytes(&self, index: usize) -> Result<&[u8], Fault<'a>> {
        match self.arguments.get(index) {
            Some(Val::Str(text)) => Ok(text.as_bytes()),
            Some(Val::Bytes(bytes)) => Ok(bytes),
            _ => Err(self.argument_error(index, "string")),
        }
    }

    pub(crate) fn number(&self, index: usize) -> Result<f64, Fault<'a>> {
        self.arguments
            .get(index)
            .and_then(number)
            .ok_or_else(|| self.argument_error(index, "number"))
    }

    /// The list at `index`. A list that `items` made is refused, as most functions do.
    pub(crate) fn list(&self, index: usize) -> Result<List<'a>, Fault<'a>> {
        match self.arguments.get(index) {
            Some(Val::List(list)) if self.evaluation.is_item_list(list) => Err(self.error(
                "the list that `items` makes is not accepted here, write `items(…)[]` instead",
            )),
            Some(Val::List(list)) => Ok(list.clone()),
            _ => Err(self.argument_error(index, "array")),
        }
    }

    pub(crate) fn map(&self, index: usize) -> Result<Map<'a>, Fault<'a>> {
        match self.arguments.get(index) {
            Some(Val::Map(map)) => Ok(map.clone()),
            _ => Err(self.argument_error(index, "object")),
        }
    }

    /// What the `&expression` at `index` makes of `item`; a missing key is null.
    pub(crate) fn apply(&self, index: usize, item: &Val<'a>) -> Evaluated<'a> {
        let expression = self.arguments.get(index);
        expression
            .and_then(|expression| self.evaluation.apply(expression, item))
            .unwrap_or_else(|| Err(self.argument_error(index, "expref")))
    }

    /// The text or the number at `index`, as text.
    pub(crate) fn printed(&self, index: usize) -> Result<Str<'a>, Fault<'a>> {
        match self.arguments.get(index) {
            Some(value) => {
                printed(value).ok_or_else(|| self.argument_error(index, "string or number"))
            }
            None => Err(self.argument_error(index, "string or number")),
        }
    }
}

/// A text, a number or a flag as text; a number is rounded to a float32.
pub(super) fn printed<'a>(value: &Val<'a>) -> Option<Str<'a>> {
    match value {
        Val::Str(text) => Some(text.clone()),
        Val::Bytes(bytes) => Some(Str::from(gotext::decode(bytes))),
        Val::Bool(flag) => Some(Str::from(if *flag { "true" } else { "false" })),
        Val::Opaque(_) => {
            let integer: &crate::value::GoInt = crate::value::opaque(value)?;
            Some(Str::from(integer.0.to_string()))
        }
        other => number(other).map(|number| Str::from(float32(number))),
    }
}

fn float32(number: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the precision that Kyverno prints"
    )]
    let short = number as f32;
    if short.is_infinite() {
        return if short > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    short.to_string()
}

/// A value and its type, shortened, for an error.
pub(crate) fn describe(value: &Val<'_>) -> String {
    let kind = type_name(value);
    if value.is_null() {
        return kind.to_owned();
    }
    let text: Cow<'_, str> = match value {
        Val::Str(text) => Cow::Borrowed(text.as_str()),
        other => match gojson::encode(other, 10 * SHOWN) {
            Ok(text) => Cow::Owned(text),
            Err(_) => return format!("{} {kind}", article(kind)),
        },
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{kind} `{}…`", text.get(..end).unwrap_or_default()),
        None => format!("{kind} `{text}`"),
    }
}

fn article(word: &str) -> &'static str {
    match word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        true => "an",
        false => "a",
    }
}

/// A computed list.
pub(super) fn list<'a>(items: Vec<Val<'a>>) -> Val<'a> {
    Val::List(List::Shared(Rc::from(items)))
}
