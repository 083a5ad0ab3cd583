//! The scan: what the policies say of the objects that are in the cluster already.
//!
//! ```text
//! reports that stand → digests;  objects, page by page → evaluate → digest differs? → Reports → Writer
//! ```
//!
//! Only a digest of each report is kept, and one page of objects at a time. What a report says already
//! is not read again, let alone written.

mod objects;
mod scanner;
mod standing;

pub use self::{
    objects::{ScanOptions, Scanned, scan},
    scanner::{IsExcluded, Scanner},
};
