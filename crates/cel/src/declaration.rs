//! What an environment knows of a function: its overloads with their types.

use std::sync::Arc;

use crate::{function::Overload, types::Type};

/// An overload with its signature as types.
#[derive(Clone, Debug)]
pub struct OverloadDecl {
    /// The overload.
    pub overload: &'static Overload,
    /// The name of the function.
    pub name: Arc<str>,
    /// Whether the first parameter is what it is called on.
    pub is_member: bool,
    /// The types of the parameters, that of the receiver first.
    pub parameters: Vec<Type>,
    /// The type of the result.
    pub result: Type,
    /// The names of the type parameters.
    pub type_parameters: Vec<Arc<str>>,
}

impl OverloadDecl {
    /// Reads an overload's signature; nothing if it is not written as [`crate::function`] says.
    #[must_use]
    pub fn read(overload: &'static Overload) -> Option<OverloadDecl> {
        let (call, result) = overload.signature.rsplit_once(" -> ")?;
        let call = call.strip_suffix(')')?;
        let open = matching_open(call)?;
        let (head, written) = (call.get(..open)?, call.get(open + 1..)?);
        let (receiver, name) = receiver_and_name(head);
        let mut parameters = Vec::new();
        if let Some(receiver) = receiver {
            parameters.push(type_of(receiver)?);
        }
        for parameter in split(written) {
            parameters.push(type_of(parameter)?);
        }
        let result = type_of(result)?;
        let mut type_parameters = Vec::new();
        for of in parameters.iter().chain([&result]) {
            collect_parameters(of, &mut type_parameters);
        }
        Some(OverloadDecl {
            overload,
            name: name.into(),
            is_member: receiver.is_some(),
            parameters,
            result,
            type_parameters,
        })
    }
}

/// A type as signatures write it, such as `list(string)` or `kubernetes.Quantity`.
#[must_use]
pub fn type_of(text: &str) -> Option<Type> {
    let text = text.trim();
    let (name, inside) = match text.strip_suffix(')') {
        None => (text, None),
        Some(rest) => {
            let open = rest.find('(')?;
            (rest.get(..open)?, rest.get(open + 1..))
        }
    };
    let Some(inside) = inside else {
        return plain(name);
    };
    if name == "message" {
        return Some(Type::message(inside));
    }
    let inner: Vec<Type> = split(inside).map(type_of).collect::<Option<_>>()?;
    match (name, inner.as_slice()) {
        ("list", [element]) => Some(Type::list(element.clone())),
        ("map", [key, value]) => Some(Type::map(key.clone(), value.clone())),
        ("type", [of]) => Some(Type::of(of.clone())),
        ("wrapper", [of]) => Some(Type::Wrapper(Arc::new(of.clone()))),
        _ => Some(Type::Opaque(name.into(), inner.into())),
    }
}

fn plain(name: &str) -> Option<Type> {
    Some(match name {
        "int" => Type::Int,
        "uint" => Type::UInt,
        "double" => Type::Double,
        "bool" => Type::Bool,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "null_type" => Type::Null,
        "dyn" => Type::Dyn,
        "any" => Type::Any,
        "duration" => Type::Duration,
        "timestamp" => Type::Timestamp,
        "type" => Type::of(Type::Dyn),
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "kyverno.image" => Type::opaque(name),
        _ if is_parameter(name) => Type::Param(name.into()),
        _ if is_library_type(name) => Type::opaque(name),
        _ => return None,
    })
}

fn is_parameter(name: &str) -> bool {
    name.len() == 1 && name.starts_with(|letter: char| letter.is_ascii_uppercase())
}

/// Whether a name has a capital after its last dot.
fn is_library_type(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.starts_with(|letter: char| letter.is_ascii_uppercase())
}

/// Where the bracket opens that the end of a text closes.
fn matching_open(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, letter) in text.char_indices().rev() {
        match letter {
            ')' => depth += 1,
            '(' if depth == 0 => return Some(at),
            '(' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn receiver_and_name(head: &str) -> (Option<&str>, &str) {
    // Operators such as `_?._` hold dots that part nothing.
    if head.starts_with('_') {
        return (None, head);
    }
    match head.rsplit_once('.') {
        Some((receiver, name)) if type_of(receiver).is_some() => (Some(receiver), name),
        _ => (None, head),
    }
}

/// The parts between the commas that stand in no bracket.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

fn collect_parameters(of: &Type, found: &mut Vec<Arc<str>>) {
    match of {
        Type::Param(name) if !found.contains(name) => found.push(name.clone()),
        Type::List(inner) | Type::Type(inner) | Type::Wrapper(inner) => {
            collect_parameters(inner, found);
        }
        Type::Map(key, value) => {
            collect_parameters(key, found);
            collect_parameters(value, found);
        }
        Type::Opaque(_, inner) => {
            for of in inner.iter() {
                collect_parameters(of, found);
            }
        }
        _ => {}
    }
}
