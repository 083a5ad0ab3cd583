//! Our evaluation of the API server's own policies against the API server.
//!
//! A generator makes policies, what binds them, and objects. The API server is asked what it makes of
//! each object in a dry run, and so is our engine, through what the commands and the webhook call.
//! Compared are the decision, the message, the warnings and the object.
//!
//! What is no difference, since it is not the policies that make it: our engine is given the object
//! with the defaults that the API server fills in, and its changed object is sent through the API
//! server once more, without policies, to be filled in again; identifiers, times and field managers
//! are left out; of several denials the API server tells one, in no fixed order, so that it must be
//! one of ours.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use portcullis_e2e::{control_plane::ControlPlane, harness::Test};
use serde_json::Value;

use self::{
    api_server::{Answer, ApiServer, each},
    expressions::CONDITIONS,
    objects::{NAMESPACES, PAIR},
    ours::{Outcome, World, compiled},
    policies::Case,
};

mod api_server;
mod dice;
mod expressions;
mod mutations;
mod objects;
mod ours;
mod parameters;
mod policies;
mod world;

pub(crate) const ALL: &[Test] = &[(
    "native_policies::they_decide_as_the_api_server_does",
    they_decide_as_the_api_server_does,
)];

/// Mistakes that an evaluation could have: what stands in a policy, and what is read instead.
const MISTAKES: [(&str, &str); 5] = [
    (".exists(", ".all("),
    (" > ", " >= "),
    (" == ", " != "),
    ("\"Ignore\"", "\"Fail\""),
    ("\"Deny\"", "\"Warn\""),
];

/// Mistakes that only an evaluation of mutations could have.
const MISTAKES_IN_MUTATIONS: [(&str, &str); 6] = [
    ("op: 'add'", "op: 'test'"),
    ("op: 'test'", "op: 'add'"),
    ("/containers/-'", "/containers/0'"),
    ("labels: {", "annotations: {"),
    ("'Always'", "'Never'"),
    ("[JSONPatch{op: 'remove', path: '/metadata/nothing'}]", "[]"),
];

/// The dice of a run without `PORTCULLIS_SEED`.
const SEED: u64 = 20_261_126;

/// How many policies of each kind, and objects of each.
const POLICIES: [usize; 2] = [135, 265];
const OBJECTS: usize = 3;

/// A policy, one of its objects, and what the API server and we make of it.
struct Pair<'c> {
    case: &'c Case,
    path: String,
    object: &'c Value,
    /// The object with its defaults.
    filled: Value,
    answer: Answer,
}

fn they_decide_as_the_api_server_does(plane: &ControlPlane) {
    let seed = env::var("PORTCULLIS_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("PORTCULLIS_SEED={seed}");
    let server = ApiServer::of(plane);
    world::prepare(&server);
    let kinds = [false, true].into_iter().zip(POLICIES);
    let cases: Vec<Case> = kinds
        .flat_map(|(mutates, count)| {
            (0..count).map(move |number| policies::case(seed, number, mutates, OBJECTS))
        })
        .collect();
    let mut differences = Vec::new();
    let cases = accepted(&server, cases, &mut differences);
    let pairs = answers(&server, &cases);
    let namespaces = NAMESPACES.map(|name| {
        let found = server.get(&format!("/api/v1/namespaces/{name}"));
        (name.to_owned(), found.body)
    });
    let world = World::of(plane, BTreeMap::from(namespaces));
    let compared = each(&pairs, |pair| compare(&server, &world, pair, None));
    let found = compared.iter().filter_map(|one| one.difference.clone());
    differences.extend(found);
    println!("{} pairs, {} differences", pairs.len(), differences.len());
    assert!(
        differences.is_empty(),
        "{} differences with seed {seed}\n{}",
        differences.len(),
        differences.join("\n\n")
    );
    shares(&compared, &cases);
    let (mutating, validating): (Vec<Pair<'_>>, Vec<Pair<'_>>) =
        pairs.into_iter().partition(|pair| pair.case.mutates);
    for (pairs, mistakes) in [
        (&validating, MISTAKES.as_slice()),
        (&mutating, MISTAKES_IN_MUTATIONS.as_slice()),
    ] {
        for mistake in mistakes {
            let found = each(pairs, |pair| compare(&server, &world, pair, Some(*mistake)));
            let found = found.iter().filter(|one| one.difference.is_some()).count();
            println!("{found} differences with {mistake:?}");
            assert!(found > 0, "nothing tells of {mistake:?}");
        }
    }
}

/// The cases whose policies the API server takes; those that it refuses we must refuse, too.
fn accepted(server: &ApiServer, cases: Vec<Case>, differences: &mut Vec<String>) -> Vec<Case> {
    let taken = each(&cases, |case| {
        server.create(&world::collection(&case.policy), &case.policy)
    });
    let mut kept = Vec::new();
    for (case, answer) in cases.into_iter().zip(taken) {
        let ours = compiled(&[&case.policy]);
        match (answer.is_ok(), ours) {
            (true, Ok(_)) => kept.push(case),
            (false, Err(_)) => {}
            (true, Err(error)) => {
                differences.push(format!("{}: we alone refuse: {error}", case.name));
            }
            (false, Ok(_)) => differences.push(format!(
                "{}: the API server alone refuses: {}",
                case.name,
                answer.message()
            )),
        }
    }
    kept
}

/// What the API server makes of each object, without the policies and with them.
fn answers<'c>(server: &ApiServer, cases: &'c [Case]) -> Vec<Pair<'c>> {
    let asked: Vec<(&Case, &Value, String)> = cases
        .iter()
        .flat_map(|case| case.objects.iter().map(move |object| (case, object)))
        .map(|(case, object)| {
            let namespace = object["metadata"]["namespace"].as_str().unwrap();
            (case, object, case.kind.path(namespace))
        })
        .collect();
    let filled = each(&asked, |(_, object, path)| {
        let answer = server.try_create(path, object);
        assert!(answer.is_ok(), "{}: {object:#}", answer.message());
        normalised(answer.body)
    });
    world::put_into_effect(server, cases);
    let answers = each(&asked, |(_, object, path)| server.try_create(path, object));
    let known = asked.into_iter().zip(filled).zip(answers);
    known
        .map(|(((case, object, path), filled), answer)| Pair {
            case,
            path,
            object,
            filled,
            answer,
        })
        .collect()
}

/// An object without what only the API server fills in.
fn normalised(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().unwrap();
    for field in [
        "creationTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "uid",
    ] {
        metadata.remove(field);
    }
    object.as_object_mut().unwrap().remove("status");
    object
}

#[derive(Default)]
struct Compared {
    difference: Option<String>,
    is_denied: bool,
    is_changed: bool,
    has_errors: bool,
}

/// Compares what the API server says of an object with what we do, where a mistake is made on purpose
/// if one is given.
fn compare(
    server: &ApiServer,
    world: &World,
    pair: &Pair<'_>,
    mistake: Option<(&str, &str)>,
) -> Compared {
    let documents = [&pair.case.policy].into_iter().chain(&pair.case.bindings);
    let documents: Vec<Value> = documents
        .map(|document| match mistake {
            Some((from, to)) => {
                let text = document.to_string().replace(from, to);
                serde_json::from_str(&text).unwrap()
            }
            None => document.clone(),
        })
        .collect();
    let set = match compiled(&documents.iter().collect::<Vec<_>>()) {
        Ok(set) => set,
        Err(error) => {
            let difference = format!("{}: we refuse: {error}", pair.case.name);
            return Compared {
                difference: Some(difference),
                ..Compared::default()
            };
        }
    };
    let ours = world.evaluate(&set, pair.case.kind, &pair.filled);
    let problem = problem(server, pair, &ours);
    Compared {
        difference: problem.map(|problem| {
            let (policy, bindings) = (&pair.case.policy["spec"], &pair.case.bindings);
            let bindings: Vec<String> =
                bindings.iter().map(|one| one["spec"].to_string()).collect();
            format!(
                "{}: {problem}\n  policy {policy}\n  bindings {}\n  object {}",
                pair.object["metadata"]["name"],
                bindings.join(" "),
                pair.object
            )
        }),
        is_denied: !pair.answer.is_ok(),
        is_changed: pair.answer.is_ok() && normalised(pair.answer.body.clone()) != pair.filled,
        has_errors: ours.has_errors,
    }
}

/// What differs.
fn problem(server: &ApiServer, pair: &Pair<'_>, ours: &Outcome) -> Option<String> {
    // The API server tells nothing twice.
    let told: BTreeSet<&String> = pair.answer.warnings.iter().collect();
    let told = told.into_iter();
    let told: Vec<&String> = told
        .filter(|one| one.starts_with("Validation failed for"))
        .collect();
    let warned: Vec<&String> = BTreeSet::from_iter(&ours.warnings).into_iter().collect();
    let mut both = told.iter().zip(&warned);
    if told.len() != warned.len() || !both.all(|(theirs, ours)| told_alike(theirs, ours)) {
        return Some(format!("warnings\n  theirs {told:?}\n  ours   {warned:?}"));
    }
    let expected = match &ours.object {
        _ if !ours.denials.is_empty() => None,
        None => Some(Ok(pair.filled.clone())),
        Some(object) => Some(filled_in(server, &pair.path, object)),
    };
    let message = pair.answer.message();
    match (pair.answer.is_ok(), expected) {
        // The API server reads an object as its kind after each change, we when all are made.
        (false, None) if message.contains("json: cannot unmarshal") => None,
        (false, None) => {
            let is_told = |one: &String| told_alike(message, one);
            (!ours.denials.iter().any(is_told))
                .then(|| format!("message\n  theirs {message:?}\n  ours   {:?}", ours.denials))
        }
        (true, Some(Ok(object))) => {
            let theirs = normalised(pair.answer.body.clone());
            (theirs != object).then(|| format!("object\n  theirs {theirs}\n  ours   {object}"))
        }
        // The changed object is not valid, or not even of the form of its kind.
        (false, Some(Err(error))) if form_of(&error) == form_of(message) => None,
        (_, expected) => Some(format!(
            "decision\n  theirs {message:?}\n  ours   {:?} {:?}",
            ours.denials,
            expected.and_then(Result::err)
        )),
    }
}

/// Whether the API server's message tells what ours does. We tell more where a JSON patch cannot be
/// applied, where an expression has no overload, where a configuration cannot be merged, and what to do instead of merging into what is
/// replaced as a whole.
fn told_alike(theirs: &str, ours: &str) -> bool {
    // Of two bindings, either may be the first.
    let (theirs, ours) = (
        theirs.replacen("-1':", "-0':", 1),
        ours.replacen("-1':", "-0':", 1),
    );
    let (theirs, ours) = (
        theirs.replacen("-1' denied", "-0' denied", 1),
        ours.replacen("-1' denied", "-0' denied", 1),
    );
    let ours = ours.split("; change them with").next().unwrap();
    if theirs.ends_with(ours) {
        return true;
    }
    let markers = [
        "JSON Patch: ",
        "no such overload",
        // What a patch before left is not of the form of its kind.
        "error applying patch: ",
    ];
    markers.iter().any(|marker| {
        let (theirs, ours) = (theirs.split_once(marker), ours.split_once(marker));
        let both = theirs.zip(ours);
        both.is_some_and(|((theirs, _), (ours, _))| theirs.ends_with(ours))
    })
}

/// What is said of an object that is not valid or cannot be read as its kind, without who says so, and
/// sorted: the API server walks over annotations in no fixed order.
fn form_of(message: &str) -> Vec<&str> {
    let form = message.split_once("json: ");
    let form = form.map_or(message, |(_, form)| form);
    let faults = form.split_once(" is invalid: [");
    let faults = faults.map_or(form, |(_, faults)| faults.trim_end_matches(']'));
    let faults = faults.split(", metadata.");
    let mut faults: Vec<&str> = faults
        .map(|fault| fault.trim_start_matches("metadata."))
        .collect();
    faults.sort_unstable();
    faults
}

/// A changed object as the API server fills it in, where no policy is bound to it.
fn filled_in(server: &ApiServer, path: &str, object: &Value) -> Result<Value, String> {
    let mut sent = object.clone();
    let label = object["metadata"]["labels"][PAIR].clone();
    if !label.is_null() {
        sent["metadata"]["labels"][PAIR] = "none".into();
    }
    let answer = server.try_create(path, &sent);
    if !answer.is_ok() {
        return Err(answer.message().to_owned());
    }
    let mut filled = normalised(answer.body);
    if !label.is_null() {
        filled["metadata"]["labels"][PAIR] = label;
    }
    Ok(filled)
}

/// That the pairs are worth something.
fn shares(compared: &[Compared], cases: &[Case]) {
    let share = |is: fn(&Compared) -> bool| {
        compared.iter().filter(|one| is(one)).count() * 100 / compared.len()
    };
    let denied = share(|one| one.is_denied);
    let errors = share(|one| one.has_errors);
    let changed = share(|one| one.is_changed);
    println!("{denied} % denied, {errors} % with errors, {changed} % changed");
    assert!(compared.len() >= 500, "{} pairs", compared.len());
    assert!(denied >= 30 && errors >= 10 && changed >= 30);
    let hits: BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| &case.hits)
        .map(String::as_str)
        .collect();
    let wanted = CONDITIONS.iter().map(|(library, _)| *library);
    let wanted = wanted
        .chain(parameters::MODES)
        .chain(["kubernetes.jsonpatch"]);
    let missed: Vec<&str> = wanted.filter(|one| !hits.contains(one)).collect();
    assert!(missed.is_empty(), "no case has {missed:?}");
}
