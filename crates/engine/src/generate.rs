//! What generation is about, apart from a rule's own evaluation: which object is meant, the labels
//! that lead from a generated object back to its policy, rule, trigger and source, and the plan of
//! what must become of generated objects.
//!
//! A plan is pure: rule, trigger and existing objects in, changes out. Whoever asks carries it out.

mod difference;
pub mod labels;
mod object_ref;
pub mod plan;
mod synchronisation;
pub mod trigger;

pub(crate) use difference::SERVER_SET;
pub use difference::differs;
pub use object_ref::ObjectRef;
pub use synchronisation::Synchronisation;
