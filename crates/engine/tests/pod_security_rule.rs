//! Rules `validate.podSecurity`: exclusions, exceptions, messages, report properties.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]

use portcullis_api::cluster_policy::PodSecurityStandard;
use portcullis_engine::pod_security::{
    CompiledPodSecurity, Dialect, PodSecurityFailure, PodSecurityOutcome, evaluate,
};
use serde_json::{Value, json};

fn outcome(
    rule: Value,
    exceptions: Value,
    kind: &str,
    object: &Value,
    dialect: Dialect,
) -> PodSecurityOutcome {
    let rule = serde_json::from_value(rule).unwrap();
    let rule = CompiledPodSecurity::compile(&rule, "spec.rules[0]", dialect).unwrap();
    let exceptions: Vec<PodSecurityStandard> = serde_json::from_value(exceptions).unwrap();
    let full_name = |image: &str| Some(format!("docker.io/{image}:latest"));
    evaluate(&rule, &exceptions, object, kind, &full_name).unwrap()
}

fn failure(rule: Value, kind: &str, object: &Value) -> PodSecurityFailure {
    match outcome(rule, json!([]), kind, object, Dialect::Standard) {
        PodSecurityOutcome::Fail(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// What is left of a pod's field errors, in order; none where it passes.
#[track_caller]
fn check(level: &str, exclude: Value, spec: Value, expected: &[&str]) {
    let rule = json!({"level": level, "exclude": exclude});
    let object = json!({"spec": spec});
    let found = match outcome(rule, json!([]), "Pod", &object, Dialect::Standard) {
        PodSecurityOutcome::Fail(failure) => failure.results,
        _ => Vec::new(),
    };
    let errors = found.iter().flat_map(|result| &result.forbidden.errors);
    let errors: Vec<_> = errors.map(|error| error.field.as_str()).collect();
    assert_eq!(errors, expected, "{spec} less {exclude}");
}

#[test]
fn message_and_properties() {
    let container = |name, image| json!({"name": name, "image": image, "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["SYS_TIME", "NET_RAW"]}}});
    let template = json!({"spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container("a", "nginx"), container("b", "redis")],
        "volumes": [{"name": "v", "nfs": {}}],
    }});
    let object =
        json!({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}});
    let exclude = json!([{"controlName": "Privilege Escalation", "images": ["*"]}]);
    let rule = json!({"level": "restricted", "version": "v1.30", "exclude": exclude});
    let failure = failure(rule, "CronJob", &object);
    let path = "spec.jobTemplate.spec.template.spec";
    let added = |index| {
        format!(
            "{path}.containers[{index}].securityContext.capabilities.add is forbidden, forbidden values found: [NET_RAW SYS_TIME]"
        )
    };
    let errors = format!("field error list: [{}, {}]", added(0), added(1));
    assert_eq!(
        failure.message("r"),
        format!(
            "Validation rule 'r' failed. It violates PodSecurity \"restricted:v1.30\": \
             (Forbidden reason: non-default capabilities, {errors})\
             (Forbidden reason: unrestricted capabilities, {errors})\
             (Forbidden reason: restricted volume types, field error list: [{path}.volumes[0].nfs: Forbidden])"
        )
    );
    let images = r#"["docker.io/nginx:latest","docker.io/redis:latest"]"#;
    let expected = [
        (
            "controls",
            "capabilities_baseline,capabilities_restricted,restrictedVolumes".to_owned(),
        ),
        (
            "controlsJSON",
            format!(
                r#"[{{"ID":"capabilities_baseline","Name":"Capabilities","Images":{images}}},{{"ID":"capabilities_restricted","Name":"Capabilities","Images":{images}}},{{"ID":"restrictedVolumes","Name":"Volume Types","Images":null}}]"#
            ),
        ),
        ("standard", "restricted".to_owned()),
        ("version", "v1.30".to_owned()),
    ];
    let found: Vec<_> = failure.properties().into_iter().collect();
    assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value)));
}

#[test]
fn level_and_version_are_told_as_written() {
    let object = json!({"spec": {"hostPID": true}});
    for (rule, expected) in [
        (json!({"level": "baseline"}), r#""baseline:": (Forbidden"#),
        (
            json!({"level": "baseline", "version": "latest"}),
            r#""baseline:latest": (Forbidden"#,
        ),
        (json!({"version": "v1.0"}), r#"":v1.0": (Forbidden"#),
    ] {
        let message = failure(rule, "Pod", &object).message("r");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_control_without_a_name_has_an_empty_one() {
    let probe = json!({"tcpSocket": {"host": "x"}});
    let object = json!({"spec": {"containers": [{"name": "a", "livenessProbe": probe}]}});
    let failure = failure(json!({"level": "baseline"}), "Pod", &object);
    let json = failure.properties().remove("controlsJSON").unwrap();
    assert_eq!(
        json,
        r#"[{"ID":"hostProbesAndHostLifecycle","Name":"","Images":null}]"#
    );
    assert!(
        failure
            .message("r")
            .ends_with("(Forbidden reason: probe or lifecycle host, field error list: [])")
    );
}

#[test]
fn excludes_fields_of_the_pod() {
    let spec = json!({"hostPID": true, "hostIPC": true, "hostNetwork": true});
    let all = ["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"];
    check("baseline", json!([]), spec.clone(), &all);
    check(
        "baseline",
        json!([{"controlName": "Host Namespaces"}]),
        spec.clone(),
        &[],
    );
    let only = |field: &str, value: &str| json!([{"controlName": "Host Namespaces", "restrictedField": field, "values": [value]}]);
    // The last error moves into the place of the one that goes.
    check(
        "baseline",
        only("spec.hostNetwork", "true"),
        spec.clone(),
        &["spec.hostIPC", "spec.hostPID"],
    );
    check(
        "baseline",
        only("spec.hostNetwork", "t*"),
        spec.clone(),
        &["spec.hostIPC", "spec.hostPID"],
    );
    check(
        "baseline",
        only("spec.hostNetwork", "false"),
        spec.clone(),
        &all,
    );
    check("baseline", only("spec.hostnetwork", "true"), spec, &all);
}

#[test]
fn excludes_values_of_lists() {
    let spec = json!({"volumes": [
        {"name": "a", "hostPath": {"path": "/var/log"}},
        {"name": "b", "hostPath": {"path": "/etc"}},
        {"name": "c", "hostPath": {"path": "/var/run"}},
    ]});
    let paths = |values: Value| json!([{"controlName": "HostPath Volumes", "restrictedField": "spec.volumes[*].hostPath", "values": values}]);
    check(
        "baseline",
        paths(json!(["/var/*", "/etc"])),
        spec.clone(),
        &[],
    );
    // Each covered volume takes one volume away, whichever comes first.
    check(
        "baseline",
        paths(json!(["/var/*"])),
        spec.clone(),
        &["spec.volumes[1].hostPath"],
    );
    check(
        "baseline",
        paths(json!(["/opt"])),
        spec,
        &[
            "spec.volumes[0].hostPath",
            "spec.volumes[1].hostPath",
            "spec.volumes[2].hostPath",
        ],
    );
}

#[test]
fn excludes_images() {
    let container = |name: &str, image: &str| json!({"name": name, "image": image, "securityContext": {"privileged": true}});
    let spec = json!({
        "containers": [container("a", "nginx:1"), container("b", "redis:2")],
        "initContainers": [container("a", "nginx:1")],
    });
    let images =
        |images: Value| json!([{"controlName": "Privileged Containers", "images": images}]);
    check(
        "baseline",
        images(json!(["nginx:*", "redis:?"])),
        spec.clone(),
        &[],
    );
    check(
        "baseline",
        images(json!(["nginx:*"])),
        spec.clone(),
        &["spec.containers[1].securityContext.privileged"],
    );
    check(
        "baseline",
        images(json!(["nginx"])),
        spec.clone(),
        &[
            "spec.initContainers[0].securityContext.privileged",
            "spec.containers[0].securityContext.privileged",
            "spec.containers[1].securityContext.privileged",
        ],
    );
    let field = json!([{
        "controlName": "Privileged Containers",
        "images": ["*"],
        "restrictedField": "spec.containers[*].securityContext.privileged",
        "values": ["true"],
    }]);
    check(
        "baseline",
        field,
        spec,
        &["spec.initContainers[0].securityContext.privileged"],
    );
}

#[test]
fn every_bad_value_must_be_covered() {
    let spec = json!({"containers": [{"name": "a", "image": "x", "securityContext": {"capabilities": {"add": ["SYS_TIME", "SYS_ADMIN", "NET_RAW"]}}}]});
    let values = |values: Value| {
        json!([{
            "controlName": "Capabilities",
            "images": ["x"],
            "restrictedField": "spec.containers[*].securityContext.capabilities.add",
            "values": values,
        }])
    };
    check(
        "baseline",
        values(json!(["SYS_*", "NET_RAW"])),
        spec.clone(),
        &[],
    );
    check(
        "baseline",
        values(json!(["SYS_*"])),
        spec,
        &["spec.containers[0].securityContext.capabilities.add"],
    );
}

/// A field that must be set has no bad value, so any list of values covers it.
#[test]
fn values_do_not_limit_a_missing_field() {
    let secure = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true});
    let spec = json!({"containers": [{"name": "a", "image": "x", "securityContext": secure}]});
    let exclude = |values: Value| {
        json!([{
            "controlName": "Seccomp",
            "images": ["x"],
            "restrictedField": "spec.containers[*].securityContext.seccompProfile.type",
            "values": values,
        }])
    };
    check("restricted", exclude(json!(["Unconfined"])), spec, &[]);
}

/// Without images the second pod has one bare container, which breaks what must be set; so the
/// exclusion covers one container of the pod, and no more.
#[test]
fn an_exclusion_of_the_pod_covers_one_missing_field() {
    let secure = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true});
    let container = |name: &str| json!({"name": name, "securityContext": secure});
    let exclude = json!([{"controlName": "Seccomp"}]);
    check(
        "restricted",
        exclude.clone(),
        json!({"containers": [container("a")]}),
        &[],
    );
    check(
        "restricted",
        exclude,
        json!({"containers": [container("a"), container("b")]}),
        &["spec.containers[1].securityContext.seccompProfile.type"],
    );
}

#[test]
fn proc_mount_can_be_excluded_at_every_level_and_version() {
    let security = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "procMount": "Unmasked",
        "runAsNonRoot": true,
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    for host_users in [Value::Null, json!(false)] {
        let spec = json!({"hostUsers": host_users, "containers": [{"name": "a", "image": "x", "securityContext": security}]});
        check(
            "restricted",
            json!([]),
            spec.clone(),
            &["spec.containers[0].securityContext.procMount"],
        );
        check(
            "restricted",
            json!([{"controlName": "/proc Mount Type", "images": ["x"]}]),
            spec,
            &[],
        );
    }
}

#[test]
fn exceptions_come_after_the_rules_exclusions() {
    let object =
        json!({"spec": {"hostPID": true, "volumes": [{"name": "a", "hostPath": {"path": "/a"}}]}});
    let rule = |exclude: Value| json!({"level": "baseline", "exclude": exclude});
    let paths = json!({"controlName": "HostPath Volumes"});
    let namespaces = json!({"controlName": "Host Namespaces"});
    let outcome =
        |exclude, exceptions| outcome(rule(exclude), exceptions, "Pod", &object, Dialect::Standard);
    assert_eq!(
        outcome(json!([paths, namespaces]), json!([])),
        PodSecurityOutcome::Pass
    );
    assert_eq!(
        outcome(json!([paths]), json!([namespaces])),
        PodSecurityOutcome::Exempt
    );
    assert_eq!(
        outcome(json!([]), json!([paths, namespaces])),
        PodSecurityOutcome::Exempt
    );
    assert!(matches!(
        outcome(json!([]), json!([paths])),
        PodSecurityOutcome::Fail(_)
    ));
}

#[test]
fn kyvernos_dialect_differs() {
    let bare = json!({"spec": {"containers": [{"name": "a"}]}});
    let probe = json!({"tcpSocket": {"host": "x"}});
    let probed = json!({"spec": {"containers": [{"name": "a", "livenessProbe": probe}]}});
    let volume = json!({"spec": {"volumes": [{"name": "a"}]}});
    let lowat =
        json!({"spec": {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat"}]}}});
    let passes = |rule: &Value, object, dialect| {
        outcome(rule.clone(), json!([]), "Pod", object, dialect) == PodSecurityOutcome::Pass
    };
    for (rule, object, standard, kyverno) in [
        (json!({"level": "privileged"}), &bare, true, false),
        (json!({"level": "baseline"}), &bare, true, true),
        (
            json!({"level": "restricted", "version": "v1.7"}),
            &bare,
            false,
            false,
        ),
        (
            json!({"level": "baseline", "version": "v1.33"}),
            &probed,
            true,
            false,
        ),
        (
            json!({"level": "baseline", "version": "v1.34"}),
            &probed,
            false,
            false,
        ),
        (json!({"level": "restricted"}), &volume, true, false),
        (json!({"level": "baseline"}), &lowat, true, false),
    ] {
        assert_eq!(
            passes(&rule, object, Dialect::Standard),
            standard,
            "{rule} {object}"
        );
        assert_eq!(
            passes(&rule, object, Dialect::Kyverno),
            kyverno,
            "{rule} {object}"
        );
    }
}

#[test]
fn no_object_panics() {
    let rule = serde_json::from_value(json!({"level": "restricted"})).unwrap();
    let rule = CompiledPodSecurity::compile(&rule, "", Dialect::Standard).unwrap();
    for kind in ["Pod", "Deployment", "CronJob", "Service", ""] {
        for object in [
            json!(null),
            json!([]),
            json!({}),
            json!({"spec": []}),
            json!({"spec": {"template": 1}}),
        ] {
            let _: Result<_, _> = evaluate(&rule, &[], &object, kind, &|_| None);
        }
    }
}
