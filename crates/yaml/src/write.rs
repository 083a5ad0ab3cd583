//! Values as YAML that every reader takes for the same values.
//!
//! Lists stand at the column of their key, as Kubernetes' tools write them. A text is written plainly
//! where each [`Mode`](crate::Mode) reads it as that text, as a literal block where it has lines, folded where it is
//! long, and else in double quotes on one line.

mod style;

use std::{borrow::Cow, fmt};

use serde::{
    Serialize,
    de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use self::style::{WIDTH, is_block, is_foldable, is_plain, quoted};

/// A value as a document, without the line that separates it from the next.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    // A JSON value has nothing that cannot be written.
    let _ = Writer::new(&mut text).deserialize(value);
    text
}

/// As [`write()`], of anything; fields stand in their order.
///
/// # Errors
/// What is no JSON, such as a map whose keys are no texts.
pub fn write_document(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(document)?;
    let mut text = String::new();
    Writer::new(&mut text).deserialize(&mut serde_json::Deserializer::from_str(&json))?;
    Ok(text)
}

/// How far what is inside of something stands to the right of it.
const STEP: usize = 2;

/// A longer key is not found by readers unless it is announced.
const LONGEST_KEY: usize = 512;

/// What stands before a value on its line.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    Key,
    Dash,
}

/// Writes one value.
struct Writer<'t> {
    text: &'t mut String,
    before: Before,
    /// The column of the key or dash before.
    column: usize,
}

impl<'t> Writer<'t> {
    fn new(text: &'t mut String) -> Writer<'t> {
        Writer {
            text,
            before: Before::Nothing,
            column: 0,
        }
    }

    /// The rest of the line.
    fn line(self, text: &str) {
        if self.before != Before::Nothing {
            self.text.push(' ');
        }
        self.text.extend([text, "\n"]);
    }

    /// The column of what is inside of a map, or of a list that stands in another list.
    fn inside(&self) -> usize {
        match self.before {
            Before::Nothing => 0,
            Before::Key | Before::Dash => self.column + STEP,
        }
    }

    /// Begins an entry of what is inside: after a dash the first stays on its line.
    fn begin(&mut self, is_first: bool, column: usize) {
        match self.before {
            Before::Dash if is_first => self.text.push(' '),
            Before::Key if is_first => {
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', column));
            }
            _ => self.text.extend(std::iter::repeat_n(' ', column)),
        }
    }

    /// A writer of the value after a key or a dash.
    fn after(&mut self, before: Before, column: usize) -> Writer<'_> {
        Writer {
            text: self.text,
            before,
            column,
        }
    }

    fn text(mut self, value: &str) {
        if is_foldable(value) {
            self.folded(value);
        } else if is_plain(value) {
            self.line(value);
        } else if is_block(value) {
            self.block(value);
        } else {
            self.line(&quoted(value));
        }
    }

    /// A text of one line on several: a break between two words is read as a space.
    fn folded(&mut self, value: &str) {
        self.header(">-\n");
        let column = self.column + STEP;
        let (mut width, mut above) = (0, "");
        for (number, word) in value.split(' ').enumerate() {
            // Beside another space a break would be read as more than a space.
            let breaks = !word.is_empty() && !above.is_empty() && width + word.len() >= WIDTH;
            if number == 0 || breaks {
                if breaks {
                    self.text.push('\n');
                }
                self.text.extend(std::iter::repeat_n(' ', column));
                width = 0;
            } else {
                self.text.push(' ');
            }
            self.text.push_str(word);
            width += word.len() + 1;
            above = word;
        }
        self.text.push('\n');
    }

    /// The sign of a block.
    fn header(&mut self, sign: &str) {
        if self.before != Before::Nothing {
            self.text.push(' ');
        }
        self.text.push_str(sign);
    }

    /// A text with lines, each as it is.
    fn block(&mut self, value: &str) {
        let chomping = match value.strip_suffix('\n') {
            None => "|-\n",
            Some(rest) if rest.ends_with('\n') => "|+\n",
            Some(_) => "|\n",
        };
        self.header(chomping);
        let column = self.column + STEP;
        for line in value.split_inclusive('\n') {
            if line != "\n" {
                self.text.extend(std::iter::repeat_n(' ', column));
            }
            self.text.push_str(line);
        }
        if !value.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.line("null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.line(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.line(&value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.line(&value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.line(&Value::from(value).to_string());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.text(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let column = match self.before {
            Before::Key => self.column,
            Before::Nothing | Before::Dash => self.inside(),
        };
        let mut is_first = true;
        while let Some(()) = items.next_element_seed(Item {
            list: &mut self,
            is_first,
            column,
        })? {
            is_first = false;
        }
        if is_first {
            self.line("[]");
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let column = self.inside();
        let mut is_first = true;
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            self.begin(is_first, column);
            is_first = false;
            push_key(self.text, &key, column);
            entries.next_value_seed(self.after(Before::Key, column))?;
        }
        if is_first {
            self.line("{}");
        }
        Ok(())
    }
}

/// Writes an item of a list, with its dash.
struct Item<'w, 't> {
    list: &'w mut Writer<'t>,
    is_first: bool,
    column: usize,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        self.list.begin(self.is_first, self.column);
        self.list.text.push('-');
        self.list
            .after(Before::Dash, self.column)
            .deserialize(value)
    }
}

fn push_key(text: &mut String, key: &str, column: usize) {
    let is_long = key.len() > LONGEST_KEY;
    if is_long {
        text.push_str("? ");
    }
    match is_plain(key) {
        true => text.push_str(key),
        false => text.push_str(&quoted(key)),
    }
    if is_long {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', column));
    }
    text.push(':');
}

#[cfg(test)]
mod tests;
