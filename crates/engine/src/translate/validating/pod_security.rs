//! `podSecurity` as expressions: one of each check that the rule's level and version have.
//!
//! An exclusion without images covers what a control's checks look at in the pod's own fields; one with
//! images covers the fields of these containers. Exclusions of single fields and values are not
//! translated.

mod expressions;

use std::collections::BTreeSet;

use portcullis_api::{
    cel_expression::{CelValidation, CelVariable},
    cluster_policy::{PodSecurity, PodSecurityStandard, Rule},
};

use self::expressions::Expressions;
use super::{Checks, selection};
use crate::{
    matching::KindSelector,
    pod_security::{Check, Control, Level, Version, Workload, selected_by_rule, told_as},
    translate::cel_text,
};

/// Where a rule cannot be said: the path below `podSecurity`, and why.
type Stopped = (String, String);

/// Variables and expressions of a rule.
pub(super) fn checks(rule: &Rule, written: &PodSecurity) -> Result<Checks, Stopped> {
    let level = written.level.map_or(Level::Restricted, Level::from);
    let version = written.version.as_deref().unwrap_or("latest");
    let violated = format!("it violates PodSecurity `{level}:{version}`");
    let mut validations = Vec::new();
    let number = Version::parse(version).unwrap_or(Version::NEWEST);
    for (check, revision) in selected_by_rule(level, number) {
        let expressions = expressions::of_check(check.id, revision.since)
            .ok_or_else(|| (String::new(), format!("`{}` is not translated", check.id)))?;
        let excluded = Excluded::of(check, &expressions, &written.exclude)?;
        let Some(expression) = excluded.less(&expressions) else {
            continue;
        };
        validations.push(CelValidation {
            expression: cel_text::wrapped(&expression),
            message: Some(format!("{violated}: {}", expressions.wanted)),
            message_expression: None,
            reason: None,
        });
    }
    let variables = variables(rule).map_err(|reason| (String::new(), reason))?;
    Ok((variables, validations))
}

/// What expressions read: the pod's own fields, its annotations and all of its containers.
fn variables(rule: &Rule) -> Result<Vec<CelVariable>, String> {
    let workloads = workloads(rule)?;
    let at = |steps: &[&str], field: &str, default: &str| {
        let steps = steps.iter().map(|step| format!(".?{step}"));
        format!(
            "object{}.?{field}.orValue({default})",
            steps.collect::<String>()
        )
    };
    let of = |workload: &Workload, field: &str| match field {
        "spec" => at(workload.template(), "spec", "{}"),
        _ => at(&[workload.template(), &["metadata"]].concat(), field, "{}"),
    };
    let by_kind = |field: &str| match workloads.iter().collect::<Vec<_>>().as_slice() {
        [only] => of(only, field),
        _ => format!(
            "object.kind == 'Pod' ? {} : object.kind == 'CronJob' ? {} : {}",
            of(&Workload::Pod, field),
            of(&Workload::CronJob, field),
            of(&Workload::Controller, field)
        ),
    };
    let containers = ["initContainers", "containers", "ephemeralContainers"]
        .map(|list| format!("variables.spec.?{list}.orValue([])"));
    let variable = |name: &str, expression: String| CelVariable {
        name: name.to_owned(),
        expression,
    };
    Ok(vec![
        variable("spec", by_kind("spec")),
        variable("annotations", by_kind("annotations")),
        variable("containers", containers.join(" + ")),
    ])
}

fn workloads(rule: &Rule) -> Result<BTreeSet<Workload>, String> {
    let mut found = BTreeSet::new();
    for entry in selection::kinds(rule)? {
        let kind = KindSelector::parse(&entry).kind;
        let workload = Workload::of_kind(kind.as_str());
        found.insert(workload.ok_or_else(|| format!("`{entry}` is no kind with pods"))?);
    }
    Ok(found)
}

/// What exclusions take away from a check.
#[derive(Debug, Default)]
struct Excluded {
    /// Its fields of the pod.
    pod: bool,
    /// Its fields of containers with these images.
    images: Vec<String>,
}

impl Excluded {
    fn of(
        check: &'static Check,
        expressions: &Expressions,
        exclude: &[PodSecurityStandard],
    ) -> Result<Excluded, Stopped> {
        let id = told_as(check);
        let mut excluded = Excluded::default();
        let mut covers_more = None;
        for (index, exclusion) in exclude.iter().enumerate() {
            let control = Control::named(&exclusion.control_name);
            if control.is_none_or(|control| !control.checks.contains(&id)) {
                continue;
            }
            let path = format!("exclude[{index}]");
            if exclusion.restricted_field.is_some() || !exclusion.values.is_empty() {
                let reason = "an exclusion of single fields and values is not translated";
                return Err((path, reason.to_owned()));
            }
            if expressions.reads_annotations_of_containers {
                let reason = format!("what an exclusion from `{id}` covers is not translated");
                return Err((path, reason));
            }
            excluded.images.extend(exclusion.images.iter().cloned());
            if exclusion.images.is_empty() {
                excluded.pod = true;
                // Kyverno tries it on the pod with one bare container, which breaks these.
                let is_broken_by_bare = ["runAsNonRoot", "seccompProfile_restricted"].contains(&id);
                covers_more = is_broken_by_bare.then_some(path);
            }
        }
        match covers_more {
            Some(path) if !excluded.every_image() => Err((
                path,
                "without images this also covers one container; exclude it for the images `*`, too"
                    .to_owned(),
            )),
            _ => Ok(excluded),
        }
    }

    fn every_image(&self) -> bool {
        let is_all = |image: &String| !image.is_empty() && image.bytes().all(|one| one == b'*');
        self.images.iter().any(is_all)
    }

    /// What is left of a check; none where nothing is.
    fn less(&self, expressions: &Expressions) -> Option<String> {
        let told = self.told(&expressions.pod, &expressions.container);
        let untold = self.told(&None, &expressions.otherwise);
        let tests = match (told, untold) {
            (None, None) => return None,
            (Some(told), Some(untold)) if !self.images.is_empty() => {
                // What an excluded container does wrong itself hides what others leave out.
                let all = Excluded::default();
                let all = all.told(&expressions.pod, &expressions.container);
                format!("({} ? {untold} : {told})", all.unwrap_or_default())
            }
            (told, untold) => cel_text::all(told.into_iter().chain(untold).collect()),
        };
        let exempt = expressions.exempt.map(str::to_owned);
        Some(cel_text::any(exempt.into_iter().chain([tests]).collect()))
    }

    fn told(&self, pod: &Option<String>, container: &Option<String>) -> Option<String> {
        let mut tests = Vec::new();
        tests.extend(pod.clone().filter(|_| !self.pod));
        if let Some(test) = container.clone().filter(|_| !self.every_image()) {
            let image = "container.?image.orValue('')";
            let test = match self.images.as_slice() {
                [] => test,
                images => cel_text::any(vec![cel_text::matches_any(image, images), test]),
            };
            tests.push(format!("variables.containers.all(container, {test})"));
        }
        (!tests.is_empty()).then(|| cel_text::all(tests))
    }
}
