//! Kyverno's dialect of JMESPath.
//!
//! An [`Expression`] is compiled once and evaluated many times, on borrowed values:
//!
//! ```
//! use portcullis_jmespath::{Expression, Offline};
//! use portcullis_values::Val;
//!
//! let expression = Expression::compile("spec.containers[?name=='web'].image | [0]")?;
//! let pod = serde_json::json!({"spec": {"containers": [{"name": "web", "image": "nginx"}]}});
//! let image = expression.evaluate(&Val::from(&pod), &Offline)?;
//! assert_eq!(image.as_str(), Some("nginx"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What sets the dialect apart: a key that a map does not have is an error, which comparisons,
//! arguments, projections, pipes and both sides of `||` turn into null; every number is a
//! float64; `jp function` lists the functions ([`FUNCTIONS`]).
#![warn(clippy::disallowed_methods)]

mod budget;
mod error;
mod expression;
mod functions;
mod host;
mod interpreter;
mod lower;
mod program;
mod scope;
mod syntax;
mod value;

pub use error::EvalError;
pub use expression::{Expression, ast_dump};
pub use functions::{FUNCTIONS, Function, Type};
pub use host::{Host, ImageOptions, Offline};
pub use scope::Scope;
pub use syntax::error::SyntaxError;
pub use value::GoInt64;
