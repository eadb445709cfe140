//! The code of docs/jwt.md, run as it stands there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use rekey_rotation::SecretValue;
use serde_json::json;

use crate::issuer::{NOW, json as parsed, rotate, unborn};
use crate::library::{Library, given, serve};
use crate::memory::Memory;

const PLACE: &str = "s3://keys/jwks.json";
const PAGE: &str = include_str!("../../../../docs/jwt.md");

fn block(language: &str) -> &'static str {
    let begins = format!("```{language}\n");
    let (_, rest) = PAGE.split_once(&begins).unwrap();
    rest.split_once("```").unwrap().0
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("jwt-{name}"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a program prints that is given the secret and claims.
fn printed(mut command: Command, secret: &SecretValue) -> String {
    let claims = json!({"sub": "somebody", "exp": NOW + 60});
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = json!([parsed(secret), claims]).to_string();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The page's module in Python.
pub fn python() -> &'static Path {
    static MODULE: LazyLock<PathBuf> = LazyLock::new(|| {
        let module = folder("python").join("documented.py");
        fs::write(&module, block("python")).unwrap();
        module
    });
    &MODULE
}

/// The page's module for Node, beside the libraries that it imports.
pub fn node() -> &'static Path {
    static MODULE: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = folder("node");
        let modules = folder.join("node_modules");
        let _earlier = fs::remove_file(&modules);
        std::os::unix::fs::symlink(given("REKEY_TEST_NODE_MODULES"), modules).unwrap();
        let module = folder.join("documented.mjs");
        fs::write(&module, block("js")).unwrap();
        module
    });
    &MODULE
}

fn signed_by_python(secret: &SecretValue) -> String {
    let program = python().with_file_name("sign.py");
    let run = "import json, sys\nfrom documented import sign\nprint(sign(*json.load(sys.stdin)))\n";
    fs::write(&program, run).unwrap();
    let mut command = Command::new(given("REKEY_TEST_PYTHON"));
    command.arg(program);
    printed(command, secret)
}

fn signed_by_node(secret: &SecretValue) -> String {
    let program = node().with_file_name("sign.mjs");
    let run = "import { readFileSync } from \"node:fs\";\nimport { sign } from \"./documented.mjs\";\nconsole.log(await sign(...JSON.parse(readFileSync(0))));\n";
    fs::write(&program, run).unwrap();
    let mut command = Command::new(given("REKEY_TEST_NODE"));
    command.arg(program);
    printed(command, secret)
}

#[tokio::test]
async fn what_the_page_signs_with_is_taken_by_every_verifier() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        let jwks = Memory::default();
        let secret = rotate(&jwks, &unborn(alg, PLACE), NOW).await;
        let url = serve(jwks, PLACE);
        for token in [signed_by_python(&secret), signed_by_node(&secret)] {
            let own = [Library::python(&url, 0), Library::node(&url, 0)];
            let documented = [
                Library::documented_python(&url),
                Library::documented_node(&url),
            ];
            for mut library in own.into_iter().chain(documented) {
                let taken = library.verify("anybody", &token, NOW);
                assert_eq!(taken, Ok(()), "{alg}, {}", library.name);
            }
        }
    }
}
