//! Rewrites a rule for Pods into one for a pod controller.
//!
//! Kind entries that mean Pods are replaced. Patterns and merge patches are wrapped in the
//! controller's template. Of a body only the parts that are known to carry over are kept. Then
//! the text of the whole rule is searched for paths into the object, such as
//! `request.object.spec`, and each is made to point into the template; messages are no exception.

use portcullis_api::cluster_policy::{ForEachMutation, MatchResources, Mutation, Rule, Validation};
use serde_json::{Value, json};

use super::{
    controllers::{Shape, kind_entry},
    references::shift_references,
    support::has_pod,
};

/// The longest name of a rule, in bytes.
const NAME_LENGTH: usize = 63;

/// The rule for the controllers; none when the body cannot be carried over.
pub(super) fn derive(rule: &Rule, shape: Shape, controllers: &[String]) -> Option<Rule> {
    let entries = controllers.iter().map(|name| kind_entry(name).to_owned());
    let entries: Vec<String> = entries.collect();
    let mut derived = rule.clone();
    derived.image_extractors.clear();
    Step {
        template: "template",
        shift: "spec/template",
        entries: &entries,
        replaces: has_pod,
    }
    .rewrite(&mut derived)?;
    let prefix = match shape {
        Shape::Template => "autogen",
        Shape::CronJob => {
            // A CronJob's template is a Job's template in a template.
            let shift = "spec/jobTemplate/spec/template";
            Step {
                template: "jobTemplate",
                shift,
                entries: &entries,
                replaces: |_| true,
            }
            .rewrite(&mut derived)?;
            "autogen-cronjob"
        }
    };
    derived.name = cut(format!("{prefix}-{}", rule.name));
    let is_cel = derived
        .validate
        .as_ref()
        .is_some_and(|body| body.cel.is_some());
    let text = repoint(serde_json::to_string(&derived).ok()?, shape, is_cel);
    serde_json::from_str(&text).ok()
}

/// One wrapping of a rule.
struct Step<'a> {
    /// The field of `spec` that holds what was there before.
    template: &'a str,
    /// What references into the body get behind the body's name.
    shift: &'a str,
    /// The kind entries of the controllers.
    entries: &'a [String],
    /// Whether a filter with these kind entries gets those of the controllers.
    replaces: fn(&[String]) -> bool,
}

impl Step<'_> {
    /// Rewrites kinds, and the first body that is there in Kyverno's order.
    fn rewrite(&self, rule: &mut Rule) -> Option<()> {
        self.rewrite_match(&mut rule.r#match, true);
        if let Some(exclude) = &mut rule.exclude {
            self.rewrite_match(exclude, false);
        }
        if let Some(mutate) = rule.mutate.as_mut().and_then(|body| self.mutation(body)) {
            rule.mutate = Some(mutate);
        } else if let Some(validate) = rule
            .validate
            .as_mut()
            .and_then(|body| self.validation(body))
        {
            rule.validate = Some(validate);
        } else if rule.verify_images.is_empty() {
            return None;
        }
        Some(())
    }

    /// Puts the controllers in the place of Pods. An inline block that names no kinds gets some
    /// only when it is `always` about kinds.
    fn rewrite_match(&self, block: &mut MatchResources, always: bool) {
        let lists = [block.any.as_mut(), block.all.as_mut()];
        let list = lists.into_iter().flatten().find(|list| !list.is_empty());
        let Some(filters) = list else {
            let described = block.resources.get_or_insert_default();
            if always || !described.kinds.is_empty() {
                described.kinds = self.entries.to_vec();
            }
            return;
        };
        for filter in filters {
            let described = filter.resources.get_or_insert_default();
            if (self.replaces)(&described.kinds) {
                described.kinds = self.entries.to_vec();
            }
        }
    }

    fn mutation(&self, written: &mut Mutation) -> Option<Mutation> {
        if let Some(patch) = written.patch_strategic_merge.take() {
            return Some(Mutation {
                patch_strategic_merge: Some(self.wrap(patch)),
                ..Mutation::default()
            });
        }
        let each = written.foreach.take().filter(|each| !each.is_empty())?;
        let each = each.into_iter().map(|each| ForEachMutation {
            list: each.list,
            context: each.context,
            preconditions: each.preconditions,
            patch_strategic_merge: Some(self.wrap(each.patch_strategic_merge.unwrap_or_default())),
            ..ForEachMutation::default()
        });
        Some(Mutation {
            foreach: Some(each.collect()),
            ..Mutation::default()
        })
    }

    fn validation(&self, written: &mut Validation) -> Option<Validation> {
        let mut kept = Validation::default();
        let pivot = if let Some(pattern) = written.pattern.take() {
            kept.pattern = Some(self.wrap(pattern));
            "pattern"
        } else if let Some(deny) = written.deny.take() {
            kept.deny = Some(deny);
            "deny"
        } else if let Some(pod_security) = written.pod_security.take() {
            kept.pod_security = Some(pod_security);
            "podSecurity"
        } else if let Some(patterns) = written.any_pattern.take() {
            kept.any_pattern = Some(self.wrap_each(patterns));
            "anyPattern"
        } else if let Some(each) = written.foreach.take().filter(|each| !each.is_empty()) {
            kept.foreach = Some(each);
            "pattern"
        } else {
            let carries_over = written.cel.is_some() || written.r#assert.is_some();
            return carries_over.then(|| std::mem::take(written));
        };
        let shift = |message: &String| shift_references(message, self.shift, pivot);
        kept.message = written.message.as_ref().map(shift);
        kept.failure_action = written.failure_action;
        kept.failure_action_overrides = std::mem::take(&mut written.failure_action_overrides);
        kept.allow_existing_violations = written.allow_existing_violations;
        Some(kept)
    }

    fn wrap_each(&self, patterns: Value) -> Value {
        match patterns {
            Value::Array(patterns) => patterns
                .into_iter()
                .map(|pattern| self.wrap(pattern))
                .collect(),
            other => other,
        }
    }

    fn wrap(&self, inner: Value) -> Value {
        json!({"spec": {self.template: inner}})
    }
}

/// Points every path into the object at the template, one kind of path after the other.
fn repoint(mut text: String, shape: Shape, is_cel: bool) -> String {
    let template = match shape {
        Shape::Template => "spec.template",
        Shape::CronJob => "spec.jobTemplate.spec.template",
    };
    let roots = match is_cel {
        true => ["object", "oldObject"],
        false => ["request.object", "request.oldObject"],
    };
    for field in ["spec", "metadata"] {
        for root in roots {
            let (from, to) = (
                format!("{root}.{field}"),
                format!("{root}.{template}.{field}"),
            );
            text = text.replace(&from, &to);
        }
    }
    text
}

/// The name, at most 63 bytes of it.
fn cut(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(NAME_LENGTH));
    name
}
