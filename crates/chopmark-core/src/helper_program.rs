//! Where the helper program for drivers lies: beside this program, because both are installed together.

use std::{
    env::consts::EXE_SUFFIX,
    path::{Path, PathBuf},
};

use crate::error::{Code, Error, Result};

/// Name of the helper program, without the ending that programs have on Windows.
const NAME: &str = "chopmark-token-helper";

/// The helper named, or the one beside this program. Never one from `PATH`: whoever can put a file there would get the PIN.
pub fn helper_program(option: Option<&Path>) -> Result<PathBuf> {
    match option {
        Some(path) if path.is_file() => Ok(path.to_owned()),
        Some(path) => Err(missing(path)),
        None => {
            let program = std::env::current_exe().map_err(|error| missing(Path::new(NAME)).because(error))?;
            beside(&program)
        }
    }
}

/// Test programs lie one folder below the programs they test (`target/debug/deps`).
fn beside(program: &Path) -> Result<PathBuf> {
    let name = format!("{NAME}{EXE_SUFFIX}");
    let mut places = program.ancestors().skip(1).take(2).map(|folder| folder.join(&name));
    places.find(|path| path.is_file()).ok_or_else(|| missing(&program.with_file_name(&name)))
}

fn missing(path: &Path) -> Error {
    Error::new(Code::HelperBroken, "looking for the helper program").with("program", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_it_beside_and_above() {
        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join(format!("{NAME}{EXE_SUFFIX}"));
        let deps = folder.path().join("deps");
        assert_eq!(beside(&deps.join("test-1")).unwrap_err().code, Code::HelperBroken);
        std::fs::write(&helper, "").unwrap();
        assert_eq!(beside(&deps.join("test-1")).unwrap(), helper);
        assert_eq!(beside(&folder.path().join("chopmark")).unwrap(), helper);
        assert_eq!(helper_program(Some(&helper)).unwrap(), helper);
        let error = helper_program(Some(&deps)).unwrap_err();
        assert_eq!(error.facts["program"], deps.display().to_string());
    }
}
