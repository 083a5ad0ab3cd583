//! Older forms of policies and test suites made new, with comments and layout kept.
//!
//! Each form is changed in the text and, apart from that, in the value; where the new text does not
//! read as the new value, the form is left to people. Templates are read with their tags masked, and
//! nothing moves from one of their blocks into another.

mod change;
mod edit;
mod form;
mod mask;
mod policy;
mod suite;

use std::ops::Range;

use portcullis_yaml::{Document, Limits, Mode, documents};
use serde_json::Value;

use self::{
    edit::{Edit, Layout},
    form::{ByHand, Form},
    mask::Masked,
};
use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    template,
};

/// What a file is looked through for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// ClusterPolicy and Policy.
    Policies,
    /// Test suites.
    Suites,
}

impl Subject {
    /// Whether a template that cannot be read may be about it.
    fn may_be_in(self, text: &str) -> bool {
        text.contains(match self {
            Subject::Policies => "kyverno.io/v",
            Subject::Suites => "results:",
        })
    }
}

/// A file with its older forms made new.
#[derive(Debug)]
pub struct Fixed {
    /// The new text; the old one where nothing was to do.
    pub text: String,
    /// What was done, each at its place in the old text.
    pub done: Vec<(Place, String)>,
    /// What people have to do.
    pub left: Vec<Diagnostic>,
}

/// Makes the older forms of a file new.
#[must_use]
pub fn fix(file: &SourceFile, subject: Subject) -> Fixed {
    let mut fixed = Fixed {
        text: String::with_capacity(file.text.len()),
        done: Vec::new(),
        left: Vec::new(),
    };
    let is_template = template::is_template(&file.text);
    let shown = if is_template {
        mask::mask(&file.text).text
    } else {
        file.text.to_string()
    };
    let mut copied = 0;
    for raw in documents(&shown) {
        let end = (raw.offset + raw.text.len()).min(file.text.len());
        let Some(text) = file.text.get(raw.offset..end) else {
            continue;
        };
        if let Err(error) = raw.read_document(Mode::Strict, &Limits::default()) {
            let place = Place {
                file: file.clone(),
                span: error.offset..error.offset,
            };
            if !is_template || subject.may_be_in(text) {
                fixed.left.push(unread(is_template, place, error.message));
            }
            continue;
        }
        let mut work = Work {
            file,
            offset: raw.offset,
            is_template,
            text: text.to_owned(),
            fixed: &mut fixed,
        };
        let changed = work.run(subject);
        fixed
            .text
            .push_str(file.text.get(copied..raw.offset).unwrap_or_default());
        fixed.text.push_str(&changed);
        copied = end;
    }
    fixed
        .text
        .push_str(file.text.get(copied..).unwrap_or_default());
    fixed.done.sort_by_key(|(place, _)| place.span.start);
    fixed
}

fn unread(is_template: bool, place: Place, message: String) -> Diagnostic {
    let found = Diagnostic::error(if is_template {
        "the template does not read as YAML when its tags are taken out"
    } else {
        "the file is not valid YAML"
    });
    let found = found.at(place, message);
    if is_template {
        Diagnostic {
            severity: crate::diagnostic::Severity::Warning,
            ..found.help("look through it by hand")
        }
    } else {
        found.unusable()
    }
}

/// One document on its way through the passes.
struct Work<'w> {
    file: &'w SourceFile,
    offset: usize,
    is_template: bool,
    text: String,
    fixed: &'w mut Fixed,
}

impl Work<'_> {
    fn run(&mut self, subject: Subject) -> String {
        let Some((original, _)) = self.read(&self.text) else {
            return std::mem::take(&mut self.text);
        };
        let (passes, by_hand) = match subject {
            Subject::Policies if policy::is_policy(&original.value) => {
                (policy::PASSES, policy::by_hand(&original.value))
            }
            Subject::Suites if suite::is_suite(&original.value) => (suite::PASSES, Vec::new()),
            Subject::Policies | Subject::Suites => (&[][..], Vec::new()),
        };
        for pass in passes {
            self.pass(pass, &original);
        }
        for found in by_hand {
            self.leave(&original, found);
        }
        std::mem::take(&mut self.text)
    }

    /// The document with its tags masked where it is a template.
    fn read(&self, text: &str) -> Option<(Document, Masked)> {
        let masked = if self.is_template {
            mask::mask(text)
        } else {
            Masked::nothing(text)
        };
        let document =
            portcullis_yaml::read_document(&masked.text, Mode::Strict, &Limits::default()).ok()?;
        Some((document, masked))
    }

    fn pass(&mut self, pass: &fn(&Value) -> Vec<Form>, original: &Document) {
        let Some((document, masked)) = self.read(&self.text) else {
            return;
        };
        let forms = pass(&document.value);
        if forms.is_empty() {
            return;
        }
        let layout = Layout {
            text: &self.text,
            shown: &masked.text,
            document: &document,
        };
        let mut value = document.value.clone();
        let mut agrees = true;
        let mut edits = Vec::new();
        let mut done = Vec::new();
        let mut left = Vec::new();
        for form in forms {
            match self::edits(&form, &layout, &masked) {
                Some(found) => {
                    edits.extend(found);
                    let changes = form.changes.iter();
                    agrees &= changes
                        .map(|change| change.apply(&mut value))
                        .all(|it| it.is_some());
                    done.push(form);
                }
                None => left.push(form),
            }
        }
        let changed = agrees.then(|| edit::apply(&self.text, edits)).flatten();
        let changed = changed.filter(|text| {
            let read = self.read(text);
            read.is_some_and(|(document, _)| document.value == value)
        });
        match changed {
            Some(text) => {
                self.text = text;
                for form in done {
                    let span = self.place(original, &form.place);
                    self.fixed.done.push((span, form.message));
                }
            }
            None => left.extend(done),
        }
        for form in left {
            let help = "do it by hand: the layout, or a tag of the template, is in the way";
            let help = if form.changes.is_empty() {
                "decide by hand which of them is to hold"
            } else {
                help
            };
            let (place, message, help) = (form.place, form.message, help.to_owned());
            self.leave(
                original,
                ByHand {
                    place,
                    message,
                    help,
                },
            );
        }
    }

    fn place(&self, original: &Document, pointer: &str) -> Place {
        let is_there = original.spans.at_pointer(pointer).is_some();
        let span = original.spans.of_pointer(pointer, is_there);
        let moved = |at: usize| (at + self.offset).min(self.file.text.len());
        Place {
            file: self.file.clone(),
            span: Range {
                start: moved(span.start),
                end: moved(span.end),
            },
        }
    }

    fn leave(&mut self, original: &Document, found: ByHand) {
        let place = self.place(original, &found.place);
        let warning = Diagnostic::warning(found.message).at(place, "left as it is");
        self.fixed.left.push(warning.help(found.help));
    }
}

/// The edits of a form; none where one of its changes cannot be made to the text.
fn edits(form: &Form, layout: &Layout<'_>, masked: &Masked) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut places = Vec::new();
    for change in &form.changes {
        edits.extend(layout.edits(change, &form.changes)?);
        places.extend(layout.places(change)?);
    }
    (!form.changes.is_empty() && masked.are_together(&places)).then_some(edits)
}
