//! The structure of an object: what a field may hold, and how lists and maps merge.

use serde_json::Value;

/// Where a schema stands in its catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub(crate) u32);

impl SchemaId {
    /// The number of the schema in its catalogue.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The schema with a number.
    #[must_use]
    pub fn of_number(number: u32) -> SchemaId {
        SchemaId(number)
    }
}

/// One place of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// What may stand here.
    pub shape: Shape,
    /// Whether null may stand here although the field is required.
    pub nullable: bool,
    /// Limits beyond the type, as CustomResourceDefinitions declare them.
    pub constraints: Option<Box<Constraints>>,
    /// How two values of this place merge.
    pub merge: Option<Box<Merge>>,
    /// What the API server fills in where the field is absent.
    pub default: Option<Value>,
}

/// What may stand at a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// Anything.
    #[default]
    Any,
    /// Text.
    Text(Text),
    /// A whole number.
    Integer(Integer),
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A whole number or text, such as a port or a percentage.
    IntOrString,
    /// A quantity such as `100m` or `1Gi`, as text or as a number.
    Quantity,
    /// An object with named fields.
    Object(Object),
    /// A map from any text to one schema.
    Map(SchemaId),
    /// A list of one schema.
    List(SchemaId),
    /// What another schema allows, with merge facts or a default of this place.
    Same(SchemaId),
}

/// What kind of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Text {
    /// Any text.
    #[default]
    Plain,
    /// A time in RFC 3339 form.
    DateTime,
    /// Bytes in base64.
    Bytes,
}

/// How wide a whole number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// 32 bits.
    Int32,
    /// 64 bits.
    Int64,
}

/// An object with named fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// The fields by name, sorted.
    pub fields: Vec<(Box<str>, SchemaId)>,
    /// The fields that must be there.
    pub required: Vec<Box<str>>,
    /// Whether further fields are kept as they are.
    pub open: bool,
}

impl Object {
    /// The schema of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<SchemaId> {
        let index = self
            .fields
            .binary_search_by(|(field, _)| field.as_ref().cmp(name))
            .ok()?;
        self.fields.get(index).map(|(_, id)| *id)
    }
}

/// Limits beyond the type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// The values that are allowed; empty for any.
    pub allowed: Vec<Value>,
    /// The smallest number.
    pub minimum: Option<f64>,
    /// Whether the smallest number itself is too small.
    pub exclusive_minimum: bool,
    /// The largest number.
    pub maximum: Option<f64>,
    /// Whether the largest number itself is too large.
    pub exclusive_maximum: bool,
    /// The fewest characters, items or entries.
    pub min_length: Option<u64>,
    /// The most characters, items or entries.
    pub max_length: Option<u64>,
    /// A Go regular expression that text must match.
    pub pattern: Option<Box<str>>,
}

/// How a list tells its items apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// The list is replaced as a whole.
    Atomic,
    /// Items are scalars and occur once.
    Set,
    /// Items are objects with keys.
    Map,
}

/// How two values of a place merge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merge {
    /// `x-kubernetes-list-type`.
    pub list_type: Option<ListType>,
    /// `x-kubernetes-list-map-keys`.
    pub keys: Vec<Box<str>>,
    /// Whether a map or object is replaced as a whole (`x-kubernetes-map-type: atomic`).
    pub atomic_map: bool,
    /// `x-kubernetes-patch-merge-key`.
    pub patch_key: Option<Box<str>>,
    /// `x-kubernetes-patch-strategy`, such as `merge`, `replace`, `retainKeys`.
    pub patch_strategy: Option<Box<str>>,
}
