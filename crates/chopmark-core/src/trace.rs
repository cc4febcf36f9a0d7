//! The trace of an exchange (`--trace FILE`): what went when, never the bytes. A captured MAC would let somebody guess a
//! short code at leisure.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{
    clock,
    error::{Code, Error, Result},
};

/// Where trace lines go, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Trace(Option<Arc<Mutex<File>>>);

impl Trace {
    /// Appends to a file.
    pub(crate) fn to(file: &Path) -> Result<Trace> {
        let opened = OpenOptions::new().append(true).create(true).open(file).map_err(|error| {
            Error::new(Code::FileNotWritable, "opening the trace").with("path", file.display()).because(error)
        })?;
        Ok(Trace(Some(Arc::new(Mutex::new(opened)))))
    }

    /// Writes a line. A trace that cannot be written is no reason to stop a job.
    pub(crate) fn line(&self, text: &str) {
        if let Some(file) = &self.0 {
            let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let _ = writeln!(file, "{} {text}", clock::rfc3339(clock::now()));
        }
    }
}
