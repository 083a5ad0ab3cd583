//! What a CEL expression costs on a Pod of five containers, beside the same rule written by hand.

use std::{hint::black_box, io, time::Instant};

use portcullis_cel::{
    environment::{Environment, KubernetesVersion},
    error::Evaluated,
    host::Offline,
    program::{Options, Variables},
    types::Type,
    value::Value,
};
use serde_json::{Value as Json, json};

/// How often an expression is evaluated in a round: so few that a round is rarely interrupted.
const EVALUATIONS: u32 = 200;

/// How many rounds there are; the fastest counts, as other work only slows them down.
const ROUNDS: usize = 500;

/// A rule as policies write it, and by hand.
struct Rule {
    expression: &'static str,
    by_hand: fn(&Json) -> bool,
}

/// What the rules take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expressions {
    pub(crate) count: usize,
    /// Nanoseconds of one evaluation: the middle and the slowest rule.
    pub(crate) middle: f64,
    pub(crate) slowest: f64,
    /// How many times as long as by hand the rules take together.
    pub(crate) ratio: f64,
}

/// Measures the rules.
///
/// # Errors
/// A rule does not compile, or does not hold.
pub(crate) fn measure() -> io::Result<Expressions> {
    let pod = pod();
    let environment = Environment::kubernetes(KubernetesVersion::new(1, 36))
        .variable("object", Type::Dyn)
        .build();
    let mut taken = Vec::new();
    let (mut sum, mut by_hand) = (0.0, 0.0);
    for rule in RULES {
        let program = environment
            .compile(rule.expression)
            .and_then(|checked| environment.program(&checked))
            .map_err(|error| io::Error::other(error.to_string()))?;
        let evaluate = || {
            let options = Options {
                host: &Offline,
                cost_limit: Some(1_000_000),
            };
            let outcome = program.evaluate(&Pod(black_box(&pod)), options);
            matches!(outcome.result, Ok(Value::Bool(true)))
        };
        if !evaluate() || !(rule.by_hand)(&pod) {
            return Err(io::Error::other(format!("`{}` fails", rule.expression)));
        }
        let each = fastest(evaluate);
        sum += each;
        by_hand += fastest(|| (rule.by_hand)(black_box(&pod)));
        taken.push(each);
    }
    taken.sort_by(f64::total_cmp);
    Ok(Expressions {
        count: taken.len(),
        middle: taken.get(taken.len() / 2).copied().unwrap_or_default(),
        slowest: taken.last().copied().unwrap_or_default(),
        ratio: sum / by_hand,
    })
}

/// Nanoseconds of one call in the fastest round.
fn fastest(call: impl Fn() -> bool) -> f64 {
    let round = || {
        let start = Instant::now();
        for _ in 0..EVALUATIONS {
            black_box(call());
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(EVALUATIONS)
    };
    (0..ROUNDS).map(|_| round()).fold(f64::MAX, f64::min)
}

struct Pod<'p>(&'p Json);

impl<'p> Variables<'p> for Pod<'p> {
    fn get(&self, name: &str) -> Option<Evaluated<'p>> {
        (name == "object").then(|| Ok(Value::from(self.0)))
    }
}

fn pod() -> Json {
    let container = |number: usize| {
        json!({
            "name": format!("c{number}"),
            "image": format!("ghcr.io/example/app:{number}"),
            "ports": [{"containerPort": 8080 + number}],
            "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}},
            "securityContext": {
                "runAsNonRoot": true,
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
            },
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
        "spec": {"containers": (0..5).map(container).collect::<Json>(), "replicas": 3},
    })
}

fn containers(pod: &Json) -> impl Iterator<Item = &Json> {
    let found = pod.pointer("/spec/containers").and_then(Json::as_array);
    found.into_iter().flatten()
}

fn text<'p>(json: &'p Json, name: &str) -> &'p str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

const RULES: &[Rule] = &[
    Rule {
        expression: "object.spec.containers.all(c, has(c.securityContext) && \
                     has(c.securityContext.allowPrivilegeEscalation) && \
                     c.securityContext.allowPrivilegeEscalation == false)",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let context = container.get("securityContext");
                context.and_then(|of| of.get("allowPrivilegeEscalation"))
                    == Some(&Json::Bool(false))
            })
        },
    },
    Rule {
        expression: "object.spec.containers.all(c, has(c.securityContext.capabilities) && \
                     has(c.securityContext.capabilities.drop) && \
                     'ALL' in c.securityContext.capabilities.drop)",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let dropped = container.get("securityContext");
                let dropped =
                    dropped.and_then(|of| of.get("capabilities")?.get("drop")?.as_array());
                dropped.is_some_and(|dropped| dropped.iter().any(|name| name == "ALL"))
            })
        },
    },
    Rule {
        expression: "object.spec.containers.all(c, c.image.startsWith('ghcr.io/') || \
                     c.image.startsWith('registry.k8s.io/'))",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let image = text(container, "image");
                image.starts_with("ghcr.io/") || image.starts_with("registry.k8s.io/")
            })
        },
    },
    Rule {
        expression: "object.spec.containers.all(c, c.image.contains(':') && \
                     !c.image.endsWith(':latest'))",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let image = text(container, "image");
                image.contains(':') && !image.ends_with(":latest")
            })
        },
    },
    Rule {
        expression: "object.spec.containers.all(c, \
                     c.?securityContext.?runAsNonRoot.orValue(false) == true)",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let context = container.get("securityContext");
                context.and_then(|of| of.get("runAsNonRoot")) == Some(&Json::Bool(true))
            })
        },
    },
    Rule {
        expression: "object.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && \
                     'memory' in c.resources.limits)",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let limits = container.get("resources").and_then(|of| of.get("limits"));
                limits.is_some_and(|limits| limits.get("memory").is_some())
            })
        },
    },
    Rule {
        expression: "object.spec.containers.all(c, !has(c.ports) || \
                     c.ports.all(p, !has(p.hostPort) || p.hostPort == 0))",
        by_hand: |pod| {
            containers(pod).all(|container| {
                let ports = container.get("ports").and_then(Json::as_array);
                ports.into_iter().flatten().all(|port| {
                    port.get("hostPort")
                        .is_none_or(|port| port.as_i64() == Some(0))
                })
            })
        },
    },
    Rule {
        expression: "has(object.metadata.labels) && 'app' in object.metadata.labels && \
                     object.metadata.labels['app'] != ''",
        by_hand: |pod| {
            let label = pod.pointer("/metadata/labels/app").and_then(Json::as_str);
            label.is_some_and(|label| !label.is_empty())
        },
    },
    Rule {
        expression: "object.metadata.namespace in ['shop', 'bank', 'post'] && \
                     object.spec.replicas <= 5",
        by_hand: |pod| {
            let namespace = pod.pointer("/metadata/namespace").and_then(Json::as_str);
            let replicas = pod.pointer("/spec/replicas").and_then(Json::as_i64);
            namespace.is_some_and(|name| ["shop", "bank", "post"].contains(&name))
                && replicas.is_some_and(|replicas| replicas <= 5)
        },
    },
];
