//! A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager.
//!
//! They are one Go program (`control-plane/`), which the first test builds; Go keeps what it built, so
//! that this takes minutes once and seconds from then on. There is no kubelet: pods never run,
//! everything else is real.

pub mod control_plane;
pub mod harness;
pub mod portcullis;
pub mod program;
mod server;
pub mod servers;
