//! `ImageValidatingPolicy` and its twin, as far as no registry is asked: which images it is about, and what it says of them.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{boolean, case, constraints, match_conditions},
    objects::known_objects,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "image-validating",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = known_objects(dice, size.objects);
    case(
        dice,
        size,
        &objects,
        "ImageValidatingPolicy",
        |dice, _, about| spec(dice, about),
    )
}

fn spec(dice: &Dice, about: &Value) -> Value {
    let validations = dice.many(1, 2, |dice| {
        let expression = match dice.below(6) {
            0 => "images.containers.all(i, i.contains(':'))".to_owned(),
            1 => "images.containers.map(i, image(i).registry()).all(r, r == 'ghcr.io')".to_owned(),
            2 => "size(images.containers) > 0 && size(images.?initContainers.orValue([])) == 0"
                .to_owned(),
            3 => "images.mine.all(i, i.startsWith('nginx'))".to_owned(),
            4 => "images.containers.all(i, !i.endsWith(':latest'))".to_owned(),
            _ => boolean(dice),
        };
        json!({"expression": expression, "message": "no"})
    });
    let references = dice.many(1, 2, |dice| {
        dice.of(&json!([{"glob": "none/*"}, {"glob": "none.example/*"}, {"expression": "ref.startsWith('none')"}, {"expression": "image(ref).registry() == 'none'"}]))
    });
    let mut spec = json!({
        "matchConstraints": constraints(dice, about), "validations": validations, "matchImageReferences": references,
        "attestors": [{"name": "a", "cosign": {"key": {"data": KEY}}}],
        "validationConfigurations": {"required": dice.percent(50), "verifyDigest": dice.percent(50), "mutateDigest": false},
    });
    if spec.to_string().contains("images.mine") || dice.percent(20) {
        let extracted = dice.one(&[
            "object.spec.containers.map(c, c.image)",
            "[object.spec.a]",
            "object.spec.c",
            "['none/a:1']",
        ]);
        spec["images"] = json!([{"name": "mine", "expression": extracted}]);
    }
    if dice.percent(30) {
        spec["matchConditions"] = match_conditions(dice);
    }
    if dice.percent(30) {
        spec["failurePolicy"] = json!(dice.one(&["Ignore", "Fail"]));
    }
    spec
}

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6QsNef3SKYhJVYSVj+ZfbPwJd0pv\nDLYNHXITZkhIzfE+apcxDjCCkDPcJ3A3zvhPATYOIsCxYPch7Q2JdJLsDg==\n-----END PUBLIC KEY-----\n";
