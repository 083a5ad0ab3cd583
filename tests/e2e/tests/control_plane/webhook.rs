//! The webhook on a cluster of its own: policies of the cluster decide what comes into it.

use portcullis_e2e::{control_plane::ControlPlane, harness::Test, program};
use serde_json::{Value, json};

use crate::{
    kyverno, load,
    repository::contains,
    webhook_process::{self, Webhook, eventually},
};

pub(crate) const ALL: &[Test] = &[
    (
        "webhook::policies_of_the_cluster_are_enforced",
        policies_of_the_cluster_are_enforced,
    ),
    (
        "webhook::exceptions_count_where_they_may_stand",
        exceptions_count_where_they_may_stand,
    ),
];

const POLICY: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: labelled
  annotations:
    portcullis.io/commit: 0123abc
    portcullis.io/path: policy-library/labelled/policy.yaml
    portcullis.io/line: "12"
spec:
  rules:
    - name: app
      match: {any: [{resources: {kinds: [Pod]}}]}
      context:
        - name: settings
          configMap: {name: settings, namespace: shop}
      validate:
        failureAction: Enforce
        message: "write the label {{ settings.data.label }}"
        pattern: {metadata: {labels: {app: "?*"}}}
"#;

fn pod(name: &str, labels: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}, spec: {{containers: [{{name: c, image: nginx}}]}}}}"
    )
}

/// Tries to create a Pod, and says what the server says.
fn attempt(plane: &ControlPlane, labels: &str) -> Result<(), String> {
    let create = ["create", "--dry-run=server", "-f", "-"];
    let done = plane.kubectl(&create, &pod("p", labels));
    done.map(drop).map_err(|error| error.to_string())
}

fn denied(plane: &ControlPlane, parts: &[&str]) {
    eventually("a Pod is denied", || match attempt(plane, "") {
        Ok(()) => Err("it is let in".to_owned()),
        Err(said) if said.contains("denied the request") => {
            contains(&said, parts);
            Ok(())
        }
        Err(said) => Err(said),
    });
}

fn let_in(plane: &ControlPlane) {
    eventually("a Pod is let in", || attempt(plane, ""));
}

/// Sends Pods to a replica.
fn configure(plane: &ControlPlane, webhook: &Webhook) {
    let secret = "portcullis-webhook.portcullis.svc.portcullis-tls-ca";
    let get = ["get", "secret", secret, "-n", "portcullis", "-o"];
    let authority = [&get[..], &[r"jsonpath={.data.ca\.crt}"]].concat();
    let authority = plane.kubectl(&authority, "").unwrap();
    let url = format!("https://{}/validate/fail", webhook.address);
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "by-hand"},
        "webhooks": [{
            "name": "validate.by.hand",
            "clientConfig": {"url": url, "caBundle": authority},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    plane.apply(&configuration.to_string()).unwrap();
}

fn policies_of_the_cluster_are_enforced(_: &ControlPlane) {
    // What it denies would be denied to the other tests as well.
    let mut plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    kyverno::define_one(&plane, &kyverno::KINDS[0]);
    plane.create_namespace("shop").unwrap();
    plane
        .apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}, data: {label: app}}")
        .unwrap();
    plane.create_namespace("portcullis").unwrap();
    let webhook = Webhook::start(&plane, "one");
    let_in(&plane);
    plane.apply(POLICY).unwrap();
    denied(&plane, &["labelled", "write the label app"]);
    attempt(&plane, "app: web").unwrap();
    only_what_policies_are_about_is_sent(&plane, "pods");

    a_broken_policy_keeps_its_last_good_version(&plane, &webhook);
    what_the_cluster_serves_may_change(&plane);
    statuses_say_what_serves(&plane);
    derived_rules_come_and_go(&plane);
    let other = another_replica_takes_over(&plane, webhook);
    plane.restart_api_server().unwrap();
    what_changes_after_a_restart_is_seen(&plane);
    plane
        .kubectl(&["delete", "clusterpolicy", "labelled"], "")
        .unwrap();
    let_in(&plane);
    only_what_policies_are_about_is_sent(&plane, "pods");
    plane
        .kubectl(&["delete", "validatingpolicy", "tiers"], "")
        .unwrap();
    only_what_policies_are_about_is_sent(&plane, "");
    drop(other);
}

/// Waits until the webhooks have rules for a resource, and for nothing that no policy is about; for
/// nothing at all where none is named.
fn only_what_policies_are_about_is_sent(plane: &ControlPlane, resource: &str) {
    eventually(
        "the webhook configuration is as wide as the policies",
        || {
            let get = [
                "get",
                "validatingwebhookconfiguration",
                "portcullis-validating",
                "-o",
            ];
            let path = "jsonpath={.webhooks[*].rules[*].resources[*]}";
            let resources = plane.kubectl(&[&get[..], &[path]].concat(), "");
            let resources = resources.map_err(|error| error.to_string())?;
            let mut sent = resources.split_whitespace();
            let is_right = match resource {
                "" => sent.next().is_none(),
                wanted => sent.any(|one| one == wanted) && !resources.contains(['*', '"']),
            };
            if is_right && !resources.contains("services") {
                Ok(())
            } else {
                Err(resources)
            }
        },
    );
}

fn a_broken_policy_keeps_its_last_good_version(plane: &ControlPlane, webhook: &Webhook) {
    let broken = POLICY.replace("{{ settings.data.label }}", "{{ settings.data. }}");
    a_broken_policy_is_refused_with_the_place(plane, &broken);
    // One that came in while nobody looked, as in an older version of the webhook.
    eventually("a broken policy comes in", || {
        let name = "portcullis-policies";
        let delete = ["delete", "validatingwebhookconfiguration", name];
        let deleted = plane.kubectl(&[&delete[..], &["--ignore-not-found"]].concat(), "");
        deleted.map_err(|error| error.to_string())?;
        plane.apply(&broken).map_err(|error| error.to_string())
    });
    eventually("the log says what is broken", || {
        let log = webhook.log();
        let is_told =
            log.contains("not served as it is written") && log.contains("ClusterPolicy labelled");
        if is_told { Ok(()) } else { Err(log) }
    });
    denied(plane, &["write the label app"]);
    eventually("the status says what is broken", || {
        let status = status(plane, "labelled");
        let ready = &status["conditions"][0];
        let message = ready["message"].as_str().unwrap_or_default();
        let is_said = ready["status"] == "False" && message.contains("an older version serves");
        if is_said {
            Ok(())
        } else {
            Err(status.to_string())
        }
    });
    plane
        .apply(&POLICY.replace("write the", "do write the"))
        .unwrap();
    eventually("the better version serves", || {
        let said = attempt(plane, "").err().unwrap_or_default();
        if said.contains("do write the label app") {
            Ok(())
        } else {
            Err(said)
        }
    });
}

/// What kubectl says of a policy that comes in under another name.
fn said_of(plane: &ControlPlane, policy: &str) -> Result<(), String> {
    let policy = policy
        .replace("name: labelled", "name: another")
        .replace("name: tiers", "name: another");
    let create = [
        "create",
        "--dry-run=server",
        "--warnings-as-errors",
        "-f",
        "-",
    ];
    let said = plane.kubectl(&create, &policy);
    said.map(drop).map_err(|error| error.to_string())
}

fn told(plane: &ControlPlane, policy: &str, parts: &[&str]) {
    eventually(parts[0], || match said_of(plane, policy) {
        Err(said) if parts.iter().all(|part| said.contains(part)) => Ok(()),
        said => Err(format!("{said:?}")),
    });
}

fn a_broken_policy_is_refused_with_the_place(plane: &ControlPlane, broken: &str) {
    told(
        plane,
        broken,
        &[
            "denied the request: ClusterPolicy another:",
            "/spec/rules/0/",
        ],
    );
    let older = POLICY.replace("spec:\n", "spec:\n  validationFailureAction: enforce\n");
    told(plane, &older, &["Warning: /spec/validationFailureAction: "]);
    assert_eq!(said_of(plane, POLICY), Ok(()));
}

const CEL: &str = r#"
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: tiers}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
    - expression: "!has(object.metadata.labels) || !has(object.metadata.labels.tier) || object.metadata.labels.tier != namespaceObject.metadata.labels.refused"
      message: no such tier here
"#;

fn what_the_cluster_serves_may_change(plane: &ControlPlane) {
    for kind in kyverno::KINDS {
        kyverno::define_one(plane, kind);
    }
    plane.apply(CEL).unwrap();
    let label = ["label", "namespace", "shop", "refused=top"];
    plane.kubectl(&label, "").unwrap();
    eventually("a policy of a new kind serves", || {
        let said = attempt(plane, "app: web, tier: top")
            .err()
            .unwrap_or_default();
        if said.contains("no such tier here") {
            Ok(())
        } else {
            Err(said)
        }
    });
    attempt(plane, "app: web, tier: low").unwrap();
    let about_nothing = CEL.replace("resourceRules:", "excludeResourceRules:");
    told(
        plane,
        &about_nothing,
        &[
            "denied the request: ValidatingPolicy another:",
            "/spec/matchConstraints: the policy does not say which resources it is about",
        ],
    );
}

fn what_changes_after_a_restart_is_seen(plane: &ControlPlane) {
    plane
        .apply(&POLICY.replace("write the", "kindly write the"))
        .unwrap();
    eventually("a policy that changed after the restart serves", || {
        let said = attempt(plane, "").err().unwrap_or_default();
        if said.contains("kindly write the label app") {
            Ok(())
        } else {
            Err(said)
        }
    });
}

fn status(plane: &ControlPlane, name: &str) -> Value {
    let get = ["get", "clusterpolicy", name, "-o", "json"];
    let policy: Value = serde_json::from_str(&plane.kubectl(&get, "").unwrap()).unwrap();
    policy["status"].clone()
}

fn statuses_say_what_serves(plane: &ControlPlane) {
    eventually("the status says that the policy serves", || {
        let status = status(plane, "labelled");
        let is_said = status["ready"] == true
            && status["conditions"][0]["status"] == "True"
            && status["rulecount"]["validate"] == 3
            && status["autogen"]["rules"][1]["name"] == "autogen-cronjob-app";
        if is_said {
            Ok(())
        } else {
            Err(status.to_string())
        }
    });
}

/// The rules that were derived vanish from the status with their reason.
fn derived_rules_come_and_go(plane: &ControlPlane) {
    let derived = |count: usize| {
        eventually("the status has the derived rules", || {
            let status = status(plane, "turned");
            let found = status["autogen"]["rules"].as_array().map(Vec::len);
            let generation = &status["conditions"][0]["observedGeneration"];
            match found == Some(count) {
                true => Ok(()),
                false => Err(format!("{found:?} of {count} at {generation}: {status}")),
            }
        });
    };
    let turned = POLICY
        .replace("labelled", "turned")
        .replace("Enforce", "Audit");
    plane.apply(&turned).unwrap();
    derived(2);
    plane.apply(&turned.replace("[Pod]", "[Service]")).unwrap();
    derived(0);
    plane.apply(&turned).unwrap();
    derived(2);
    plane
        .kubectl(&["delete", "clusterpolicy", "turned"], "")
        .unwrap();
}

fn holder(plane: &ControlPlane) -> String {
    webhook_process::holder(plane, "portcullis-webhook").unwrap()
}

/// Two replicas answer with one certificate; when the one that writes is killed, the other one does.
fn another_replica_takes_over(plane: &ControlPlane, first: Webhook) -> Webhook {
    assert!(holder(plane).starts_with("one_"), "{}", holder(plane));
    let second = Webhook::start(plane, "two");
    configure(plane, &second);
    denied(plane, &["do write the label app"]);
    drop(first);
    plane
        .apply(&POLICY.replace("write the", "now write the"))
        .unwrap();
    denied_in_the_end(plane, "now write the label app");
    eventually("the second replica writes", || {
        let generation = [
            "get",
            "clusterpolicy",
            "labelled",
            "-o",
            "jsonpath={.metadata.generation}",
        ];
        let generation = plane.kubectl(&generation, "").unwrap();
        let observed = status(plane, "labelled")["conditions"][0]["observedGeneration"].to_string();
        let holder = holder(plane);
        if holder.starts_with("two_") && observed == generation {
            Ok(())
        } else {
            Err(format!("{holder}: {observed} of {generation}"))
        }
    });
    second
}

fn denied_in_the_end(plane: &ControlPlane, part: &str) {
    eventually(part, || {
        let said = attempt(plane, "").err().unwrap_or_default();
        if said.contains(part) {
            Ok(())
        } else {
            Err(said)
        }
    });
}

/// CVE-2024-48921: an exception of a namespace that may grant none is refused, and lets nothing off where
/// it was there before.
fn exceptions_count_where_they_may_stand(_: &ControlPlane) {
    let plane = ControlPlane::start(&program::build().unwrap()).unwrap();
    kyverno::define(&plane);
    for namespace in ["shop", "grants", "portcullis"] {
        plane.create_namespace(namespace).unwrap();
    }
    plane.apply(load::POLICY).unwrap();
    let exception = |namespace: &str, name: &str| {
        format!(
            "{{apiVersion: kyverno.io/v2, kind: PolicyException, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{exceptions: [{{policyName: no-bad-ones, ruleNames: [label]}}], match: {{any: [{{resources: {{kinds: [ConfigMap], names: [{name}]}}}}]}}}}}}"
        )
    };
    let create = |name: &str| {
        let object = format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: shop, labels: {{bad: x}}}}}}"
        );
        let create = ["create", "--dry-run=server", "-f", "-"];
        let done = plane.kubectl(&create, &object).map(drop);
        done.map_err(|error| error.to_string())
    };
    let denied = |name: &str| match create(name) {
        Err(said) if said.contains("no bad ones") => Ok(()),
        other => Err(format!("{name}: {other:?}")),
    };
    // Somebody wrote it while nobody looked.
    plane.apply(&exception("shop", "before")).unwrap();
    let flags = [
        "--enable-policy-exception=true",
        "--exception-namespace=grants",
    ];
    let webhook = Webhook::start_with(&plane, "exceptions", &flags);
    eventually("the policy is enforced", || denied("before"));
    eventually("an exception elsewhere is refused", || {
        let told = "exceptions in namespace `shop` let nothing off; write it in `grants`";
        match plane.apply(&exception("shop", "late")) {
            Err(said) if said.to_string().contains(told) => Ok(()),
            other => Err(format!("{other:?}\n{}", webhook.log())),
        }
    });
    plane.apply(&exception("grants", "granted")).unwrap();
    eventually("what is granted is let in", || create("granted"));
    for name in ["before", "late", "other"] {
        denied(name).unwrap();
    }
}
