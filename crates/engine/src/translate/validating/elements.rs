//! The values that a JMESPath of fields, `[a, b]` and `[]` gives, as something to be asked of each.
//!
//! `request.object.spec.[initContainers, containers][].securityContext.capabilities.add[]`
//!
//! | JMESPath | here |
//! |---|---|
//! | a field that is missing, or of what is no map | gives no value |
//! | `[a, b]` | the values of both fields |
//! | the first `[]` | the elements of a list, and theirs where an element is a list; nothing of what is no list |
//! | a further `[]`, or one behind `[a, b]` | the elements of a list; what is no list itself |
//! | null | is left out |

use crate::translate::cel_text;

type Text = Result<String, String>;

/// What stands for a list without values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    NoValues,
    NoText,
    /// Null where the list begins with what is not there: a condition on it does not hold.
    Nothing,
}

/// How many values have to pass a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Any,
}

/// A path, and what it begins at.
#[derive(Debug)]
pub(super) struct Elements {
    root: String,
    steps: Vec<Step>,
    /// Whether a list that the path leads to is taken by its elements.
    spreads: bool,
}

#[derive(Debug)]
enum Step {
    Field(String),
    Several(Vec<String>),
    /// `[]` of a value that is no projection.
    Flatten,
    /// `[]` of the values of a projection.
    Spread,
}

impl Elements {
    /// The elements of `list` of a loop; what is no list counts as a list of one.
    pub(super) fn of_loop(text: &str, object: &str) -> Option<Elements> {
        let mut elements = Elements::parse(text, object, None)?;
        elements.spreads = !elements.is_projection();
        Some(elements)
    }

    /// The values of a projection, below the object or the element of a loop.
    pub(super) fn of_projection(
        text: &str,
        object: &str,
        element: Option<&str>,
    ) -> Option<Elements> {
        Elements::parse(text, object, element).filter(Elements::is_projection)
    }

    fn is_projection(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Flatten | Step::Spread))
    }

    fn parse(text: &str, object: &str, element: Option<&str>) -> Option<Elements> {
        let text = text.trim();
        let (root, rest) = match (text.strip_prefix("request.object."), element) {
            (Some(rest), _) => (object, rest),
            (None, Some(element)) => (element, text.strip_prefix("element.")?),
            (None, None) => return None,
        };
        let mut steps = Vec::new();
        let mut rest = rest;
        let mut projects = false;
        loop {
            let (step, after) = step(rest)?;
            projects |= matches!(step, Step::Several(_));
            steps.push(step);
            rest = after;
            while let Some(after) = rest.strip_prefix("[]") {
                steps.push(match projects {
                    true => Step::Spread,
                    false => Step::Flatten,
                });
                projects = true;
                rest = after;
            }
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix('.')?;
        }
        // Without `[]`, the values of several fields are one list, nulls included.
        let several = steps
            .iter()
            .position(|step| matches!(step, Step::Several(_)));
        let is_flat = several.is_none_or(|at| matches!(steps.get(at + 1), Some(Step::Spread)));
        is_flat.then(|| Elements {
            root: root.to_owned(),
            steps,
            spreads: false,
        })
    }

    /// Whether all or any of the values pass a test, which is told the name of the value.
    pub(super) fn quantified(
        &self,
        quantifier: Quantifier,
        test: &mut dyn FnMut(&str) -> Text,
    ) -> Text {
        let walk = Walk {
            quantifier,
            spreads: self.spreads,
        };
        walk.below(&self.root, &self.steps, 0, test)
    }
}

/// A field, or `[a, b]`, and what follows.
fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(inner) = text.strip_prefix('[')
        && !inner.starts_with(']')
    {
        let (names, after) = inner.split_once(']')?;
        let names: Option<Vec<String>> = names.split(',').map(plain).collect();
        return Some((Step::Several(names?), after));
    }
    let end = match text.strip_prefix('"') {
        Some(inner) => inner.find('"')? + 2,
        None => text.find(['.', '[']).unwrap_or(text.len()),
    };
    let (name, after) = text.split_at_checked(end)?;
    let mut names = steps(name)?;
    match (names.pop(), names.is_empty()) {
        (Some(name), true) => Some((Step::Field(name), after)),
        _ => None,
    }
}

fn plain(name: &str) -> Option<String> {
    let name = name.trim();
    let is_plain = |one: char| one.is_ascii_alphanumeric() || one == '_';
    (!name.is_empty() && name.chars().all(is_plain)).then(|| name.to_owned())
}

#[derive(Clone, Copy)]
struct Walk {
    quantifier: Quantifier,
    spreads: bool,
}

impl Walk {
    fn below(
        self,
        value: &str,
        steps: &[Step],
        depth: usize,
        test: &mut dyn FnMut(&str) -> Text,
    ) -> Text {
        let Some((step, rest)) = steps.split_first() else {
            if self.spreads {
                let item = item(depth);
                let inner = self.unless_null(&item, test(&item)?);
                return Ok(self.each(&spread(value), &item, &inner));
            }
            let inner = test(value)?;
            return Ok(self.unless_null(value, inner));
        };
        match step {
            Step::Field(name) => {
                let (has, below) = cel_text::field(value, name);
                let inner = self.below(&below, rest, depth, test)?;
                Ok(self.guarded(&self.is_map(value, has), inner))
            }
            Step::Several(names) => {
                let name = format!(
                    "field{}",
                    if depth == 0 {
                        String::new()
                    } else {
                        (depth + 1).to_string()
                    }
                );
                let fields = format!("dyn({value})");
                let below = format!("{fields}[{name}]");
                let inner = self.below(&below, rest, depth + 1, test)?;
                let inner = self.guarded(&format!("{name} in {fields}"), inner);
                let names: Vec<String> = names.iter().map(|name| cel_text::literal(name)).collect();
                let each = self.each(&format!("[{}]", names.join(", ")), &name, &inner);
                Ok(match is_object(value) {
                    true => each,
                    false => self.guarded(&format!("type({value}) == map"), each),
                })
            }
            Step::Spread => {
                let item = item(depth);
                let inner = self.below(&item, rest, depth + 1, test)?;
                Ok(self.each(&spread(value), &item, &inner))
            }
            Step::Flatten => {
                let (outer, item) = (item(depth), item(depth + 1));
                let inner = self.below(&item, rest, depth + 2, test)?;
                let inner = self.each(&spread(&outer), &item, &inner);
                let each = self.each(value, &outer, &inner);
                Ok(self.guarded(&format!("type({value}) == list"), each))
            }
        }
    }

    /// The object of a request is a map without saying so.
    fn is_map(self, value: &str, has: String) -> String {
        match is_object(value) {
            true => has,
            false => format!("type({value}) == map && {has}"),
        }
    }

    fn each(self, list: &str, item: &str, test: &str) -> String {
        match self.quantifier {
            Quantifier::All => format!("{list}.all({item}, {test})"),
            Quantifier::Any => format!("{list}.exists({item}, {test})"),
        }
    }

    fn guarded(self, guard: &str, test: String) -> String {
        match self.quantifier {
            Quantifier::All => cel_text::any(vec![cel_text::not(guard), test]),
            Quantifier::Any => cel_text::all(vec![guard.to_owned(), test]),
        }
    }

    fn unless_null(self, value: &str, test: String) -> String {
        match self.quantifier {
            Quantifier::All => cel_text::any(vec![format!("{value} == null"), test]),
            Quantifier::Any => cel_text::all(vec![format!("{value} != null"), test]),
        }
    }
}

/// The object of a request, of which one side is there.
fn is_object(value: &str) -> bool {
    value == "object" || value.ends_with(" : object)")
}

/// `dyn`, as the API server checks expressions by the schema, too, where a value is of one type.
fn spread(value: &str) -> String {
    format!("(type({value}) == list ? dyn({value}) : [{value}])")
}

fn item(depth: usize) -> String {
    match depth {
        0 => "element".to_owned(),
        depth => format!("element{}", depth + 1),
    }
}

/// Where a value is one of these texts, either being a wildcard for the other; a text that no number
/// is written as.
pub(super) fn is_one_of(value: &str, texts: &[String]) -> Text {
    let is_word = |text: &String| {
        let mut letters = text.chars();
        letters
            .next()
            .is_none_or(|first| first.is_ascii_alphabetic())
            && letters.all(|one| one.is_ascii_alphanumeric() || "_-".contains(one))
            && !["true", "false", "null", "map"].contains(&text.as_str())
    };
    if let Some(text) = texts.iter().find(|text| !is_word(text)) {
        return Err(format!("`{text}` is compared by more than its text"));
    }
    let same = cel_text::matches_any(value, texts);
    Ok(format!(
        "type({value}) == string && ({same} || ({value}.matches('^[A-Za-z0-9_*?-]*[*?][A-Za-z0-9_*?-]*$') && \
         {}.exists(text, text.matches('^' + {value}.replace('*', '.*').replace('?', '.') + '$'))))",
        cel_text::list(texts)
    ))
}

/// `PATH || DEFAULT` of a projection, and what stands for no values; none for another default.
pub(super) fn defaulted(text: &str) -> Option<(&str, Quoted)> {
    let Some((path, default)) = text.rsplit_once("||") else {
        return Some((text.trim(), Quoted::Nothing));
    };
    let default = match default.trim() {
        "`[]`" => Quoted::NoValues,
        "''" => Quoted::NoText,
        _ => return None,
    };
    Some((path.trim(), default))
}

/// The keys of `a.b."c.d"`.
pub(super) fn steps(path: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = path;
    loop {
        let (step, after) = match rest.strip_prefix('"') {
            Some(inner) => {
                let (step, after) = inner.split_once('"')?;
                (step, after)
            }
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        let is_plain = rest.starts_with('"')
            || step
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || one == '_');
        if step.is_empty() || !is_plain || step.contains('\\') {
            return None;
        }
        found.push(step.to_owned());
        if after.is_empty() {
            return Some(found);
        }
        rest = after.strip_prefix('.')?;
    }
}
