//! A written cleanup policy to one that is ready to run, or what keeps it from that.

use std::sync::Arc;

use portcullis_api::cleanup_policy::{CleanupPolicy, CleanupPolicyKind};
use portcullis_api::cluster_policy as api;
use portcullis_api::policy_exception::{AnyAllFilters, PolicyExceptionApiVersion};

use super::{CompiledCleanupPolicy, Schedule};
use crate::compile_options::CompileError;
use crate::context::entries;
use crate::context::query::Names;
use crate::lint;
use crate::matching::Matcher;
use crate::policies::cluster_policy::condition::{CompiledConditions, without_empty_any};
use crate::policy_info::PolicyInfo;

impl CompiledCleanupPolicy {
    /// Makes a policy ready.
    ///
    /// # Errors
    /// Everything that keeps it from being made ready, each with its place.
    pub fn compile(policy: &CleanupPolicy) -> Result<CompiledCleanupPolicy, Vec<CompileError>> {
        let info = info(policy);
        let spec = &policy.spec;
        let mut faults = faults(policy);
        let schedule = Schedule::parse(&spec.schedule);
        if let Err(reason) = &schedule {
            faults.push(("spec.schedule".to_owned(), reason.clone()));
        }
        let (true, Ok(schedule)) = (faults.is_empty(), schedule) else {
            return Err(CompileError::of_policy(&info, faults));
        };
        let mut names: Arc<Names> = Arc::from([]);
        let entries = entries::compile(&spec.context, &mut names);
        let conditions = spec.conditions.clone().map(without_empty_any);
        Ok(CompiledCleanupPolicy {
            rule: info.name.as_str().into(),
            matcher: Matcher::of_cleanup(&spec.r#match, spec.exclude.as_ref(), &info.namespace),
            info: Arc::new(info),
            conditions: conditions.map(|block| CompiledConditions::compile_block(&block, &names)),
            entries,
            schedule,
            propagation: spec.deletion_propagation_policy,
        })
    }
}

fn faults(policy: &CleanupPolicy) -> Vec<(String, String)> {
    let spec = &policy.spec;
    let mut faults = Vec::new();
    for (index, entry) in spec.context.iter().enumerate() {
        let source = match entry {
            entry if entry.config_map.is_some() => "configMap",
            entry if entry.image_registry.is_some() => "imageRegistry",
            _ => continue,
        };
        let message = format!(
            "a cleanup policy cannot have `{source}`; use `apiCall`, `variable` or `globalReference`"
        );
        faults.push((format!("spec.context[{index}].{source}"), message));
    }
    let blocks = [
        ("match", Some(&spec.r#match)),
        ("exclude", spec.exclude.as_ref()),
    ];
    for (name, block) in blocks {
        if let Some(block) = block {
            faults.extend(filter_faults(name, block));
        }
    }
    let is_empty = |list: &Option<Vec<api::ResourceFilter>>| list.iter().flatten().next().is_none();
    if is_empty(&spec.r#match.any) && is_empty(&spec.r#match.all) {
        let message = "it selects nothing; write `any` or `all` with a filter";
        faults.push(("spec.match".to_owned(), message.to_owned()));
    }
    faults.extend(lint::of_cleanup_policy(policy).into_iter().map(|found| {
        let message = format!("{}; {}", found.message, found.remedy);
        (dotted(&found.path), message)
    }));
    faults
}

/// A JSON pointer as `spec.conditions.all[0].key`.
fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for segment in pointer.split('/').skip(1) {
        match segment.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(segment),
            Err(_) => {
                path.push('.');
                path.push_str(&segment.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
    path
}

fn filter_faults(name: &str, block: &AnyAllFilters) -> Vec<(String, String)> {
    let lists = [("any", &block.any), ("all", &block.all)];
    let mut faults = Vec::new();
    for (list, filters) in lists {
        for (index, filter) in filters.iter().flatten().enumerate() {
            let users = [
                ("subjects", filter.subjects.is_empty()),
                ("roles", filter.roles.is_empty()),
                ("clusterRoles", filter.cluster_roles.is_empty()),
            ];
            for (field, _) in users.into_iter().filter(|(_, is_empty)| !is_empty) {
                let path = format!("spec.{name}.{list}[{index}].{field}");
                let message = "a cleanup policy runs on a schedule, and no user asks; leave it out";
                faults.push((path, message.to_owned()));
            }
        }
    }
    faults
}

fn info(policy: &CleanupPolicy) -> PolicyInfo {
    let metadata = &policy.metadata;
    PolicyInfo {
        api_version: match policy.api_version {
            PolicyExceptionApiVersion::V2 => "kyverno.io/v2",
            PolicyExceptionApiVersion::V2Beta1 => "kyverno.io/v2beta1",
        }
        .to_owned(),
        kind: match policy.kind {
            CleanupPolicyKind::CleanupPolicy => "CleanupPolicy",
            CleanupPolicyKind::ClusterCleanupPolicy => "ClusterCleanupPolicy",
        }
        .to_owned(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone(),
        annotations: metadata.annotations.clone(),
        admission: false,
        background: true,
        emit_warning: false,
        errors_deny: false,
    }
}
