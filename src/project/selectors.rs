//! `selectors.yml`. Takes the file and what its Jinja may ask; gives its data, Jinja rendered. What
//! is wrong with it is an error where a selection reads it, since most runs do not.

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
