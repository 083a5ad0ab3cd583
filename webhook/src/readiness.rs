//! Whether requests should come here: what `/health/readiness` says.

use std::sync::atomic::{AtomicBool, Ordering};

/// What has been reached of a start, and whether the end has come.
#[derive(Debug, Default)]
pub struct Readiness {
    serves: AtomicBool,
    is_named: AtomicBool,
    is_ending: AtomicBool,
}

impl Readiness {
    /// That of a server which has all that it needs.
    #[must_use]
    pub fn ready() -> Readiness {
        let readiness = Readiness::default();
        readiness.serve();
        readiness.name();
        readiness
    }

    /// All policies are compiled: reviews are answered from now on.
    pub fn serve(&self) {
        self.serves.store(true, Ordering::Release);
    }

    /// The API server knows whom to trust.
    pub fn name(&self) {
        self.is_named.store(true, Ordering::Release);
    }

    /// The process will end: reviews are still answered, and no more should come.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    /// Whether reviews can be answered.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.serves.load(Ordering::Acquire)
    }

    /// Why no requests should come; none where they should.
    #[must_use]
    pub fn lacks(&self) -> Option<&'static str> {
        if self.is_ending.load(Ordering::Acquire) {
            Some("stopping")
        } else if !self.serves() {
            Some("not all policies are known yet")
        } else if !self.is_named.load(Ordering::Acquire) {
            Some("the webhook configurations do not name our authority yet")
        } else {
            None
        }
    }
}
