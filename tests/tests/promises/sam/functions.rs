//! The functions of the stack, as SAM CLI names them.

use crate::infra::template::Template;

/// Each function of the templates that the root nests: `Sweep/SweepFunction`.
pub fn all() -> Vec<String> {
    let root = Template::of("template");
    let mut names = Vec::new();
    for (stack, nested) in root.resources("AWS::Serverless::Application") {
        let location = nested["Properties"]["Location"].as_str().unwrap();
        let name = location.trim_start_matches("./").trim_end_matches(".yaml");
        let nested = Template::of(name);
        let functions = nested.resources("AWS::Serverless::Function");
        names.extend(functions.map(|(function, _)| format!("{stack}/{function}")));
    }
    assert!(!names.is_empty());
    names
}
