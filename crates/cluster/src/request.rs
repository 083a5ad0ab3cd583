//! One call to the API server, as data.

use http::{Method, Request, header};
use serde_json::Value;

/// A call: method, path with query, and body.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
    content_type: &'static str,
}

const JSON: &str = "application/json";

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call::new(Method::GET, path, None)
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Call {
        Call::new(Method::POST, path, Some(body))
    }

    pub(crate) fn put(path: impl Into<String>, body: Value) -> Call {
        Call::new(Method::PUT, path, Some(body))
    }

    pub(crate) fn delete(path: impl Into<String>, body: Value) -> Call {
        Call::new(Method::DELETE, path, Some(body))
    }

    /// The server merges the body into what is there; JSON is YAML.
    pub(crate) fn apply(path: impl Into<String>, body: Value) -> Call {
        Call {
            content_type: "application/apply-patch+yaml",
            ..Call::new(Method::PATCH, path, Some(body))
        }
    }

    pub(crate) fn json_patch(path: impl Into<String>, body: Value) -> Call {
        Call {
            content_type: "application/json-patch+json",
            ..Call::new(Method::PATCH, path, Some(body))
        }
    }

    fn new(method: Method, path: impl Into<String>, body: Option<Value>) -> Call {
        Call {
            method,
            path: path.into(),
            body,
            content_type: JSON,
        }
    }

    /// Whether it may change something.
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Method and path without the query, as errors name the call.
    pub(crate) fn label(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    pub(crate) fn request(&self) -> Result<Request<Vec<u8>>, String> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(header::ACCEPT, JSON);
        let mut bytes = Vec::new();
        if let Some(body) = &self.body {
            request = request.header(header::CONTENT_TYPE, self.content_type);
            bytes = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        }
        request.body(bytes).map_err(|error| error.to_string())
    }
}
