//! What is told of each change, and which way it goes.

use portcullis_yaml::{Limits, Mode};

use super::*;

const SPEC: &str = "
  validationActions: [Deny]
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods, services]}]
    namespaceSelector: {matchLabels: {a: b}}
  matchConditions: [{name: c, expression: one}]
  variables: [{name: v, expression: one}]
  validations: [{expression: one, message: m}, {expression: two}]
";

fn told(from: &str, to: &str) -> Vec<String> {
    assert!(SPEC.contains(from), "{from}");
    let [before, after] = [SPEC.to_owned(), SPEC.replace(from, to)].map(|spec| {
        let text = format!("kind: ValidatingPolicy\nspec: {spec}");
        portcullis_yaml::read(&text, Mode::Strict, &Limits::default()).unwrap()
    });
    let there = changes(&before, &after);
    // The same change the other way round goes the other way.
    let directions = |told: &[Told]| told.iter().map(|one| one.direction).collect::<Vec<_>>();
    let back = directions(&changes(&after, &before));
    let flipped: Vec<_> = back.into_iter().map(Direction::flipped).collect();
    assert_eq!(directions(&there), flipped, "{from} → {to}");
    let words = there.iter().map(|one| {
        let reach = if one.is_reach { " (reach)" } else { "" };
        format!(
            "{} {}: {}{reach}",
            one.pointer,
            one.direction.word(),
            one.what
        )
    });
    words.collect()
}

// A table is read by its rows.
#[rustfmt::skip]
#[test]
fn each_change_goes_one_way() {
    for (from, to, wanted) in [
        ("[Deny]", "[Audit]", &["/spec/validationActions looser: `Deny` removed from `validationActions`"][..]),
        ("[Deny]", "[Deny, Audit]", &["/spec/validationActions unclear: `validationActions` changed"]),
        ("[CREATE]", "[CREATE, UPDATE]", &["/spec/matchConstraints/resourceRules stricter: `resourceRules` widened"]),
        ("[CREATE]", "[UPDATE]", &["/spec/matchConstraints/resourceRules unclear: `resourceRules` changed (reach)"]),
        ("[pods, services]", "[services, pods]", &["/spec/matchConstraints neither: `matchConstraints` changed"]),
        ("{matchLabels: {a: b}}", "{}", &["/spec/matchConstraints/namespaceSelector stricter: `namespaceSelector` widened"]),
        ("[{name: c, expression: one}]", "[]", &["/spec/matchConditions stricter: `matchConditions` shrunk"]),
        ("name: c", "name: d", &["/spec/matchConditions neither: `matchConditions` changed"]),
        ("{name: v, expression: one}", "{name: v, expression: two}", &["/spec/variables unclear: `variables` changed"]),
        ("message: m", "message: n", &["/spec/validations neither: messages of `validations` changed"]),
        ("{expression: two}]", "{expression: two}, {expression: three}]", &["/spec/validations stricter: a validation added"]),
        ("{expression: two}", "{expression: three}", &["/spec/validations unclear: `validations` changed"]),
        ("validationActions:", "failurePolicy: Fail\n  validationActions:", &["/spec/failurePolicy neither: `failurePolicy` changed"]),
        ("validationActions:", "evaluation: {background: {enabled: false}}\n  validationActions:", &["/spec/evaluation/background/enabled looser: evaluation in background: off"]),
        ("validationActions:", "auditAnnotations: []\n  validationActions:", &["/spec/auditAnnotations neither: `auditAnnotations` changed"]),
    ] {
        assert_eq!(told(from, to), wanted, "{from} → {to}");
    }
}
