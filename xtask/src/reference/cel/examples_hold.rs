//! Every function and macro has an example, and each example gives what its row says.

use std::net::IpAddr;

use portcullis_cel::{
    environment::Environment,
    error::Evaluated,
    host::{Host, HttpRequest, ResourceRef},
    library::{
        kubernetes::authorizer,
        kyverno::{HTTP_REQUEST, http_request},
    },
    program::{Options, Variables},
    types::Type,
    value::{Timestamp, Value},
};
use serde_json::{Value as Json, json};

use super::{Flavour, KINDS, environment, functions, has, libraries, rows};

#[test]
fn every_function_has_an_example_that_holds() {
    let mut problems = Vec::new();
    for library in libraries() {
        for name in functions(library).keys() {
            if !rows().any(|[of, row, ..]| of == library.name && row == name) {
                problems.push(format!("{}\t{name}\t\t is missing", library.name));
            }
        }
    }
    for [library, name, expression, gives] in rows() {
        let found = libraries().into_iter().find(|known| known.name == library);
        let Some(library) = found.filter(|found| functions(found).contains_key(name)) else {
            problems.push(format!("{library} has no {name}"));
            continue;
        };
        let kinds = KINDS.iter().map(|(flavour, _)| *flavour);
        let having = kinds
            .chain([Flavour::Admission])
            .map(environment)
            .filter(|known| has(known, library));
        let mut said: Vec<Result<String, String>> = having
            .map(|environment| evaluate(environment, expression))
            .collect();
        // Not every kind that has a library has the variables of the example.
        said.sort_by_key(Result::is_err);
        let said = match said.into_iter().next() {
            Some(Ok(said) | Err(said)) => said,
            None => String::new(),
        };
        if said != gives {
            problems.push(format!("{}\t{name}\t{expression}\t{said}", library.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What an expression gives, or why it does not compile.
fn evaluate(environment: &Environment, expression: &str) -> Result<String, String> {
    let compiled = environment
        .compile(expression)
        .and_then(|checked| environment.program(&checked));
    let program = compiled.map_err(|error| error.to_string())?;
    let program = Box::leak(Box::new(program));
    let options = Options {
        host: &World,
        cost_limit: None,
    };
    let seen = Seen {
        is_http: environment.variable("object") == Some(&Type::message(HTTP_REQUEST)),
    };
    Ok(match program.evaluate(&seen, options).result {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    })
}

/// The variables of the examples.
struct Seen {
    is_http: bool,
}

impl Variables<'static> for Seen {
    fn get(&self, name: &str) -> Option<Evaluated<'static>> {
        Some(Ok(match name {
            "object" if self.is_http => http_request(&json!({"attributes": {
                "header": {"accept": ["text/html"]}, "query": {"page": ["2"]},
            }}))
            .expect("the request is read"),
            "object" => Value::from_json(json!({"spec": {"replicas": 3, "ca": ISSUER}})),
            "attestors" => Value::from_json(json!({"ci": {"name": "ci"}})),
            "attestations" => Value::from_json(json!({"sbom": "sbom"})),
            "authorizer" => authorizer(),
            _ => return None,
        }))
    }
}

/// The certificate in `object.spec.ca`.
const ISSUER: &str = include_str!("issuer.pem");

/// A cluster with a ConfigMap, a server that answers, and a user who may do everything.
#[derive(Debug)]
struct World;

fn config_map() -> Json {
    json!({"kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"most": "5"}})
}

impl Host for World {
    fn now(&self) -> Timestamp {
        Timestamp {
            seconds: 1_767_225_600,
            nanos: 0,
        }
    }

    fn random(&self) -> u64 {
        0
    }

    fn get(&self, _: &ResourceRef<'_>) -> Result<Option<Json>, String> {
        Ok(Some(config_map()))
    }

    fn list(&self, _: &ResourceRef<'_>, _: &[(String, String)]) -> Result<Json, String> {
        Ok(json!({"items": [config_map()]}))
    }

    fn post(&self, _: &ResourceRef<'_>, object: &Json) -> Result<Json, String> {
        Ok(object.clone())
    }

    fn resource_of(&self, _: &str, _: &str) -> Result<[String; 3], String> {
        Ok(["apps", "v1", "deployments"].map(str::to_owned))
    }

    fn http(&self, _: &HttpRequest<'_>) -> Result<Json, String> {
        Ok(json!({"statusCode": 200, "ready": true, "keys": []}))
    }

    fn global(&self, _: &str, _: Option<&str>) -> Result<Option<Json>, String> {
        Ok(Some(json!({"most": 5})))
    }

    fn image_metadata(&self, image: &str) -> Result<Json, String> {
        Ok(json!({"image": image, "resolvedImage": format!("{image}@sha256:1")}))
    }

    fn generate(&self, _: Option<&str>, _: &[Json]) -> Result<bool, String> {
        Ok(true)
    }

    fn lookup_host(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        Ok(vec![IpAddr::from([10, 0, 0, 1])])
    }

    fn authorize(&self, _: &Json) -> Result<(bool, String), String> {
        Ok((true, "by a role".to_owned()))
    }

    fn verify_image(&self, _: &str, _: &str, _: Option<&str>) -> Result<bool, String> {
        Ok(true)
    }

    fn image_payload(&self, _: &str, _: &str) -> Result<Json, String> {
        Ok(json!({"builder": "ci"}))
    }
}
