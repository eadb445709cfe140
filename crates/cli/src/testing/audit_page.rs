//! docs/audit.md

use std::path::Path;

fn docs(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_verifier_on_the_page_is_the_one_that_is_tested() {
    let (page, program) = (docs("audit.md"), docs("audit_verify.py"));
    let block = format!("```python\n{}```\n", program);
    assert!(
        page.contains(&block),
        "docs/audit.md shows another docs/audit_verify.py"
    );
    assert!(program.lines().count() <= 80, "it is meant to be read");
}
