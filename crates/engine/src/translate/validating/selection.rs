//! `match` and `exclude` of a rule as match constraints and conditions.

use portcullis_api::{
    cel_expression::MatchCondition,
    cluster_policy::{MatchResources, Operation, ResourceDescription, ResourceFilter, Rule},
    label_selector::LabelSelector,
    match_constraints::{MatchConstraints, NamedRule},
};
use portcullis_schema::Catalogue;
use portcullis_values::wildcard;

use crate::matching::KindSelector;
use crate::translate::{Obstacle, cel_text, resource_rules, validating::conditions::Reads};

/// What a rule is about.
#[derive(Default)]
pub(super) struct Selection {
    pub(super) constraints: MatchConstraints,
    pub(super) conditions: Vec<MatchCondition>,
}

/// How a rule sees the object of a request.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    /// Whether it sees deletions.
    pub(super) deletions: bool,
    /// Whether it sees Namespaces.
    pub(super) namespaces: bool,
    /// The object, in expressions.
    pub(super) object: &'static str,
}

impl Sight {
    /// What conditions of the rule read.
    pub(super) fn reads(self) -> Reads<'static> {
        Reads {
            object: self.object,
            element: None,
        }
    }
}

/// Whether a rule is about Namespaces, too.
pub(super) fn sees_namespaces(rule: &Rule) -> bool {
    let kinds = kinds(rule).unwrap_or_default();
    let mut selectors = kinds.iter().map(|entry| KindSelector::parse(entry));
    selectors.any(|selector| selector.kind.is_match("Namespace"))
}

/// The entries of `kinds` in all filters of `match`.
pub(super) fn kinds(rule: &Rule) -> Result<Vec<String>, String> {
    let (filters, _) = filters(&rule.r#match)?;
    let resources = filters.into_iter().filter_map(|filter| filter.resources);
    Ok(resources.flat_map(|resources| resources.kinds).collect())
}

pub(super) fn of_rule(
    rule: &Rule,
    path: &str,
    sight: Sight,
    catalogue: &Catalogue,
) -> Result<Selection, Vec<Obstacle>> {
    let mut selection = Selection::default();
    let mut obstacles = Vec::new();
    let mut stopped = |block: &str, reason: String| {
        obstacles.push(Obstacle::new(format!("{path}.{block}"), reason));
    };
    if let Err(reason) = matched(&rule.r#match, sight, catalogue, &mut selection) {
        stopped("match", reason);
    }
    if let Some(exclude) = &rule.exclude {
        match excluded(exclude, sight) {
            Ok(conditions) => selection.conditions.extend(conditions),
            Err(reason) => stopped("exclude", reason),
        }
    }
    match obstacles.as_slice() {
        [] => Ok(selection),
        _ => Err(obstacles),
    }
}

fn matched(
    block: &MatchResources,
    sight: Sight,
    catalogue: &Catalogue,
    selection: &mut Selection,
) -> Result<(), String> {
    let (filters, all) = filters(block)?;
    if all && filters.len() > 1 {
        return Err("of several resource rules one suffices; these filters must all hold".into());
    }
    let is_only = filters.len() == 1;
    let mut parts = Vec::new();
    let mut by_kind = false;
    for filter in &filters {
        let mut written = resources(filter)?.clone();
        if is_only && let Some(selector) = written.namespace_selector.take() {
            selection.constraints.namespace_selector =
                Some(namespaced(selector, &written, catalogue)?);
        }
        parts.push((written.clone(), filter_test(&written, sight)?));
        seen(&mut written, sight);
        (written.name, written.names) = (None, Vec::new());
        let (known, unknown): (Vec<String>, Vec<String>) = std::mem::take(&mut written.kinds)
            .into_iter()
            .partition(|entry| !is_unknown(entry, catalogue));
        by_kind |= !unknown.is_empty();
        written.kinds = known;
        let rules = &mut selection.constraints.resource_rules;
        for rule in resource_rules::of(&written, catalogue)? {
            resource_rules::add(rules, rule);
        }
        for entry in unknown {
            resource_rules::add(rules, every_resource(&entry, &written));
        }
    }
    by_kind |= !is_only && parts.iter().any(|(_, test)| test != "true");
    let tests = parts.into_iter().map(|(written, test)| match by_kind {
        false => Ok(test),
        true => Ok(cel_text::all(vec![
            kinds_test(&written.kinds)?,
            operations_test(&written),
            test,
        ])),
    });
    let expression = cel_text::any(tests.collect::<Result<_, String>>()?);
    if expression != "true" {
        let name = "match".to_owned();
        selection
            .conditions
            .push(MatchCondition { name, expression });
    }
    match selection.constraints.resource_rules.as_slice() {
        [] => Err("it names no kinds".to_owned()),
        _ => Ok(()),
    }
}

/// Whether an entry of `kinds` names a kind whose resource is not known.
fn is_unknown(entry: &str, catalogue: &Catalogue) -> bool {
    let selector = KindSelector::parse(entry);
    selector.kind.is_literal()
        && selector.subresource.as_str().is_empty()
        && catalogue.find_kind(selector.kind.as_str()).is_empty()
}

/// Every resource of a kind's group and version; a condition asks for the kind.
fn every_resource(entry: &str, written: &ResourceDescription) -> NamedRule {
    let selector = KindSelector::parse(entry);
    NamedRule {
        api_groups: vec![selector.group.as_str().to_owned()],
        api_versions: vec![selector.version.as_str().to_owned()],
        operations: resource_rules::operations(&written.operations),
        resources: vec!["*".to_owned()],
        ..NamedRule::default()
    }
}

/// A pattern is not asked on deletion.
fn seen(written: &mut ResourceDescription, sight: Sight) {
    if sight.deletions {
        return;
    }
    match written.operations.as_slice() {
        [] => written.operations = vec![Operation::Create, Operation::Update],
        _ => written.operations.retain(|one| *one != Operation::Delete),
    }
}

/// The API server takes objects without a namespace whatever the selector, a rule does not.
fn namespaced(
    selector: LabelSelector,
    written: &ResourceDescription,
    catalogue: &Catalogue,
) -> Result<LabelSelector, String> {
    let mut known = written
        .kinds
        .iter()
        .flat_map(|entry| catalogue.find_kind(KindSelector::parse(entry).kind.as_str()));
    let is_wild = written
        .kinds
        .iter()
        .any(|entry| wildcard::has_wildcard(entry));
    match is_wild || known.any(|kind| !kind.namespaced) {
        true => {
            Err("a namespace selector is not translated for kinds without a namespace".to_owned())
        }
        false => Ok(selector),
    }
}

fn excluded(block: &MatchResources, sight: Sight) -> Result<Vec<MatchCondition>, String> {
    let (filters, all) = filters(block)?;
    let mut tests = Vec::new();
    for filter in filters {
        let written = resources(&filter)?;
        tests.push(cel_text::all(vec![
            kinds_test(&written.kinds)?,
            operations_test(written),
            filter_test(written, sight)?,
        ]));
    }
    let expressions = match all {
        true => vec![cel_text::all(tests)],
        false => tests,
    };
    let condition = |(index, expression): (usize, &String)| MatchCondition {
        name: match index {
            0 => "exclude".to_owned(),
            index => format!("exclude-{}", index + 1),
        },
        expression: cel_text::not(expression),
    };
    Ok(expressions.iter().enumerate().map(condition).collect())
}

fn filters(block: &MatchResources) -> Result<(Vec<ResourceFilter>, bool), String> {
    if block.resources.is_some() || !block.roles.is_empty() || !block.cluster_roles.is_empty() {
        let older = ResourceFilter {
            resources: block.resources.clone(),
            roles: block.roles.clone(),
            cluster_roles: block.cluster_roles.clone(),
            subjects: block.subjects.clone(),
        };
        return Ok((vec![older], false));
    }
    match (
        block.any.as_deref().unwrap_or_default(),
        block.all.as_deref().unwrap_or_default(),
    ) {
        ([], []) => Err("it has no filter".to_owned()),
        (any, []) => Ok((any.to_vec(), false)),
        ([], all) => Ok((all.to_vec(), true)),
        _ => Err("`any` beside `all`".to_owned()),
    }
}

fn resources(filter: &ResourceFilter) -> Result<&ResourceDescription, String> {
    if !filter.roles.is_empty() || !filter.cluster_roles.is_empty() || !filter.subjects.is_empty() {
        return Err("users and their roles are not translated".to_owned());
    }
    let resources = filter.resources.as_ref();
    resources.ok_or_else(|| "it selects no resources".to_owned())
}

fn operations_test(written: &ResourceDescription) -> String {
    if written.operations.is_empty() {
        return "true".to_owned();
    }
    let operations = resource_rules::operations(&written.operations);
    cel_text::matches_any("request.operation", &operations)
}

fn kinds_test(kinds: &[String]) -> Result<String, String> {
    if kinds.is_empty() {
        return Ok("true".to_owned());
    }
    let mut tests = Vec::new();
    for entry in kinds {
        let selector = KindSelector::parse(entry);
        let (kind, subresource) = (selector.kind.as_str(), selector.subresource.as_str());
        if !subresource.is_empty() || (wildcard::has_wildcard(kind) && kind != "*") {
            return Err(format!(
                "`{entry}`: wildcards and subresources in one filter of several"
            ));
        }
        let part = |of: &str, text: &str| cel_text::matches(&format!("request.kind.{of}"), text);
        tests.push(cel_text::all(vec![
            part("group", selector.group.as_str()),
            part("version", selector.version.as_str()),
            part("kind", kind),
        ]));
    }
    Ok(cel_text::any(tests))
}

/// What a filter asks beside kinds and operations.
fn filter_test(written: &ResourceDescription, sight: Sight) -> Result<String, String> {
    let object = sight.object;
    let mut tests = Vec::new();
    let names: Vec<String> = written.name.iter().chain(&written.names).cloned().collect();
    if !names.is_empty() {
        let name =
            format!("{object}.metadata.?name.orValue({object}.metadata.?generateName.orValue(''))");
        tests.push(cel_text::matches_any(&name, &names));
    }
    if !written.namespaces.is_empty() {
        let namespace = match sight.namespaces {
            false => "request.?namespace.orValue('')".to_owned(),
            // A Namespace is in none, and taken by its own name.
            true => format!(
                "(request.kind.kind == 'Namespace' ? {object}.metadata.?name.orValue('') : \
                 request.?namespace.orValue(''))"
            ),
        };
        tests.push(cel_text::matches_any(&namespace, &written.namespaces));
    }
    for (key, value) in &written.annotations {
        tests.push(label_test(
            &format!("{object}.metadata"),
            "annotations",
            key,
            value,
        )?);
    }
    if let Some(selector) = &written.selector {
        tests.extend(selector_tests(selector, object)?);
    }
    if written.namespace_selector.is_some() {
        return Err("labels of the namespace in one filter of several, or in `exclude`".to_owned());
    }
    Ok(cel_text::all(tests))
}

fn label_test(metadata: &str, field: &str, key: &str, value: &str) -> Result<String, String> {
    if wildcard::has_wildcard(key) {
        return Err(format!(
            "`{key}`: wildcards in keys of {field} are not translated"
        ));
    }
    let (has, found) = cel_text::field(&format!("{metadata}.{field}"), key);
    Ok(cel_text::all(vec![
        format!("has({metadata}.{field})"),
        has,
        cel_text::matches(&found, value),
    ]))
}

fn selector_tests(selector: &LabelSelector, object: &str) -> Result<Vec<String>, String> {
    let metadata = format!("{object}.metadata");
    let mut tests = Vec::new();
    for (key, value) in &selector.match_labels {
        if wildcard::has_wildcard(value) {
            return Err(format!("`{value}`: wildcards in labels of a selector"));
        }
        tests.push(label_test(&metadata, "labels", key, value)?);
    }
    for requirement in &selector.match_expressions {
        let (has, found) = cel_text::field(&format!("{metadata}.labels"), &requirement.key);
        let has = format!("has({metadata}.labels) && {has}");
        let is_one = cel_text::matches_any(&found, &requirement.values);
        tests.push(match requirement.operator.as_str() {
            "Exists" => has,
            "DoesNotExist" => cel_text::not(&format!("({has})")),
            "In" => cel_text::all(vec![has, is_one]),
            "NotIn" => cel_text::not(&cel_text::all(vec![has, is_one])),
            other => return Err(format!("`{other}` is no operator of a selector")),
        });
    }
    Ok(tests)
}
