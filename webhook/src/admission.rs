//! AdmissionReview of `admission.k8s.io/v1`, in and out. No other file knows its form.

mod answer;
mod review;

pub use self::{answer::Answer, review::Review};
