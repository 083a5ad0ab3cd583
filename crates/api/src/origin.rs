//! The annotations by which an applied policy says where it comes from. The sync controller writes
//! them, and the webhook names them in its denials.

/// The source that the object belongs to.
pub const SYNCED_BY: &str = "portcullis.io/synced-by";
/// The URL of the repository.
pub const SOURCE: &str = "portcullis.io/source";
/// The commit that the object as it is was applied from.
pub const COMMIT: &str = "portcullis.io/commit";
/// The file in the repository.
pub const PATH: &str = "portcullis.io/path";
/// The line in the file.
pub const LINE: &str = "portcullis.io/line";
