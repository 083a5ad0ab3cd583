//! What changes between two states of a workspace, as text, Markdown and JSON.

use portcullis_pipeline::diff::{Change, Difference, EnvironmentDiff, Kind};
use serde_json::{Value, json};

use crate::output::{json::add_place, markdown::cell};

/// For people: a block per environment, and a line per change.
pub(crate) fn text(environments: &[EnvironmentDiff]) -> String {
    let mut text = String::new();
    for (index, environment) in environments.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", headline(environment)));
        let differences = environment.differences.iter();
        text.extend(differences.map(block));
    }
    text
}

fn block(difference: &Difference) -> String {
    let sign = match difference.kind {
        Kind::Added => '+',
        Kind::Removed => '-',
        Kind::Changed => '~',
    };
    let directions = directions(difference);
    let name = name(difference);
    let mut text = format!("  {sign} {name:<56} {directions}");
    text.truncate(text.trim_end().len());
    text.push('\n');
    for change in &difference.changes {
        let place = change.place.as_ref().map(|place| place.label());
        let place = place.unwrap_or_default();
        let line = format!(
            "      {:<52} {:<8}  {place}",
            change.what,
            change.direction.word()
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn name(difference: &Difference) -> String {
    format!("{} {}", difference.subject.word(), difference.name)
}

fn directions(difference: &Difference) -> String {
    let words: Vec<&str> = difference
        .directions()
        .into_iter()
        .map(|one| one.word())
        .collect();
    words.join(", ")
}

/// `production: 1 added, 2 changed`.
fn headline(environment: &EnvironmentDiff) -> String {
    let whole = match environment.kind {
        Kind::Added => " (added)",
        Kind::Removed => " (removed)",
        Kind::Changed => "",
    };
    let counts = [Kind::Added, Kind::Removed, Kind::Changed].map(|kind| {
        let differences = environment.differences.iter();
        let count = differences.filter(|one| one.kind == kind).count();
        format!("{count} {}", kind.word())
    });
    let counts = if environment.differences.is_empty() {
        "no difference".to_owned()
    } else {
        counts.join(", ")
    };
    format!("{}{whole}: {counts}", environment.environment)
}

/// For a comment: a table per environment, and one line for those without a difference.
pub(crate) fn markdown(environments: &[EnvironmentDiff]) -> String {
    let mut text = "**portcullis diff**\n".to_owned();
    for environment in environments {
        text.push_str(&format!("\n### {}\n", cell(&headline(environment))));
        if environment.differences.is_empty() {
            continue;
        }
        text.push_str("\n| | Subject | Change | Effect | Place |\n|---|---|---|---|---|\n");
        for difference in &environment.differences {
            let rows = difference.changes.iter();
            text.extend(rows.map(|change| row(difference, change)));
        }
    }
    text
}

fn row(difference: &Difference, change: &Change) -> String {
    let place = change.place.as_ref().map(|place| place.label());
    let cells = [
        difference.kind.word(),
        &name(difference),
        &change.what,
        change.direction.word(),
        &place.unwrap_or_default(),
    ];
    format!("| {} |\n", cells.map(cell).join(" | "))
}

/// JSON, as `schemas/output/diff.json` describes it.
pub(crate) fn json(environments: &[EnvironmentDiff]) -> String {
    let environments: Vec<Value> = environments
        .iter()
        .map(|environment| {
            let differences = environment.differences.iter().map(difference);
            json!({
                "environment": environment.environment,
                "kind": environment.kind.word(),
                "differences": differences.collect::<Vec<_>>(),
            })
        })
        .collect();
    format!(
        "{:#}\n",
        json!({"command": "diff", "environments": environments})
    )
}

fn difference(difference: &Difference) -> Value {
    let directions = difference.directions().into_iter();
    let changes = difference.changes.iter().map(|change| {
        let mut value = json!({"what": change.what, "effect": change.direction.word()});
        add_place(&mut value, change.place.as_ref());
        value
    });
    json!({
        "subject": difference.subject.word(),
        "name": difference.name,
        "kind": difference.kind.word(),
        "effects": directions.map(|one| one.word()).collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
    })
}
