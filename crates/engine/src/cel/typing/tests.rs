//! Policies with and without mistakes in their expressions.

use std::sync::Arc;

use portcullis_schema::{NEWEST, builtin};
use serde_json::{Value, json};

use super::{check, check_exception};
use crate::load::{self, Loaded};

/// A ValidatingPolicy for resources of `apps` and the core group, with variables and a validation.
fn policy(resources: Value, variables: Value, expression: &str) -> Value {
    json!({
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "ValidatingPolicy",
        "metadata": {"name": "p"},
        "spec": {
            "matchConstraints": {"resourceRules": resources},
            "variables": variables,
            "validations": [{"expression": expression}],
        },
    })
}

fn rule(group: &str, resource: &str) -> Value {
    json!({
        "apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": [resource],
    })
}

#[track_caller]
fn check_policy(policy: &Value, expected: &[&str]) {
    let catalogue = Arc::new(builtin(NEWEST).unwrap());
    let (loaded, errors) = load::load(policy);
    assert_eq!(errors, []);
    let found = loaded.iter().flat_map(|loaded| check(loaded, &catalogue));
    let found: Vec<String> = found
        .map(|one| {
            let help = one.help.unwrap_or_default();
            format!("{}@{}: {} {help}", one.path, one.offset, one.message)
        })
        .collect();
    assert_eq!(found, expected, "{policy}");
}

#[track_caller]
fn check_deployment(expression: &str, expected: &[&str]) {
    let resources = json!([rule("apps", "deployments")]);
    check_policy(&policy(resources, json!([]), expression), expected);
}

#[test]
fn fields_that_no_kind_has() {
    let misspelled =
        "spec.validations[0].expression@11: undefined field 'replcas' did you mean `replicas`?";
    check_deployment("object.spec.replicas > 1", &[]);
    check_deployment("object.spec.replcas > 1", &[misspelled]);
    check_deployment("oldObject == null || oldObject.spec.replicas > 1", &[]);
    check_deployment(
        "has(object.metadata.labels) && object.metadata.labels.x == 'a'",
        &[],
    );
    check_deployment(
        "has(object.spec.replcas)",
        &["spec.validations[0].expression@16: undefined field 'replcas' did you mean `replicas`?"],
    );
    check_deployment(
        "object.spec.template.spec.containers.all(c, c.imge != '')",
        &["spec.validations[0].expression@45: undefined field 'imge' did you mean `image`?"],
    );
}

#[test]
fn what_is_no_mistake_without_types() {
    for expression in [
        "object['spec'].anything == 1",
        "object.spec.replicas != null",
        "object.spec.template.spec.containers.size() + 1 > 0",
        "(object.spec.paused ? object.spec.replicas : 'x') == 1",
        "object.spec.template.spec.containers[0].ports[0].containerPort > 1",
        "object.spec.strategy.rollingUpdate.maxSurge == '25%'",
    ] {
        check_deployment(expression, &[]);
    }
}

#[test]
fn kinds_that_differ_and_kinds_that_are_not_known() {
    let both = json!([rule("apps", "deployments"), rule("", "pods")]);
    let guarded =
        "object.kind == 'Pod' ? object.spec.containers.size() > 0 : object.spec.replicas > 0";
    check_policy(&policy(both.clone(), json!([]), guarded), &[]);
    check_policy(
        &policy(both, json!([]), "object.specs == 1"),
        &["spec.validations[0].expression@6: undefined field 'specs' did you mean `spec`?"],
    );
    for resources in [
        rule("*", "*"),
        rule("example.com", "webs"),
        rule("", "pods/exec"),
    ] {
        check_policy(
            &policy(json!([resources]), json!([]), "object.specs == 1"),
            &[],
        );
    }
}

#[test]
fn variables_have_the_types_of_their_expressions() {
    let resources = json!([rule("", "pods")]);
    let variables = json!([{"name": "all", "expression": "object.spec.containers"}]);
    check_policy(
        &policy(resources, variables, "variables.all.all(c, c.imge == '')"),
        &["spec.validations[0].expression@22: undefined field 'imge' did you mean `image`?"],
    );
}

/// A policy of a kind about Deployments, with further fields of its spec.
fn about_deployments(kind: &str, fields: &Value) -> Value {
    let mut spec = json!({"matchConstraints": {"resourceRules": [rule("apps", "deployments")]}});
    let (Some(spec_fields), Some(fields)) = (spec.as_object_mut(), fields.as_object()) else {
        return spec;
    };
    spec_fields.extend(fields.clone());
    json!({"apiVersion": "policies.kyverno.io/v1", "kind": kind, "metadata": {"name": "p"}, "spec": spec})
}

#[test]
fn fields_of_apply_configurations() {
    let mutation = |expression: &str| {
        let mutation = json!({
            "patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression},
        });
        about_deployments("MutatingPolicy", &json!({"mutations": [mutation]}))
    };
    for right in [
        "Object{spec: Object.spec{replicas: 1}}",
        "Object{metadata: Object.metadata{labels: Object.metadata.labels{anything: 'x'}}}",
        "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{\
         containers: [Object.spec.template.spec.containers{name: 'a', image: 'b'}]}}}}",
    ] {
        check_policy(&mutation(right), &[]);
    }
    let path = "spec.mutations[0].applyConfiguration.expression";
    let replicas = format!("{path}@32: undefined field 'replcas' did you mean `replicas`?");
    check_policy(
        &mutation("Object{spec: Object.spec{replcas: 1}}"),
        &[&replicas],
    );
}

#[test]
fn targets_have_the_fields_of_their_own_kind() {
    let policy = about_deployments(
        "MutatingPolicy",
        &json!({
            "matchConditions": [{"name": "a", "expression": "object.spec.replicas > 1"}],
            "targetMatchConstraints": {"resourceRules": [rule("", "pods")]},
            "targetMatchConditions": [{"name": "b", "expression": "object.spec.replicas > 1"}],
            "mutations": [{
                "patchType": "JSONPatch",
                "jsonPatch": {"expression": "[JSONPatch{op: 'add', path: '/a', value: object.spec.replicas}]"},
            }],
        }),
    );
    check_policy(
        &policy,
        &[
            "spec.targetMatchConditions[0].expression@11: undefined field 'replicas' ",
            "spec.mutations[0].jsonPatch.expression@52: undefined field 'replicas' ",
        ],
    );
}

#[test]
fn placeholders_of_templates() {
    let value =
        "kind: A\nmetadata:\n  name: (( object.metadata.nam ))-(( object.metadata.name ))\n";
    let generate = |interpolate: &str| {
        let template = json!({"value": value, "interpolate": interpolate});
        about_deployments(
            "GeneratingPolicy",
            &json!({"generate": [{"template": template}]}),
        )
    };
    check_policy(
        &generate("cel"),
        &["spec.generate[0].template.value@44: undefined field 'nam' did you mean `name`?"],
    );
    check_policy(&generate("none"), &[]);
}

#[test]
fn conditions_of_webhooks() {
    let policy = |kind: &str, expression: &str| {
        json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
            "spec": {
                "webhookConfiguration": {"matchConditions": [{"name": "a", "expression": expression}]},
                "rules": [{
                    "name": "r", "match": {"any": [{"resources": {"kinds": [kind]}}]},
                    "validate": {"pattern": {"metadata": {"name": "?*"}}},
                }],
            },
        })
    };
    let path = "spec.webhookConfiguration.matchConditions[0].expression";
    let replicas = format!("{path}@11: undefined field 'replcas' did you mean `replicas`?");
    check_policy(
        &policy("Deployment", "object.spec.replcas > 1"),
        &[&replicas],
    );
    // Rules for Pods are derived for their controllers.
    check_policy(&policy("Pod", "object.spec.replicas > 1"), &[]);
}

#[test]
fn expressions_beside_images() {
    let of_images = |expression: &str| {
        json!({
            "apiVersion": "policies.kyverno.io/v1",
            "kind": "ImageValidatingPolicy",
            "metadata": {"name": "p"},
            "spec": {
                "matchConstraints": {"resourceRules": [rule("", "pods")]},
                "matchImageReferences": [{"glob": "*"}],
                "attestors": [{"name": "a", "cosign": {"key": {"data": "x"}}}],
                "validations": [{"expression": expression}],
            },
        })
    };
    let verified = "images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)";
    check_policy(&of_images(verified), &[]);
    check_policy(
        &of_images("object.spec.containrs.size() > 0"),
        &[
            "spec.validations[0].expression@11: undefined field 'containrs' did you mean `containers`?",
        ],
    );
}

#[test]
fn subresources_that_take_something_of_their_own() {
    let scale = |resource: &str, expression: &str| {
        policy(json!([rule("apps", resource)]), json!([]), expression)
    };
    let path = "spec.validations[0].expression";
    for right in ["deployments/scale", "statefulsets/scale"] {
        check_policy(&scale(right, "object.spec.replicas > 1"), &[]);
    }
    let replicas = format!("{path}@11: undefined field 'replcas' did you mean `replicas`?");
    let template = format!("{path}@11: undefined field 'template' ");
    check_policy(
        &scale("deployments/scale", "object.spec.replcas > 1"),
        &[&replicas],
    );
    check_policy(
        &scale("deployments/scale", "has(object.spec.template)"),
        &[&template.replace("@11", "@16")],
    );
    check_policy(
        &scale("deployments/status", "has(object.spec.template)"),
        &[],
    );
    check_policy(&scale("daemonsets/scale", "has(object.spec.template)"), &[]);
    let evicted =
        |expression: &str| policy(json!([rule("", "pods/eviction")]), json!([]), expression);
    check_policy(&evicted("has(object.deleteOptions)"), &[]);
    check_policy(
        &evicted("has(object.spec)"),
        &[&format!("{path}@11: undefined field 'spec' ")],
    );
}

#[test]
fn expressions_that_are_wrong_for_each_kind_in_its_own_way() {
    let both = json!([rule("apps", "deployments"), rule("", "pods")]);
    let check_both = |expression: &str, expected: &[&str]| {
        check_policy(&policy(both.clone(), json!([]), expression), expected);
    };
    check_both(
        "object.spec.containers.all(c, c.imge != '')",
        &["spec.validations[0].expression@31: undefined field 'imge' did you mean `image`?"],
    );
    check_both("object.spec.containers.all(c, c.image != '')", &[]);
    check_both(
        "object.kind != 'Pod' || object.spec.containers.all(c, c.imge != '')",
        &[],
    );
}

/// An exception for policies with one condition.
fn check_exception_for(policies: &[&Value], expression: &str, expected: &[&str]) {
    let catalogue = Arc::new(builtin(NEWEST).unwrap());
    let refs = policies
        .iter()
        .map(|policy| json!({"name": "p", "kind": policy["kind"]}));
    let exception = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException",
        "metadata": {"name": "e", "namespace": "a"},
        "spec": {
            "policyRefs": refs.collect::<Vec<_>>(),
            "matchConditions": [{"name": "a", "expression": expression}],
        },
    });
    let all = policies.iter().copied().chain([&exception]);
    let loaded: Vec<Loaded> = all.flat_map(|one| load::load(one).0).collect();
    let Some((Loaded::CelException(exception), policies)) = loaded.split_last() else {
        panic!("an exception is read as one");
    };
    let policies: Vec<&Loaded> = policies.iter().collect();
    let found = check_exception(exception, &policies, &catalogue).into_iter();
    let found: Vec<String> = found
        .map(|one| {
            format!(
                "{}@{}: {} {:?}",
                one.path, one.offset, one.message, one.kinds
            )
        })
        .collect();
    assert_eq!(found, expected, "{expression}");
}

#[test]
fn conditions_of_exceptions() {
    let about = |resources: Value| policy(resources, json!([]), "true");
    let deployments = about(json!([rule("apps", "deployments")]));
    let services = about(json!([rule("", "services")]));
    let path = "spec.matchConditions[0].expression";
    let wrong = "object.spec.replcas > 1";
    check_exception_for(&[&deployments], "object.spec.replicas > 1", &[]);
    check_exception_for(
        &[&deployments],
        wrong,
        &[&format!(
            "{path}@11: undefined field 'replcas' [\"apps/v1 Deployment\"]"
        )],
    );
    check_exception_for(
        &[&deployments, &services],
        wrong,
        &[&format!(
            "{path}@11: undefined field 'replcas' [\"apps/v1 Deployment\", \"v1 Service\"]"
        )],
    );
    // It is for one of them.
    check_exception_for(&[&deployments, &services], "object.spec.replicas > 1", &[]);
    // Policies for Pods are derived for their controllers.
    let pods = about(json!([rule("", "pods")]));
    check_exception_for(&[&pods], "has(object.spec.template)", &[]);
    check_exception_for(
        &[&pods],
        "object.spec.contaners.size() > 1",
        &[&format!(
            "{path}@11: undefined field 'contaners' [\"v1 Pod\", \"apps/v1 DaemonSet\", \"apps/v1 Deployment\", \
             \"apps/v1 ReplicaSet\", \"apps/v1 StatefulSet\", \"batch/v1 CronJob\", \"batch/v1 Job\"]"
        )],
    );
}
