//! `verifyImages`, as far as it decides without a registry.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::{rule_conditions, variable},
    dice::Dice,
    objects::{image, objects},
    policies::policy,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "images",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    let policies = (0..size.policies).map(|index| {
        let rules = (0..1 + dice.below(2)).map(|number| rule(dice, number));
        policy(dice, index, rules.collect()).to_string()
    });
    let policies = policies.collect();
    let objects = objects.iter().map(Value::to_string).collect();
    Case {
        policies,
        objects,
        ..Case::default()
    }
}

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM\n5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==\n-----END PUBLIC KEY-----";

/// A rule about images; those of its references are mostly not in the objects.
pub(crate) fn rule(dice: &Dice, number: usize) -> Value {
    let reference = |dice: &Dice| {
        dice.one(&[
            "*",
            "ghcr.io/*",
            "nginx*",
            "docker.io/nginx:*",
            "none.example/*",
            "quay.io/a/b@sha256:*",
            "localhost:5000/*",
            "*:latest",
            "?ginx",
            "*/nginx:1.25",
            "quay.io/a/b:v1*",
        ])
    };
    let mut images = json!({"imageReferences": dice.many(1, 2, reference), "mutateDigest": false, "verifyDigest": dice.percent(60), "required": dice.percent(60)});
    if dice.percent(25) {
        images["skipImageReferences"] = json!(dice.many(1, 2, reference));
    }
    if dice.percent(50) {
        images["failureAction"] = json!(dice.one(&["Audit", "Enforce"]));
    }
    if dice.percent(15) {
        images["imageReferences"] = json!(["none.example/*"]);
        images["attestors"] = json!([{"count": 1, "entries": [{"keys": {"publicKeys": KEY}}]}]);
    }
    let kinds = if dice.percent(15) { "Thing" } else { "Pod" };
    let mut rule = json!({"name": format!("r{number}"), "match": {"any": [{"resources": {"kinds": [kinds]}}]}, "verifyImages": [images]});
    if kinds == "Thing" {
        let path = dice.one(&["/spec/a", "/spec/b/*", "/spec/c/*/a", "/spec/*", "spec/d"]);
        let mut extractor = json!({"path": path});
        if dice.percent(40) {
            extractor["value"] = json!(dice.one(&["a", "b"]));
        }
        if dice.percent(30) {
            extractor["name"] = json!("mine");
        }
        if dice.percent(30) {
            extractor["key"] = json!("a");
        }
        rule["imageExtractors"] = json!({"Thing": [extractor]});
    }
    if dice.percent(20) {
        rule["preconditions"] = rule_conditions(dice, &variable);
    }
    // An image of its own in the case of objects that have none.
    if dice.percent(5) {
        rule["verifyImages"][0]["imageReferences"] = json!([image(dice)]);
    }
    rule
}
