//! Image references, and what registries say of images.

use std::any::Any;

use portcullis_values::image_ref::{RegistryReference, Strictness};

use super::{failed, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Implementation, Library, Overload},
    types::Type,
    value::{Opaque, Value},
};

/// Kyverno's `image` library.
pub const IMAGE: Library = Library {
    name: "kyverno.image",
    overloads: &[
        Overload::new(
            "parse_image_reference",
            "parseImageReference(string) -> kyverno.image",
            parse,
        ),
        Overload::new("string_to_image", "image(string) -> kyverno.image", parse),
        Overload::new("is_image_string", "isImage(string) -> bool", |_, args| {
            Ok(Value::Bool(read(text(args, 0)?).is_ok()))
        }),
        Overload::new(
            "image_contains_digest",
            "kyverno.image.containsDigest() -> bool",
            |_, args| of(args, |image, _| Value::Bool(image.digest().is_some())),
        ),
        Overload::new(
            "image_registry",
            "kyverno.image.registry() -> string",
            |_, args| of(args, |image, _| Value::from(image.registry().to_owned())),
        ),
        Overload::new(
            "image_repository",
            "kyverno.image.repository() -> string",
            |_, args| of(args, |image, _| Value::from(image.repository())),
        ),
        Overload::new(
            "image_identifier",
            "kyverno.image.identifier() -> string",
            IDENTIFIER,
        ),
        Overload::new(
            "image_identifier_with_separator",
            "kyverno.image.identifierWithSeparator() -> string",
            WITH_SEPARATOR,
        ),
        Overload::new("image_tag", "kyverno.image.tag() -> string", |_, args| {
            of(args, |image, written| {
                Value::from(tag(image, written).to_owned())
            })
        }),
        Overload::new(
            "image_digest",
            "kyverno.image.digest() -> string",
            |_, args| {
                of(args, |image, _| {
                    Value::from(image.digest().unwrap_or_default().to_owned())
                })
            },
        ),
    ],
    macros: &[],
    variables: &[],
};

/// Kyverno's `imagedata` library.
pub const IMAGE_DATA: Library = Library {
    name: "kyverno.imagedata",
    overloads: &[
        Overload::new(
            "image_get_metadata_string",
            "imagedata.Context.getMetadata(string) -> dyn",
            metadata,
        )
        .impure(),
        Overload::new(
            "image_get_metadata_string_pascal",
            "imagedata.Context.GetMetadata(string) -> dyn",
            metadata,
        )
        .impure(),
    ],
    macros: &[],
    variables: &[("image", "imagedata.Context")],
};

/// A reference, as a value.
#[derive(Debug)]
struct Reference {
    image: RegistryReference,
    written: String,
}

impl Opaque for Reference {
    fn type_of(&self) -> Type {
        Type::opaque("kyverno.image")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        let other = other.as_any().downcast_ref::<Reference>();
        other.is_some_and(|other| other.image == self.image)
    }

    fn to_text(&self) -> String {
        self.written.clone()
    }

    /// Kyverno has no conversion to a type for images.
    fn tells_type(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn read(image: &str) -> Result<RegistryReference, Box<EvalError>> {
    RegistryReference::parse(image, Strictness::Weak)
        .map_err(|_| failed(format!("could not parse reference: {image}")))
}

fn parse<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let written = text(args, 0)?;
    Ok(Value::opaque(Reference {
        image: read(written)?,
        written: written.to_owned(),
    }))
}

fn of<'a>(
    args: &[Value<'a>],
    part: impl FnOnce(&RegistryReference, &str) -> Value<'a>,
) -> Evaluated<'a> {
    let reference = args.first().and_then(Value::downcast::<Reference>);
    match reference {
        Some(reference) => Ok(part(&reference.image, &reference.written)),
        None => Err(EvalError::no_such_overload().into()),
    }
}

/// The tag; that of a reference with a digest, too.
fn tag<'r>(image: &'r RegistryReference, written: &'r str) -> &'r str {
    let Some((name, _)) = written.split_once('@') else {
        return image.tag().unwrap_or_default();
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or("", |(_, tag)| tag)
}

/// Tag and digest, parted by `@` where there are both.
fn identifier(image: &RegistryReference, written: &str) -> String {
    match (tag(image, written), image.digest()) {
        ("", Some(digest)) => digest.to_owned(),
        (tag, Some(digest)) => format!("{tag}@{digest}"),
        (tag, None) => tag.to_owned(),
    }
}

const IDENTIFIER: Implementation = |_, args| {
    of(args, |image, written| {
        Value::from(identifier(image, written))
    })
};

const WITH_SEPARATOR: Implementation = |_, args| {
    of(args, |image, _| {
        let separator = if image.digest().is_some() { '@' } else { ':' };
        let identifier = image.digest().or(image.tag()).unwrap_or_default();
        Value::from(format!("{separator}{identifier}"))
    })
};

fn metadata<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    call.host
        .image_metadata(text(args, 1)?)
        .map(Value::from_json)
        .map_err(failed)
}
