//! One call to the API server, as data.

use http::{Method, Request, header};
use serde_json::Value;

/// A call: method, path with query, and body.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call {
            method: Method::GET,
            path: path.into(),
            body: None,
        }
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Call {
        Call {
            method: Method::POST,
            path: path.into(),
            body: Some(body),
        }
    }

    pub(crate) fn put(path: impl Into<String>, body: Value) -> Call {
        Call {
            method: Method::PUT,
            path: path.into(),
            body: Some(body),
        }
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
            .header(header::ACCEPT, "application/json");
        let mut bytes = Vec::new();
        if let Some(body) = &self.body {
            request = request.header(header::CONTENT_TYPE, "application/json");
            bytes = serde_json::to_vec(body).map_err(|error| error.to_string())?;
        }
        request.body(bytes).map_err(|error| error.to_string())
    }
}
