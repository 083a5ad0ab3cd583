//! What is found in several renderings of one policy, told once with the renderings named.

use std::collections::BTreeMap;

use super::{Diagnostic, Place};
use crate::renderings::DEFAULTS;

/// Merges findings with the same message at the same place; the first one stays.
pub fn merge(findings: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<(Option<String>, String), usize> = BTreeMap::new();
    let mut merged: Vec<Diagnostic> = Vec::new();
    for finding in findings.drain(..) {
        let place = finding.place.as_ref().map(Place::label);
        let next = merged.len();
        let index = *known
            .entry((place, finding.message.clone()))
            .or_insert(next);
        match merged.get_mut(index) {
            Some(first) => first.join(finding),
            None => merged.push(finding),
        }
    }
    *findings = merged;
}

impl Diagnostic {
    /// Takes over what another finding of the same fault adds.
    fn join(&mut self, other: Diagnostic) {
        let is_about_all = self.renderings.is_empty() || other.renderings.is_empty();
        if is_about_all {
            self.renderings.clear();
        } else {
            let new = |name: &String| !self.renderings.contains(name);
            let new: Vec<String> = other.renderings.into_iter().filter(new).collect();
            self.renderings.extend(new);
            self.renderings.sort_by_key(|name| name != DEFAULTS);
        }
        self.severity = self.severity.max(other.severity);
        self.unusable |= other.unusable;
        let new: Vec<String> = other
            .help
            .into_iter()
            .filter(|line| !self.help.contains(line))
            .collect();
        self.help.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;

    #[test]
    fn the_same_fault_is_told_once_for_its_renderings() {
        let file = SourceFile::new("a.yaml", "a: 1\nb: 2\n");
        let fault = |message: &str, start: usize, rendering: &str| {
            let place = Place {
                file: file.clone(),
                span: start..start + 1,
            };
            let fault = Diagnostic::warning(message).at(place, "").help("do this");
            match rendering {
                "" => fault,
                name => fault.rendered_for([name]),
            }
        };
        let mut found = vec![
            fault("wrong", 0, "dev"),
            fault("other", 0, "dev"),
            fault("wrong", 0, "production"),
            fault("wrong", 5, "dev"),
            fault("wrong", 0, "dev"),
            fault("wrong", 0, "defaults"),
            fault("wrong", 5, ""),
        ];
        merge(&mut found);
        let told: Vec<(&str, String, usize)> = found
            .iter()
            .map(|one| {
                (
                    one.message.as_str(),
                    one.renderings.join(" "),
                    one.help.len(),
                )
            })
            .collect();
        let wanted = [
            ("wrong", "defaults dev production".to_owned(), 1),
            ("other", "dev".to_owned(), 1),
            ("wrong", String::new(), 1),
        ];
        assert_eq!(told, wanted);
    }
}
