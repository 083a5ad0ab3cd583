//! Reports and Events: what the policies say of the objects of a cluster.
//!
//! ```text
//! server → inbox → pending (with what a scan finds) → content → writer → PolicyReport, Event
//! ```
//!
//! There is one report for each object, which goes when the object goes. Nothing is written that
//! stands there already. All but `writer` and `reporter` is pure.

mod asked;
mod content;
mod events;
mod inbox;
mod pending;
mod reporter;
mod subject;
mod writer;

pub use self::{
    asked::{Asked, PolicyId},
    content::{Report, digest, is_ours},
    events::{Events, EventsLimits, Occasion},
    inbox::{Admitted, Inbox},
    pending::{Existing, Reports, Write},
    reporter::Reporter,
    subject::{Subject, is_left_out},
    writer::{MANAGER, Writer, Written},
};
pub(crate) use self::{
    content::digest_of,
    reporter::{micros, tell},
    writer::{read, report_kind},
};
