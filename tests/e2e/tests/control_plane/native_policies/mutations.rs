//! Mutations: parts of objects that are merged, and patches.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    expressions::{CONDITIONS, written},
    policies::{Draft, condition},
};

/// What is merged into an object of any kind.
const APPLIED: &[&str] = &[
    "Object{metadata: Object.metadata{labels: {'added': 'yes'}}}",
    "Object{metadata: Object.metadata{labels: Object.metadata.labels{added: 'yes'}}}",
    "Object{metadata: Object.metadata{annotations: {'note': @words, 'size': 'big'}}}",
    "Object{metadata: Object.metadata{annotations: {'count': string(int(@count) + 1)}}}",
    "Object{metadata: Object.metadata{?labels: optional.ofNonZeroValue({'flag': @flag})}}",
    "Object{}",
    "has(object.metadata.labels.tier) ? Object{metadata: Object.metadata{labels: {'tier': 'other'}}} : Object{}",
    "Object{metadata: Object.metadata{finalizers: ['example.com/a', 'example.com/b']}}",
];

/// What is merged into an object of one kind.
const APPLIED_TO: &[(&str, &[&str])] = &[
    (
        "Pod",
        &[
            "Object{spec: Object.spec{containers: object.spec.containers.map(one, Object.spec.containers{name: one.name, imagePullPolicy: 'Always'})}}",
            "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 'side:' + @version}]}}",
            "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'first', env: [Object.spec.containers.env{name: 'B', value: 'three'}]}]}}",
            "Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'mesh', image: 'mesh', restartPolicy: 'Always'}]}}",
            "Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'a', operator: 'Exists'}]}}",
            "Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsNonRoot: true}, nodeSelector: {'disk': 'ssd'}}}",
            "Object{spec: Object.spec{hostNetwork: false, terminationGracePeriodSeconds: 5}}",
            "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'first', ports: [Object.spec.containers.ports{containerPort: 9090}]}]}}",
        ],
    ),
    (
        "Deployment",
        &[
            "Object{spec: Object.spec{replicas: object.spec.replicas + 1}}",
            "Object{spec: Object.spec{replicas: 7, minReadySeconds: 3}}",
            "Object{spec: Object.spec{template: Object.spec.template{metadata: Object.spec.template.metadata{labels: {'more': 'yes'}}}}}",
            "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{priorityClassName: 'system-node-critical'}}}}",
            "Object{spec: Object.spec{strategy: Object.spec.strategy{rollingUpdate: Object.spec.strategy.rollingUpdate{maxSurge: '50%'}}}}",
        ],
    ),
    (
        "ConfigMap",
        &[
            "Object{data: {'more': 'yes', 'mode': 'changed'}}",
            "Object{immutable: true}",
            "Object{data: {'sum': string([int(@count), 1].sum())}}",
        ],
    ),
    (
        "Service",
        &[
            "Object{spec: Object.spec{selector: {'app': 'other', 'more': 'yes'}}}",
            "Object{spec: Object.spec{ports: [Object.spec.ports{name: 'three', port: 99, protocol: 'TCP'}]}}",
            "Object{spec: Object.spec{ports: [Object.spec.ports{port: 53, protocol: 'UDP', targetPort: 'dns'}]}}",
            "Object{spec: Object.spec{publishNotReadyAddresses: true}}",
            "Object{spec: Object.spec{publishNotReadyAddresses: null}}",
            "Object{spec: Object.spec{sessionAffinity: 'ClientIP', selector: {'more': 'yes'}}}",
            "Object{metadata: Object.metadata{labels: {'app': null}}}",
        ],
    ),
    (
        "Widget",
        &[
            "Object{spec: Object.spec{size: object.spec.size * 2}}",
            "Object{spec: Object.spec{tags: ['new']}}",
            "Object{spec: Object.spec{parts: [Object.spec.parts{name: 'b', count: 9}, Object.spec.parts{name: 'c', count: 1}]}}",
            "Object{spec: Object.spec{mode: 'changed', ratio: 1.25}}",
            "Object{spec: Object.spec{mode: null}}",
            "Object{spec: Object.spec{free: Object.spec.free{y: null}}}",
            "Object{spec: Object.spec{mode: 'other', tags: ['more']}}",
            "Object{spec: Object.spec{free: Object.spec.free{y: 'text'}}}",
        ],
    ),
];

/// Patches of an object of any kind.
const PATCHES: &[&str] = &[
    "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/a'), value: 'x'}]",
    "[JSONPatch{op: 'replace', path: '/metadata/annotations/size', value: @count}]",
    "[JSONPatch{op: 'remove', path: '/metadata/annotations/flag'}]",
    "[JSONPatch{op: 'test', path: '/metadata/annotations/flag', value: 'true'}, JSONPatch{op: 'add', path: '/metadata/labels/tested', value: 'yes'}]",
    "[JSONPatch{op: 'move', from: '/metadata/annotations/size', path: '/metadata/annotations/moved'}]",
    "[JSONPatch{op: 'copy', from: '/metadata/labels/app', path: '/metadata/annotations/' + jsonpatch.escapeKey('a.b/c')}]",
    "has(object.metadata.labels.tier) ? [JSONPatch{op: 'add', path: '/metadata/labels/tier', value: 'patched'}] : []",
    "@words.split(',').map(word, JSONPatch{op: 'add', path: '/metadata/annotations/word-' + word, value: word})",
    "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'only': 'one'}}]",
    "[JSONPatch{op: 'remove', path: '/metadata/nothing'}]",
    "[JSONPatch{op: 'add', path: '/metadata/no/thing', value: 1}]",
    "[JSONPatch{op: 'add', path: '/metadata/labels/number', value: 1}]",
    "[JSONPatch{op: 'add', path: '/metadata/finalizers', value: ['example.com/x']}, JSONPatch{op: 'add', path: '/metadata/finalizers/-', value: 'example.com/y'}]",
];

/// Patches of an object of one kind.
const PATCHES_OF: &[(&str, &[&str])] = &[
    (
        "Pod",
        &[
            "[JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'last', image: 'last'}}]",
            "[JSONPatch{op: 'add', path: '/spec/containers/0', value: {'name': 'zero', 'image': 'zero'}}]",
            "[JSONPatch{op: 'replace', path: '/spec/containers/1/image', value: 'replaced'}]",
        ],
    ),
    (
        "Deployment",
        &[
            "[JSONPatch{op: 'replace', path: '/spec/replicas', value: object.spec.replicas + 2}]",
            "[JSONPatch{op: 'test', path: '/spec/replicas', value: 2}, JSONPatch{op: 'replace', path: '/spec/replicas', value: 3}]",
        ],
    ),
    (
        "Widget",
        &[
            "[JSONPatch{op: 'add', path: '/spec/free', value: {'x': [1, 2.5, true, null, 'text']}}]",
            "[JSONPatch{op: 'remove', path: '/spec/tags/0'}]",
            "[JSONPatch{op: 'move', from: '/spec/parts/0', path: '/spec/parts/1'}]",
        ],
    ),
    (
        "ConfigMap",
        &["[JSONPatch{op: 'remove', path: '/data/a.b'}]"],
    ),
    (
        "Service",
        &["[JSONPatch{op: 'remove', path: '/spec/ports/1'}]"],
    ),
];

/// One change, or several; each library has its turn in one that is made only where an expression of
/// it is true.
pub(super) fn mutations(dice: &mut Dice, draft: &mut Draft, number: usize) -> Value {
    let count = 1 + dice.below(3);
    (0..count)
        .map(|which| {
            let is_patch = dice.percent(35);
            let (all, of_kinds) = match is_patch {
                true => (PATCHES, PATCHES_OF),
                false => (APPLIED, APPLIED_TO),
            };
            let mut own = of_kinds.iter();
            let (_, own) = own.find(|(kind, _)| *kind == draft.kind.kind).unwrap();
            let mut expression = written(if dice.percent(50) { dice.one(all) } else { dice.one(own) });
            if which == 0 && dice.percent(25) {
                let condition = condition(dice, draft, Some(number % CONDITIONS.len()));
                let nothing = if is_patch { "[]" } else { "Object{}" };
                expression = format!("({condition}) ? ({expression}) : {nothing}");
            }
            if is_patch {
                draft.hits.insert("kubernetes.jsonpatch".to_owned());
                return json!({"patchType": "JSONPatch", "jsonPatch": {"expression": expression}});
            }
            json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
        })
        .collect()
}
