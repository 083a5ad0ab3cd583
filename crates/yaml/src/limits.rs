//! The budget of one document: how deep, how many values, how many bytes.
//!
//! Aliases count as what they stand for, so a few lines of nested aliases cannot grow into
//! gigabytes. Kubernetes' own guard against aliases is kept beside these limits: past 1,000
//! values, at most 99 % of them may come from aliases, and past 400,000 a falling share.

use crate::error::Fault;

/// How much one document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How deep maps and lists may nest. More than [`Limits::DEEPEST`] means that.
    pub max_depth: usize,
    /// How many values (maps, lists, scalars, keys) a document may have, aliases written out.
    pub max_nodes: usize,
    /// How many bytes a document may have, and its scalars with aliases written out.
    pub max_bytes: usize,
}

impl Limits {
    /// The deepest nesting that is ever allowed: reading recurses, and so do its readers.
    pub const DEEPEST: usize = 512;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_depth: Limits::DEEPEST,
            max_nodes: 10_000_000,
            max_bytes: 64 << 20,
        }
    }
}

/// What a reader has used of its limits.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    nodes: usize,
    alias_nodes: usize,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let limits = Limits {
            max_depth: limits.max_depth.min(Limits::DEEPEST),
            ..*limits
        };
        Budget {
            limits,
            nodes: 0,
            alias_nodes: 0,
            bytes: 0,
        }
    }

    pub(crate) fn text(&self, text: &str) -> Result<(), Fault> {
        let max = self.limits.max_bytes;
        if text.len() <= max {
            return Ok(());
        }
        let found = text.len();
        Err(Fault::new(
            0,
            format!(
                "the document has {found} bytes, and at most {max} are read; split it into smaller documents"
            ),
        ))
    }

    /// Counts one value that stands in the text.
    #[inline]
    pub(crate) fn node(&mut self, offset: usize, depth: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if depth <= self.limits.max_depth && self.nodes <= self.limits.max_nodes {
            return Ok(());
        }
        Err(self.exceeded(offset, depth))
    }

    /// Counts values that are copied, down to a depth; false when a limit is exceeded.
    pub(crate) fn allows(&mut self, nodes: usize, depth: usize) -> bool {
        self.nodes += nodes;
        depth <= self.limits.max_depth && self.nodes <= self.limits.max_nodes
    }

    /// Counts one value that an alias stands for.
    pub(crate) fn alias_node(&mut self, offset: usize, bytes: usize) -> Result<(), Fault> {
        self.alias_nodes += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let share = self.alias_nodes as f64 / self.nodes as f64;
        let crowded =
            self.alias_nodes > 100 && self.nodes > 1000 && share > allowed_alias_share(self.nodes);
        if crowded || self.bytes > self.limits.max_bytes {
            return Err(Fault::new(
                offset,
                "the aliases of this document write out to too many values; write the values themselves, or use fewer aliases",
            ));
        }
        Ok(())
    }

    #[cold]
    fn exceeded(&self, offset: usize, depth: usize) -> Fault {
        let Limits {
            max_depth,
            max_nodes,
            ..
        } = self.limits;
        if depth > max_depth {
            return Fault::new(
                offset,
                format!(
                    "maps and lists are nested more than {max_depth} levels deep; flatten the document"
                ),
            );
        }
        Fault::new(
            offset,
            format!(
                "the document has more than {max_nodes} values; split it into smaller documents"
            ),
        )
    }
}

/// The share of values that may come from aliases: 99 % up to 400,000 values, falling to 10 % at
/// 4,000,000.
fn allowed_alias_share(nodes: usize) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let nodes = (nodes as f64).clamp(LOW, HIGH);
    0.99 - 0.89 * ((nodes - LOW) / (HIGH - LOW))
}
