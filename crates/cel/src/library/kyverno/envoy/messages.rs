//! The messages of Envoy's external authorization, with the fields that policies can read.

use crate::message::{Description, Messages};

/// The type of `object`.
pub const CHECK_REQUEST: &str = "envoy.service.auth.v3.CheckRequest";
/// The type of an answer.
pub const CHECK_RESPONSE: &str = "envoy.service.auth.v3.CheckResponse";

pub(super) const OK: &str = "envoy.service.auth.v3.OkHttpResponse";
pub(super) const DENIED: &str = "envoy.service.auth.v3.DeniedHttpResponse";
pub(super) const HEADER: &str = "envoy.config.core.v3.HeaderValueOption";
pub(super) const HEADER_VALUE: &str = "envoy.config.core.v3.HeaderValue";
pub(super) const PARAMETER: &str = "envoy.config.core.v3.QueryParameter";
pub(super) const HTTP_STATUS: &str = "envoy.type.v3.HttpStatus";
pub(super) const STATUS: &str = "google.rpc.Status";

/// The messages of Envoy's external authorization.
pub const ENVOY_MESSAGES: Messages = Messages(MESSAGES);

const MESSAGES: &[Description] = &[
    (
        CHECK_REQUEST,
        &[(
            "attributes",
            "message(envoy.service.auth.v3.AttributeContext)",
        )],
    ),
    (
        "envoy.service.auth.v3.AttributeContext",
        &[
            (
                "source",
                "message(envoy.service.auth.v3.AttributeContext.Peer)",
            ),
            (
                "destination",
                "message(envoy.service.auth.v3.AttributeContext.Peer)",
            ),
            (
                "request",
                "message(envoy.service.auth.v3.AttributeContext.Request)",
            ),
            ("context_extensions", "map(string, string)"),
            ("metadata_context", "message(envoy.config.core.v3.Metadata)"),
            (
                "route_metadata_context",
                "message(envoy.config.core.v3.Metadata)",
            ),
            (
                "tls_session",
                "message(envoy.service.auth.v3.AttributeContext.TLSSession)",
            ),
        ],
    ),
    (
        "envoy.service.auth.v3.AttributeContext.Peer",
        &[
            ("address", "message(envoy.config.core.v3.Address)"),
            ("service", "string"),
            ("labels", "map(string, string)"),
            ("principal", "string"),
            ("certificate", "string"),
        ],
    ),
    (
        "envoy.service.auth.v3.AttributeContext.Request",
        &[
            ("time", "timestamp"),
            (
                "http",
                "message(envoy.service.auth.v3.AttributeContext.HttpRequest)",
            ),
        ],
    ),
    (
        "envoy.service.auth.v3.AttributeContext.HttpRequest",
        &[
            ("id", "string"),
            ("method", "string"),
            ("headers", "map(string, string)"),
            ("header_map", "message(envoy.config.core.v3.HeaderMap)"),
            ("path", "string"),
            ("host", "string"),
            ("scheme", "string"),
            ("query", "string"),
            ("fragment", "string"),
            ("size", "int"),
            ("protocol", "string"),
            ("body", "string"),
            ("raw_body", "bytes"),
        ],
    ),
    (
        "envoy.service.auth.v3.AttributeContext.TLSSession",
        &[("sni", "string")],
    ),
    (
        "envoy.config.core.v3.Address",
        &[
            (
                "socket_address",
                "message(envoy.config.core.v3.SocketAddress)",
            ),
            ("pipe", "message(envoy.config.core.v3.Pipe)"),
        ],
    ),
    (
        "envoy.config.core.v3.SocketAddress",
        &[
            ("protocol", "dyn"),
            ("address", "string"),
            ("port_value", "int"),
            ("named_port", "string"),
            ("resolver_name", "string"),
            ("ipv4_compat", "bool"),
        ],
    ),
    (
        "envoy.config.core.v3.Pipe",
        &[("path", "string"), ("mode", "int")],
    ),
    (
        "envoy.config.core.v3.Metadata",
        &[
            ("filter_metadata", "map(string, map(string, dyn))"),
            ("typed_filter_metadata", "map(string, dyn)"),
        ],
    ),
    (
        "envoy.config.core.v3.HeaderMap",
        &[("headers", "list(message(envoy.config.core.v3.HeaderValue))")],
    ),
    (
        HEADER_VALUE,
        &[
            ("key", "string"),
            ("value", "string"),
            ("raw_value", "bytes"),
        ],
    ),
    (
        HEADER,
        &[
            ("header", "message(envoy.config.core.v3.HeaderValue)"),
            ("append", "dyn"),
            ("append_action", "dyn"),
            ("keep_empty_value", "bool"),
        ],
    ),
    (PARAMETER, &[("key", "string"), ("value", "string")]),
    (HTTP_STATUS, &[("code", "int")]),
    (
        STATUS,
        &[
            ("code", "int"),
            ("message", "string"),
            ("details", "list(dyn)"),
        ],
    ),
    (
        OK,
        &[
            (
                "headers",
                "list(message(envoy.config.core.v3.HeaderValueOption))",
            ),
            ("headers_to_remove", "list(string)"),
            ("dynamic_metadata", "map(string, dyn)"),
            (
                "response_headers_to_add",
                "list(message(envoy.config.core.v3.HeaderValueOption))",
            ),
            (
                "query_parameters_to_set",
                "list(message(envoy.config.core.v3.QueryParameter))",
            ),
            ("query_parameters_to_remove", "list(string)"),
        ],
    ),
    (
        DENIED,
        &[
            ("status", "message(envoy.type.v3.HttpStatus)"),
            (
                "headers",
                "list(message(envoy.config.core.v3.HeaderValueOption))",
            ),
            ("body", "string"),
        ],
    ),
    (
        CHECK_RESPONSE,
        &[
            ("status", "message(google.rpc.Status)"),
            (
                "denied_response",
                "message(envoy.service.auth.v3.DeniedHttpResponse)",
            ),
            (
                "ok_response",
                "message(envoy.service.auth.v3.OkHttpResponse)",
            ),
            ("dynamic_metadata", "map(string, dyn)"),
        ],
    ),
];
