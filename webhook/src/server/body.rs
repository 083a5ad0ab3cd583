//! Bodies: JSON of a bounded length.

use std::{future::poll_fn, pin::Pin};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, StatusCode, header},
};

use super::Refusal;

/// Whether the headers say that the body is JSON, whatever its charset.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a body that is no longer than the limit. Of a longer one, as much again is read and thrown
/// away, so that a client which writes before it reads gets to see the refusal.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut read = Vec::new();
    let mut length = 0usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| {
            let why = format!("the body broke off: {error}");
            Refusal::new(StatusCode::BAD_REQUEST, why)
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= limit {
            read.extend_from_slice(&data);
        } else if length > limit.saturating_mul(2) {
            break;
        }
    }
    if length > limit {
        let why = format!("the body has more than {limit} bytes");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    Ok(read)
}
