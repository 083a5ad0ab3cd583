//! The log: one JSON object a line.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What happens.
    Info,
    /// What somebody should look at.
    Warning,
    /// What does not work.
    Error,
}

/// Writes lines, from any thread.
pub struct Log {
    output: Mutex<Box<dyn Write + Send>>,
}

impl Log {
    /// A log to an output.
    #[must_use]
    pub fn to(output: Box<dyn Write + Send>) -> Log {
        Log {
            output: Mutex::new(output),
        }
    }

    /// Writes a line. One that cannot be written is lost: there is nobody else to tell.
    pub fn line(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default().as_secs_f64();
        let level = match level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let mut line = Map::new();
        line.insert("ts".to_owned(), Value::from(since));
        line.insert("level".to_owned(), Value::from(level));
        line.insert("msg".to_owned(), Value::from(message));
        for (name, value) in fields {
            line.insert((*name).to_owned(), value.clone());
        }
        let text = format!("{}\n", Value::Object(line));
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = output.write_all(text.as_bytes());
        let _ = output.flush();
    }
}
