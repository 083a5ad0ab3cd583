//! Tokens and their keys, and the answers and requests of proxies.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what a test cannot read makes it fail"
)]

use std::net::IpAddr;

use portcullis_cel::{
    environment::Environment,
    host::{Host, HttpRequest, Offline, ResourceRef},
    library::kyverno::{
        self, EnvoyAnswer, HttpAnswer, envoy_answer, envoy_request, http_answer, http_request,
    },
    program::{Options, Variables},
    types::Type,
    value::{Timestamp, Value},
};
use serde_json::{Value as Json, json};

/// Keys, and a token of each algorithm that one of them signed.
const TOKENS: &str = include_str!("authorization/tokens.json");

/// A world that serves the keys, at a time.
#[derive(Debug)]
struct World {
    seconds: i64,
}

impl Host for World {
    fn now(&self) -> Timestamp {
        Timestamp {
            seconds: self.seconds,
            nanos: 0,
        }
    }
    fn random(&self) -> u64 {
        0
    }
    fn get(&self, at: &ResourceRef<'_>) -> Result<Option<Json>, String> {
        Offline.get(at)
    }
    fn list(&self, at: &ResourceRef<'_>, labels: &[(String, String)]) -> Result<Json, String> {
        Offline.list(at, labels)
    }
    fn post(&self, at: &ResourceRef<'_>, object: &Json) -> Result<Json, String> {
        Offline.post(at, object)
    }
    fn resource_of(&self, version: &str, kind: &str) -> Result<[String; 3], String> {
        Offline.resource_of(version, kind)
    }
    fn http(&self, request: &HttpRequest<'_>) -> Result<Json, String> {
        let mut all: Json = serde_json::from_str(TOKENS).unwrap();
        let keys = all["keys"]["keys"].take();
        match request.url {
            "https://keys" => Ok(json!({"keys": keys, "statusCode": 200})),
            "https://one" => {
                let mut one = keys[0].clone();
                one.as_object_mut().unwrap().remove("kid");
                Ok(one)
            }
            "https://none" => Ok(json!({"statusCode": 200})),
            "https://gone" => Ok(json!({"statusCode": 404})),
            other => Offline.http(&HttpRequest {
                url: other,
                ..*request
            }),
        }
    }
    fn global(&self, name: &str, projection: Option<&str>) -> Result<Option<Json>, String> {
        Offline.global(name, projection)
    }
    fn image_metadata(&self, image: &str) -> Result<Json, String> {
        Offline.image_metadata(image)
    }
    fn generate(&self, namespace: Option<&str>, objects: &[Json]) -> Result<bool, String> {
        Offline.generate(namespace, objects)
    }
    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        Offline.lookup_host(name)
    }
    fn authorize(&self, attributes: &Json) -> Result<(bool, String), String> {
        Offline.authorize(attributes)
    }
}

struct Object(Value<'static>);

impl Variables<'static> for Object {
    fn get(&self, name: &str) -> Option<portcullis_cel::error::Evaluated<'static>> {
        (name == "object").then(|| Ok(self.0.clone()))
    }
}

fn environment(library: &'static portcullis_cel::function::Library, object: Type) -> Environment {
    Environment::kyverno()
        .libraries(&[library, &kyverno::JWT, &kyverno::MCP])
        .types(std::sync::Arc::new(kyverno::ENVOY_MESSAGES))
        .types(std::sync::Arc::new(kyverno::HTTP_MESSAGES))
        .types(std::sync::Arc::new(kyverno::JWT_MESSAGES))
        .variable("object", object)
        .build()
}

/// What an expression gives, with an object, at a time.
fn evaluated<T>(
    environment: &Environment,
    text: &str,
    object: Value<'static>,
    seconds: i64,
    of: impl FnOnce(Result<Value<'_>, String>) -> T,
) -> T {
    let checked = environment.compile(text).map_err(|error| error.rendered);
    let program = checked.and_then(|checked| {
        let program = environment.program(&checked);
        program.map_err(|error| error.rendered)
    });
    match program {
        Ok(program) => {
            let host = World { seconds };
            let options = Options {
                host: &host,
                cost_limit: None,
            };
            // The program is a constant of the test, as it would be of a policy.
            let program = Box::leak(Box::new(program));
            let outcome = program.evaluate(&Object(object), options);
            of(outcome.result.map_err(|error| error.message))
        }
        Err(error) => of(Err(error)),
    }
}

fn said(value: Result<Value<'_>, String>) -> String {
    match value {
        Ok(value) => value
            .to_json()
            .map_or_else(|error| error, |json| json.to_string()),
        Err(error) => format!("error: {error}"),
    }
}

fn tokens(text: &str, seconds: i64) -> String {
    let all: Json = serde_json::from_str(TOKENS).unwrap();
    let mut text = text.to_owned();
    for (algorithm, token) in all["tokens"].as_object().unwrap() {
        text = text.replace(&format!("<{algorithm}>"), token.as_str().unwrap());
    }
    let environment = environment(&kyverno::ENVOY, Type::Dyn);
    evaluated(&environment, &text, Value::Null, seconds, said)
}

#[test]
fn tokens_are_verified() {
    for (algorithm, key, wrong) in [
        ("HS256", "'secret'", "'Secret'"),
        ("HS384", "'secret'", "'Secret'"),
        ("HS512", "'secret'", "'Secret'"),
        ("RS256", "jwks.Fetch('https://keys')", "'secret'"),
        ("RS384", "jwks.Fetch('https://keys')", "'secret'"),
        ("RS512", "jwks.Fetch('https://keys')", "'secret'"),
        ("PS256", "jwks.Fetch('https://keys')", "'secret'"),
        ("PS384", "jwks.Fetch('https://keys')", "'secret'"),
        ("PS512", "jwks.Fetch('https://keys')", "'secret'"),
        ("ES256", "jwks.Fetch('https://keys')", "'secret'"),
        ("ES384", "jwks.Fetch('https://keys')", "'secret'"),
        ("ES512", "jwks.Fetch('https://keys')", "'secret'"),
        ("EdDSA", "jwks.Fetch('https://keys')", "'secret'"),
    ] {
        let decode = |key: &str| {
            format!("[jwt.Decode('<{algorithm}>', {key})].map(t, [dyn(t.Valid), t.Claims.sub])")
        };
        assert_eq!(tokens(&decode(key), 50), "[[true,\"anna\"]]", "{algorithm}");
        let refused = tokens(&decode(wrong), 50);
        assert!(
            refused.starts_with("error: jwt.Decode: "),
            "{algorithm}: {refused}"
        );
        // A changed letter of the signature.
        let changed = decode(key).replace(&format!("<{algorithm}>"), &format!("x<{algorithm}>"));
        assert!(tokens(&changed, 50).starts_with("error: "), "{algorithm}");
    }
    for (text, expected) in [
        (
            "jwt.Decode('<HS256>', '').Valid",
            "error: jwt.Decode: the key is empty",
        ),
        (
            "jwt.Decode('<none>', 'secret').Valid",
            "error: jwt.Decode: the signature (none) does not fit the key",
        ),
        (
            "jwt.Decode('a.b', 'secret').Valid",
            "error: jwt.Decode: the token is not of three parts with dots between",
        ),
        (
            "jwt.Decode('a.b.c', 'secret').Valid",
            "error: jwt.Decode: the token's header is no JSON in base64url",
        ),
        (
            "jwt.Decode('<HS256>', jwks.Fetch('https://keys')).Valid",
            "error: jwt.Decode: the token names no key, and the set has not exactly one",
        ),
        (
            "jwt.Decode('<RS256>', jwks.Fetch('https://one')).Valid",
            "error: jwt.Decode: no key is called `rsa`, which the token names",
        ),
        (
            "jwks.Fetch('https://none') == null",
            "error: jwks.Fetch: https://none: the answer is no set of keys",
        ),
        (
            "jwks.Fetch('https://gone') == null",
            "error: jwks.Fetch: https://gone: the answer has status 404",
        ),
    ] {
        assert_eq!(tokens(text, 50), expected, "{text}");
    }
}

#[test]
fn a_token_is_valid_in_its_time() {
    for (seconds, valid) in [(9, "false"), (10, "true"), (99, "true"), (100, "false")] {
        assert_eq!(
            tokens("jwt.Decode('<HS256>', 'secret').Valid", seconds),
            valid,
            "{seconds}"
        );
    }
}

#[test]
fn answers_to_envoy() {
    let request = json!({"attributes": {
        "contextExtensions": {"a": "b"},
        "source": {"address": {"socketAddress": {"address": "10.0.0.1", "portValue": "80"}}},
        "request": {"time": "2026-01-01T00:00:00Z", "http": {"path": "/p", "size": "7", "raw_body": "AQI="}},
    }});
    let environment = environment(&kyverno::ENVOY, Type::message(kyverno::CHECK_REQUEST));
    let check = |text: &str, expected: Result<Option<EnvoyAnswer>, &str>| {
        let object = envoy_request(&request).unwrap();
        let found = evaluated(&environment, text, object, 0, |value| {
            value.map(|value| envoy_answer(&value))
        });
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected), "{text}"),
            Err(part) => assert!(
                found.clone().unwrap_err().contains(part),
                "{text}: {found:?}"
            ),
        }
    };
    let allowed = Ok(Some(EnvoyAnswer::Allowed));
    let denied = |code| Ok(Some(EnvoyAnswer::Denied(code)));
    check("envoy.Allowed().Response()", allowed.clone());
    check(
        "envoy.Denied(401).WithBody('b').WithHeader('a', 'b').Response()",
        denied(401),
    );
    check("envoy.service.auth.v3.CheckResponse{}", allowed.clone());
    check(
        "envoy.service.auth.v3.CheckResponse{status: google.rpc.Status{code: 7}}",
        denied(403),
    );
    check("null", Ok(None));
    check(
        "envoy.Denied('401').Response()",
        Err("found no matching overload"),
    );
    for condition in [
        "object.attributes.request.http.path == '/p' && object.attributes.request.http.size == 7",
        "object.attributes.request.http.raw_body == b'\\x01\\x02'",
        "object.attributes.context_extensions.a == 'b'",
        "object.attributes.source.address.socket_address.port_value == 80",
        "object.attributes.request.time == timestamp('2026-01-01T00:00:00Z')",
        "object.attributes.request.http.method == '' && !has(object.attributes.request.http.method)",
        "!has(object.attributes.destination) && object.attributes.destination.principal == ''",
        "size(object.attributes.request.http.headers) == 0",
        "object.?attributes.?tls_session.?sni.orValue('none') == 'none'",
        "envoy.Allowed().WithHeader(envoy.Header('a', 'b').KeepEmptyValue()).headers[0].keep_empty_value",
        "envoy.Allowed().WithQueryParam('a', 'b').query_parameters_to_set[0].value == 'b'",
        "envoy.Allowed().WithResponseHeader('a', 'b').response_headers_to_add[0].header.key == 'a'",
        "envoy.Allowed().WithoutHeader('a').WithoutQueryParam('b').query_parameters_to_remove == ['b']",
        "envoy.Denied(403).Response().WithMessage('m').status.message == 'm'",
    ] {
        check(
            &format!("{condition} ? envoy.Allowed().Response() : null"),
            allowed.clone(),
        );
    }
    for (wrong, told) in [
        (
            json!({"attributes": {"request": {"http": {"metod": "GET"}}}}),
            "`attributes.request.http.metod`",
        ),
        (
            json!({"attributes": []}),
            "`attributes`: expected an object, found a list",
        ),
        (
            json!({"attributes": {"request": {"http": {"size": "x"}}}}),
            "expected a whole number",
        ),
    ] {
        assert!(envoy_request(&wrong).unwrap_err().contains(told), "{wrong}");
    }
}

#[test]
fn answers_to_http_requests() {
    let body = r#"{"method": "tools/call", "id": 3, "params": {"name": "n", "arguments": {"s": "x", "i": 2, "l": [1, "2", "y"], "b": "true"}}}"#;
    let encoded = encoded(body);
    let request = json!({"attributes": {
        "method": "POST", "header": {"X-Team": ["shop"]}, "query": {"page": ["1", "2"]}, "body": encoded, "unknown": 1,
    }});
    let environment = environment(
        &kyverno::HTTP_AUTHORIZATION,
        Type::message(kyverno::HTTP_REQUEST),
    );
    let answer = |text: &str| {
        let object = http_request(&request).unwrap();
        evaluated(&environment, text, object, 0, |value| {
            value.map(|value| http_answer(&value))
        })
    };
    assert_eq!(
        answer("http.Denied('no').Response()"),
        Ok(Some(HttpAnswer::Denied("no".to_owned())))
    );
    assert_eq!(
        answer("object.attributes.method == 'GET' ? http.Allowed().Response() : null"),
        Ok(None)
    );
    for condition in [
        "object.attributes.Header('x-team') == ['shop'] && object.attributes.Header('other') == []",
        "object.attributes.QueryParam('page')[1] == '2' && object.attributes.QueryParam('Page') == []",
        "object.mcp.request.Method == 'tools/call' && object.mcp.request.ToolCall.Name == 'n'",
        "mcp.Parse(string(object.attributes.body)).GetStringArgument('s', '') == 'x'",
        "object.mcp.request.GetStringArgument('i', 'none') == 'none'",
        "object.mcp.request.GetIntArgument('i', 0) == 2 && object.mcp.request.GetIntArgument('z', 5) == 5",
        "object.mcp.request.GetFloatArgument('i', 0.0) == 2.0",
        "object.mcp.request.GetBoolArgument('b', false)",
        "object.mcp.request.GetIntSliceArgument('l', [0]) == [1, 2]",
        "object.mcp.request.GetStringSliceArgument('z', ['d']) == ['d']",
    ] {
        let text = format!("{condition} ? http.Allowed().Response() : null");
        assert_eq!(answer(&text), Ok(Some(HttpAnswer::Allowed)), "{condition}");
    }
}

fn encoded(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}
