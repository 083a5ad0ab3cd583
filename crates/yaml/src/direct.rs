//! The fast path: events straight to values, for documents without tags, merges, equal keys,
//! unusual numbers and many aliases. All others are left to the full reader.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::{
    Mode,
    error::Fault,
    events::{Event, EventKind, Events, Properties},
    limits::Budget,
    resolve::{self, Scalar},
    scanner::Style,
};

/// Why the fast path did not give a value.
pub(crate) enum Stop {
    /// The document needs the full reader.
    NeedsTree,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Fault(fault)
    }
}

/// Reads the value of the first document of a text.
pub(crate) fn read(
    events: &mut Events<'_>,
    mode: Mode,
    budget: &mut Budget,
) -> Result<Value, Stop> {
    let mut reader = Reader {
        events,
        mode,
        budget,
        anchors: HashMap::new(),
        copied: Size::default(),
        kept: Size::default(),
    };
    let value = match reader.events.start()? {
        Some(event) => reader.node(event, 1)?,
        None => Value::Null,
    };
    reader.events.finish()?;
    Ok(value)
}

struct Reader<'a, 'b> {
    events: &'b mut Events<'a>,
    mode: Mode,
    budget: &'b mut Budget,
    anchors: HashMap<&'a str, Anchored>,
    /// What aliases have added.
    copied: Size,
    /// What is kept for aliases to come.
    kept: Size,
}

/// An anchor's value, nothing while it is being read, and its size.
#[derive(Default)]
struct Anchored {
    /// Where its value starts, for a name can be given again inside.
    start: usize,
    value: Option<Value>,
    size: Size,
}

#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    height: usize,
    bytes: usize,
}

/// Past so much from aliases, the full reader counts it.
const MOST_COPIED_NODES: usize = 1000;
const MOST_COPIED_BYTES: usize = 1 << 20;
/// Past so much in anchors, of which one can stand in another, the full reader keeps it once.
const MOST_KEPT_NODES: usize = 100_000;
const MOST_KEPT_BYTES: usize = 1 << 24;

impl<'a> Reader<'a, '_> {
    #[inline]
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, Stop> {
        self.budget.node(event.start, depth)?;
        match event.properties {
            None => self.value(event.kind, depth),
            Some(properties) => self.anchored(event.kind, *properties, event.start, depth),
        }
    }

    #[inline]
    fn value(&mut self, kind: EventKind<'a>, depth: usize) -> Result<Value, Stop> {
        match kind {
            EventKind::Scalar(text, Style::Plain) => match resolve::plain(text, self.mode) {
                Scalar::Text(text) => Ok(Value::String(text.into_owned())),
                Scalar::Int(int) => Ok(Value::from(int)),
                Scalar::Bool(bool) => Ok(Value::Bool(bool)),
                Scalar::Null => Ok(Value::Null),
                Scalar::UInt(int) => Ok(Value::from(int)),
                Scalar::Float(float) => resolve::float_value(float).ok_or(Stop::NeedsTree),
                Scalar::Date(_) => Err(Stop::NeedsTree),
            },
            EventKind::Scalar(text, _) => Ok(Value::String(text.into_owned())),
            EventKind::SequenceStart => self.sequence(depth),
            EventKind::MappingStart => self.mapping(depth),
            EventKind::Alias(name) => self.alias(name, depth),
            EventKind::SequenceEnd | EventKind::MappingEnd => Err(Stop::NeedsTree),
        }
    }

    fn anchored(
        &mut self,
        kind: EventKind<'a>,
        properties: Properties<'a>,
        start: usize,
        depth: usize,
    ) -> Result<Value, Stop> {
        let Properties {
            anchor: Some(name),
            tag: None,
        } = properties
        else {
            return Err(Stop::NeedsTree);
        };
        let open = Anchored {
            start,
            ..Anchored::default()
        };
        self.anchors.insert(name, open);
        let value = self.value(kind, depth)?;
        let size = size(&value);
        self.kept.nodes += size.nodes;
        self.kept.bytes += size.bytes;
        if self.kept.nodes > MOST_KEPT_NODES || self.kept.bytes > MOST_KEPT_BYTES {
            return Err(Stop::NeedsTree);
        }
        if let Some(anchored) = self
            .anchors
            .get_mut(name)
            .filter(|known| known.start == start)
        {
            anchored.size = size;
            anchored.value = Some(value.clone());
        }
        Ok(value)
    }

    fn alias(&mut self, name: &str, depth: usize) -> Result<Value, Stop> {
        let Some(Anchored {
            value: Some(value),
            size,
            ..
        }) = self.anchors.get(name)
        else {
            return Err(Stop::NeedsTree);
        };
        self.copied.nodes += size.nodes;
        self.copied.bytes += size.bytes;
        let few = self.copied.nodes <= MOST_COPIED_NODES && self.copied.bytes <= MOST_COPIED_BYTES;
        if few && self.budget.allows(size.nodes, depth + size.height) {
            Ok(value.clone())
        } else {
            Err(Stop::NeedsTree)
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut values = Vec::new();
        loop {
            let event = self.events.next()?;
            if matches!(event.kind, EventKind::SequenceEnd) {
                return Ok(Value::Array(values));
            }
            values.push(self.node(event, depth + 1)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut values = Map::new();
        loop {
            let event = self.events.next()?;
            if matches!(event.kind, EventKind::MappingEnd) {
                return Ok(Value::Object(values));
            }
            let key = self.key(event, depth + 1)?;
            let event = self.events.next()?;
            let value = self.node(event, depth + 1)?;
            if values.insert(key, value).is_some() {
                return Err(Stop::NeedsTree);
            }
        }
    }

    #[inline]
    fn key(&mut self, event: Event<'a>, depth: usize) -> Result<String, Stop> {
        self.budget.node(event.start, depth)?;
        if event.properties.is_some() {
            return Err(Stop::NeedsTree);
        }
        match event.kind {
            EventKind::Scalar(text, Style::Plain) if text != "<<" => {
                match resolve::plain(text, self.mode) {
                    Scalar::Text(text) => Ok(text.into_owned()),
                    _ => Err(Stop::NeedsTree),
                }
            }
            EventKind::Scalar(text, Style::Quoted) => Ok(text.into_owned()),
            _ => Err(Stop::NeedsTree),
        }
    }
}

fn size(value: &Value) -> Size {
    let mut size = Size {
        nodes: 1,
        height: 1,
        bytes: 0,
    };
    let mut add = |child: &Value, key: usize| {
        let child = self::size(child);
        size.nodes += child.nodes + usize::from(key > 0);
        size.height = size.height.max(child.height + 1);
        size.bytes += child.bytes + key;
    };
    match value {
        Value::Array(values) => values.iter().for_each(|value| add(value, 0)),
        Value::Object(entries) => entries
            .iter()
            .for_each(|(key, value)| add(value, key.len().max(1))),
        Value::String(text) => size.bytes = text.len(),
        _ => {}
    }
    size
}
