//! Two label selectors: whether the first selects all that the second does.

use portcullis_api::label_selector::{LabelSelector, LabelSelectorRequirement};

/// Whether every requirement of the wide selector follows from one of the narrow one. What cannot be
/// shown to follow does not.
pub(super) fn covers(wide: &LabelSelector, narrow: &LabelSelector) -> bool {
    let narrow = requirements(narrow);
    let mut wide = requirements(wide).into_iter();
    wide.all(|wide| narrow.iter().any(|narrow| follows(&wide, narrow)))
}

fn requirements(selector: &LabelSelector) -> Vec<LabelSelectorRequirement> {
    let labels = selector.match_labels.iter();
    let labels = labels.map(|(key, value)| LabelSelectorRequirement {
        key: key.clone(),
        operator: "In".to_owned(),
        values: vec![value.clone()],
    });
    labels
        .chain(selector.match_expressions.iter().cloned())
        .collect()
}

fn follows(wide: &LabelSelectorRequirement, narrow: &LabelSelectorRequirement) -> bool {
    if wide.key != narrow.key {
        return false;
    }
    let within = |few: &[String], many: &[String]| few.iter().all(|one| many.contains(one));
    let (all, few) = (&wide.values, &narrow.values);
    // Kyverno reads wildcards in values.
    let is_plain = !all
        .iter()
        .chain(few)
        .any(|value| value.contains(['*', '?']));
    match (wide.operator.as_str(), narrow.operator.as_str()) {
        ("In", "In") => within(few, all),
        ("NotIn", "NotIn") => within(all, few),
        ("NotIn", "In") => is_plain && !few.iter().any(|one| all.contains(one)),
        ("NotIn", "DoesNotExist") | ("Exists", "In") => true,
        (one, other) => one == other && all == few,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: &str) -> LabelSelector {
        let requirements = text.split_whitespace().map(|one| {
            let mut parts = one.split(':');
            LabelSelectorRequirement {
                key: "k".to_owned(),
                operator: parts.next().unwrap().to_owned(),
                values: parts.next().map_or(Vec::new(), |values| {
                    values.split(',').map(str::to_owned).collect()
                }),
            }
        });
        LabelSelector {
            match_expressions: requirements.collect(),
            ..LabelSelector::default()
        }
    }

    #[test]
    fn a_selector_covers_what_it_follows_from() {
        for (wide, narrow, wanted) in [
            ("", "In:a", true),
            ("In:a", "", false),
            ("In:a,b", "In:a", true),
            ("In:a", "In:a,b", false),
            ("NotIn:a", "NotIn:a,b", true),
            ("NotIn:a,b", "NotIn:a", false),
            ("NotIn:a", "In:b", true),
            ("NotIn:a", "In:a,b", false),
            ("NotIn:ab", "In:a*", false),
            ("NotIn:a", "DoesNotExist", true),
            ("Exists", "In:a", true),
            ("Exists", "DoesNotExist", false),
            ("Exists", "Exists In:a", true),
        ] {
            let found = covers(&selector(wide), &selector(narrow));
            assert_eq!(found, wanted, "{wide} ⊇ {narrow}");
        }
    }
}
