//! What is compiled of a set that changes is what is compiled of it from nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use portcullis_engine::load;
use portcullis_yaml::{Limits, Mode};

use super::*;

const POLICY: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: NAME}
spec:
  webhookConfiguration: {matchConditions: [CONDITIONS]}
  rules:
    - name: app
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: write it, pattern: {metadata: {labels: {app: VALUE}}}}
";

const CEL: &str = "
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: NAME}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: \"object.metadata.name != 'VALUE'\"}]
";

const NATIVE: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAME}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: \"object.metadata.name != 'VALUE'\"}]
";

const EXCEPTION: &str = "
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e, namespace: shop}
spec:
  exceptions: [{policyName: NAME, ruleNames: [VALUE]}]
  match: {any: [{resources: {kinds: [Pod]}}]}
";

const CEL_EXCEPTION: &str = "
apiVersion: policies.kyverno.io/v1
kind: PolicyException
metadata: {name: e, namespace: shop}
spec:
  policyRefs: [{name: NAME, kind: ValidatingPolicy}]
  matchConditions: [{name: one, expression: \"object.metadata.name == 'VALUE'\"}]
";

const BINDING: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: NAME, validationActions: [VALUE]}
";

fn one(text: &str, name: &str, value: &str) -> Arc<Loaded> {
    let text = text.replace("CONDITIONS", "").replace("NAME", name);
    let text = text.replace("VALUE", value);
    let document = portcullis_yaml::documents(&text).next().unwrap();
    let value = document.read(Mode::Lenient, &Limits::default()).unwrap();
    let (loaded, errors) = load::load(&value);
    assert!(errors.is_empty(), "{errors:?}");
    Arc::new(loaded.into_iter().next().unwrap())
}

/// Compiles a set, compares it with what it is from nothing, and says which of it is new.
fn check(compiler: &mut Compiler, set: &[Arc<Loaded>], new: &[&str]) {
    let place = |compiler: &Compiler, policy: &Arc<Loaded>| {
        let known = compiler.known.get(&Arc::as_ptr(policy).addr());
        let compiled = known.and_then(|known| known.prepared.compiled.as_ref());
        compiled.map(|compiled| Arc::clone(compiled.info()))
    };
    let before: Vec<_> = set.iter().map(|policy| place(compiler, policy)).collect();
    let (policies, errors) = compiler.compile(set);
    let (wanted, wanted_errors) =
        Policies::compile(set.iter().map(Arc::as_ref), &CompileOptions::default());
    assert_eq!(format!("{policies:#?}"), format!("{wanted:#?}"));
    assert_eq!(errors, wanted_errors);
    let after = set.iter().map(|policy| place(compiler, policy));
    let changed = after
        .zip(before)
        .filter_map(|(after, before)| match before {
            Some(before) if Arc::ptr_eq(after.as_ref()?, &before) => None,
            _ => after.map(|info| info.name.clone()),
        });
    assert_eq!(changed.collect::<Vec<String>>(), new);
    assert_eq!(compiler.known.len(), set.len());
}

#[test]
fn only_what_has_changed_is_compiled() {
    let mut compiler = Compiler::default();
    let mut set = vec![
        one(POLICY, "first", "a"),
        one(POLICY, "second", "a"),
        one(CEL, "third", "a"),
        one(NATIVE, "fourth", "a"),
    ];
    check(&mut compiler, &set, &["first", "second", "third", "fourth"]);
    check(&mut compiler, &set, &[]);
    set.swap(0, 3);
    check(&mut compiler, &set, &[]);
    set[3] = one(POLICY, "first", "b");
    check(&mut compiler, &set, &["first"]);
    for (named, text, values, touched) in [
        ("second", EXCEPTION, ["app", "'*'"], "second"),
        ("third", CEL_EXCEPTION, ["b", "c"], "third"),
        ("fourth", BINDING, ["Deny", "Warn"], "fourth"),
    ] {
        set.push(one(text, named, values[0]));
        check(&mut compiler, &set, &[touched]);
        check(&mut compiler, &set, &[]);
        *set.last_mut().unwrap() = one(text, named, values[1]);
        check(&mut compiler, &set, &[touched]);
        set.pop();
        check(&mut compiler, &set, &[touched]);
    }
    // What is wrong is told each time.
    set.push(one(CEL_EXCEPTION, "third", "' +"));
    check(&mut compiler, &set, &["third"]);
    check(&mut compiler, &set, &[]);
    assert_eq!(compiler.compile(&set).1.len(), 1);
}

#[test]
fn a_policy_with_conditions_takes_none_of_its_name_along() {
    let conditional = POLICY.replace("CONDITIONS", "{name: c, expression: 'true'}");
    let set = [one(&conditional, "same", "a"), one(CEL, "same", "a")];
    let (policies, errors) = Compiler::default().compile(&set);
    assert_eq!(errors, []);
    let kinds = |path: &str| -> Vec<String> {
        let path = crate::path::AdmissionPath::parse(path).unwrap();
        let groups = policies.groups(&path).unwrap().into_iter();
        let all = groups.flat_map(|group| group.set().policies());
        all.map(|policy| policy.info().kind.clone()).collect()
    };
    assert_eq!(kinds("/validate/fail"), ["ValidatingPolicy"]);
    assert_eq!(kinds("/validate/fail/untested"), ["ClusterPolicy"]);
    assert_eq!(kinds("/validate/fail/finegrained/same"), ["ClusterPolicy"]);
}
