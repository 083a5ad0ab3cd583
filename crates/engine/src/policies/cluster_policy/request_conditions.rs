//! `webhookConfiguration.matchConditions`: conditions in CEL that a request must meet for any rule of
//! the policy.
//!
//! The API server asks them before it calls the webhook, with `object`, `oldObject`, `request` and
//! `authorizer`. One that is false decides, whatever the others come to; an error lets the request
//! pass under `failurePolicy: Ignore` only.

use portcullis_api::cluster_policy as api;

use crate::cel::{
    compiler::{Compiler, PlacedProgram},
    environment::{Flavour, environment},
    host::SourceHost,
    preamble,
    scope::{RequestScope, Scope},
};
use crate::compile_options::CompileOptions;
use crate::context::{Store, source::ContextSource};
use crate::request::Request;

/// The conditions of a policy, ready to run.
#[derive(Debug)]
pub(super) struct RequestConditions {
    conditions: Vec<PlacedProgram>,
    /// Whether one that cannot be decided is as good as one that is false.
    ignores_errors: bool,
}

impl RequestConditions {
    /// Makes the conditions of a policy ready, if it has any.
    ///
    /// # Errors
    /// Every expression that does not compile, with its path.
    pub(super) fn compile(
        spec: &api::PolicySpec,
        errors_deny: bool,
        options: &CompileOptions,
    ) -> Result<Option<RequestConditions>, Vec<(String, String)>> {
        let webhook = spec.webhook_configuration.as_ref();
        let written = webhook.map_or(&[][..], |webhook| &webhook.match_conditions);
        if written.is_empty() {
            return Ok(None);
        }
        let mut compiler = Compiler::new(environment(Flavour::Admission));
        let path = "spec.webhookConfiguration.matchConditions";
        let conditions = preamble::conditions_at(&mut compiler, path, written);
        match compiler.into_faults() {
            faults if faults.is_empty() => Ok(Some(RequestConditions {
                conditions,
                // Kyverno's commands leave the policy out then.
                ignores_errors: options.compat || !errors_deny,
            })),
            faults => Err(faults),
        }
    }

    /// Whether a request meets them.
    ///
    /// # Errors
    /// Why that cannot be decided.
    pub(super) fn hold(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> Result<bool, String> {
        let (store, host) = (Store::new(), SourceHost::new(source));
        let request = RequestScope::new(request, &store);
        let scope = Scope::new(&request, &host, &[]);
        match preamble::all_hold(&self.conditions, &scope) {
            Err(_) if self.ignores_errors => Ok(false),
            decided => decided,
        }
    }
}
