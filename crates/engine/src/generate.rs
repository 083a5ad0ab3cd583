//! What generation is about, apart from a rule's own evaluation: which object is meant, and the
//! labels that lead from a generated object back to its policy, rule, trigger and source.

pub mod labels;
mod object_ref;

pub use object_ref::ObjectRef;
