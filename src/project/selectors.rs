//! `selectors.yml`. Takes the file and the scope of its Jinja; returns its data with Jinja
//! rendered. An error is reported only by a selection that reads it.

use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::jinja::YamlScope;
use crate::yaml;

use super::values::rendered;

#[derive(Clone, Debug)]
pub struct SelectorsFile {
    pub file: SourceFile,
    pub data: Result<Value, Diagnostic>,
}

impl SelectorsFile {
    pub fn read(file: SourceFile, scope: &YamlScope, warnings: &mut Diagnostics) -> SelectorsFile {
        let data = yaml::parse(&file).and_then(|(tree, more)| {
            warnings.0.extend(more);
            rendered(&tree, scope)
        });
        SelectorsFile { file, data }
    }
}
