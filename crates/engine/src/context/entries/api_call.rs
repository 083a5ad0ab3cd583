//! `apiCall: {urlPath | service, method, data, jmesPath, default}`; a namespaced policy may call
//! paths of its own namespace only, and no service.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use serde_json::{Map, Value};

use super::error::{EntryError, answered};
use super::select::Select;
use crate::context::json_context::JsonContext;
use crate::context::query::Names;
use crate::context::source::{ApiCall, ServiceCall};
use crate::context::url_path;
use crate::context::variables::{Template, TemplateError};

#[derive(Debug)]
pub(super) struct Call {
    method: &'static str,
    url_path: Template,
    service: Option<Service>,
    data: Vec<(String, Template)>,
    pub(super) select: Option<Select>,
    pub(super) default: Option<Template>,
}

#[derive(Debug)]
struct Service {
    url: Template,
    headers: Vec<(Template, Template)>,
    ca_bundle: String,
}

impl Call {
    pub(super) fn compile(call: &api::ContextApiCall, names: &Arc<Names>) -> Call {
        let text = |text: &str| Template::compile_text(text, names);
        Call {
            method: match call.method {
                Some(api::HttpMethod::Post) => "POST",
                _ => "GET",
            },
            url_path: text(call.url_path.as_deref().unwrap_or_default()),
            service: call.service.as_ref().map(|service| Service {
                url: text(&service.url),
                headers: service
                    .headers
                    .iter()
                    .map(|header| (text(&header.key), text(&header.value)))
                    .collect(),
                ca_bundle: service.ca_bundle.clone().unwrap_or_default(),
            }),
            data: call
                .data
                .iter()
                .map(|data| (data.key.clone(), Template::compile(&data.value, names)))
                .collect(),
            select: Select::compile(call.jmes_path.as_deref(), names),
            default: call
                .default
                .as_ref()
                .map(|default| Template::compile(default, names)),
        }
    }

    pub(super) fn load<'a>(
        &'a self,
        context: &JsonContext<'a>,
    ) -> Result<Option<Value>, EntryError> {
        let call = self.call(context)?;
        if let Some(own) = context.policy_namespace()
            && (call.service.is_some() || !url_path::is_within(&call.url_path, own))
        {
            return Err(EntryError::OtherNamespace {
                what: match &call.service {
                    Some(service) => format!("service `{}`", service.url),
                    None => format!("path `{}`", call.url_path),
                },
                namespace: own.to_owned(),
            });
        }
        answered(context.source().api_call(&call), || {
            let service = call.service.as_ref().map(|service| service.url.as_str());
            format!(
                "data for APICall {} {}",
                call.method,
                service.unwrap_or(&call.url_path)
            )
        })
    }

    fn call<'a>(&'a self, context: &JsonContext<'a>) -> Result<ApiCall, EntryError> {
        let owned = |template: &'a Template| -> Result<String, TemplateError> {
            Ok(template.evaluate_text(context)?.as_str().to_owned())
        };
        let service = match &self.service {
            Some(service) => {
                let mut headers = Vec::with_capacity(service.headers.len());
                for (key, value) in &service.headers {
                    headers.push((owned(key)?, owned(value)?));
                }
                Some(ServiceCall {
                    url: owned(&service.url)?,
                    headers,
                    ca_bundle: service.ca_bundle.clone(),
                })
            }
            None => None,
        };
        let mut body = Map::new();
        for (key, value) in &self.data {
            body.insert(key.clone(), value.evaluate(context)?.to_json());
        }
        Ok(ApiCall {
            method: self.method.to_owned(),
            url_path: owned(&self.url_path)?,
            service,
            body: (self.method == "POST").then_some(Value::Object(body)),
        })
    }
}
