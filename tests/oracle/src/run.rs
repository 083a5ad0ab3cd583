//! Runs a family: a case for each seed, and what differs in all of them.

use std::{
    io::{self, Write},
    ops::Range,
};

use crate::{
    answer::Answer,
    ask::Programs,
    case::{Case, Family, Size, object_key, read},
    compare::{Comparison, Difference, What, compare},
    dice::Dice,
};

/// What was found in a family.
#[derive(Debug, Default)]
pub(crate) struct Found {
    total: Comparison,
    crashes: Vec<Shown>,
    shown: Vec<Shown>,
}

/// A difference with what it is about.
#[derive(Debug)]
struct Shown {
    seed: u64,
    policy: String,
    object: String,
    difference: Difference,
}

/// Runs the cases of a family.
pub(crate) fn family(
    family: &Family,
    programs: &Programs,
    seeds: Range<u64>,
    size: Size,
) -> io::Result<Found> {
    let mut found = Found::default();
    for seed in seeds {
        let case = (family.draw)(&Dice::new(family.name, seed), size);
        found.ask(family, programs, seed, &case)?;
    }
    Ok(found)
}

impl Found {
    /// Whether nothing differs but words.
    pub(crate) fn is_same(&self) -> bool {
        [What::Status, What::Object, What::Refusal]
            .iter()
            .all(|what| self.total.count(*what) == 0)
    }

    /// Asks about a case, and about its halves where a program dies of it.
    fn ask(
        &mut self,
        family: &Family,
        programs: &Programs,
        seed: u64,
        case: &Case,
    ) -> io::Result<()> {
        let answers = programs.ask(family.command, case)?;
        let is_dead = answers.0.crash.is_some() || answers.1.crash.is_some();
        match case.halves().filter(|_| is_dead) {
            Some(halves) => halves
                .iter()
                .try_for_each(|half| self.ask(family, programs, seed, half)),
            None => {
                self.take(seed, case, &answers);
                Ok(())
            }
        }
    }

    fn take(&mut self, seed: u64, case: &Case, (theirs, ours): &(Answer, Answer)) {
        let crash = |answer: &Answer| answer.crash.clone().unwrap_or_default();
        if theirs.crash.is_some() || ours.crash.is_some() {
            let difference = Difference {
                what: What::Status,
                row: Default::default(),
                theirs: crash(theirs),
                ours: crash(ours),
            };
            let policy = case.policies.join("\n---\n");
            self.crashes.push(Shown {
                seed,
                policy,
                object: String::new(),
                difference,
            });
            return;
        }
        let found = compare(case, theirs, ours);
        for difference in &found.differences {
            let policy = text(&case.policies, |value| {
                value
                    .pointer("/metadata/name")
                    .and_then(serde_json::Value::as_str)
                    == Some(&difference.row.policy)
            });
            let files = case.files.iter().map(|(_, text)| text.clone());
            let objects: Vec<String> = case.objects.iter().cloned().chain(files).collect();
            let object = document(&objects, |value| object_key(value) == difference.row.object);
            self.shown.push(Shown {
                seed,
                policy,
                object,
                difference: difference.clone(),
            });
        }
        self.total.add(found);
    }

    /// Prints the figures, and of each kind the smallest differences, one for each policy.
    pub(crate) fn print(&self, name: &str, show: usize, output: &mut dyn Write) -> io::Result<()> {
        let count = |what| self.total.count(what);
        writeln!(
            output,
            "{name} rows {}, status differs {}, message differs {}, objects {}, objects differ {}, refusals differ {}, meant {}, crashes {} (ours {})",
            self.total.rows,
            count(What::Status),
            count(What::Message),
            self.total.objects,
            count(What::Object),
            count(What::Refusal),
            self.total.meant,
            self.crashes.len(),
            self.crashes
                .iter()
                .filter(|shown| !shown.difference.ours.is_empty())
                .count(),
        )?;
        for what in [What::Status, What::Message, What::Object, What::Refusal] {
            let mut of: Vec<&Shown> = self
                .shown
                .iter()
                .filter(|shown| shown.difference.what == what)
                .collect();
            of.sort_by_key(|shown| shown.policy.len() + shown.object.len());
            let mut policies: Vec<&str> = Vec::new();
            for shown in of {
                if policies.len() < show && !policies.contains(&shown.policy.as_str()) {
                    policies.push(&shown.policy);
                    shown.print(output)?;
                }
            }
        }
        for shown in self.crashes.iter().take(show) {
            shown.print(output)?;
        }
        Ok(())
    }
}

impl Shown {
    fn print(&self, output: &mut dyn Write) -> io::Result<()> {
        let Difference {
            what,
            row,
            theirs,
            ours,
        } = &self.difference;
        writeln!(
            output,
            "\n=== seed {} {what:?} {} {} {}",
            self.seed, row.policy, row.rule, row.object
        )?;
        writeln!(
            output,
            "policy: {}\nobject: {}\nkyverno: {theirs}\nportcullis: {ours}",
            self.policy, self.object
        )
    }
}

/// The first document that is meant.
fn document(texts: &[String], is_meant: impl Fn(&serde_json::Value) -> bool) -> String {
    let mut documents = texts.iter().flat_map(|text| read(text));
    let found = documents.find(|document| is_meant(document));
    found.map_or_else(String::new, |document| document.to_string())
}

/// The text with a document that is meant.
fn text(documents: &[String], is_meant: impl Fn(&serde_json::Value) -> bool) -> String {
    let found = documents
        .iter()
        .find(|document| read(document).iter().any(&is_meant));
    found.cloned().unwrap_or_default()
}
