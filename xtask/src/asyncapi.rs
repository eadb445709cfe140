//! `docs/asyncapi.yaml` judged by AsyncAPI's own parser, which is an npm package.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::python::Venv;
use crate::{place, run, tools};

const PACKAGE: &str = "@asyncapi/parser";
const VERSION: &str = "3.6.3";
const DOCUMENT: &str = "docs/asyncapi.yaml";

/// Prints what the parser has to say of a document, as JSON.
const SCRIPT: &str = "
const { createRequire } = require('node:module');
const [home, document] = process.argv.slice(1);
const { Parser } = createRequire(home + '/')('@asyncapi/parser');
const text = require('node:fs').readFileSync(document, 'utf8');
new Parser().parse(text).then(({ diagnostics, document }) =>
  console.log(JSON.stringify({ parsed: document !== undefined, diagnostics })));
";

/// Changes to a sound document that the parser must find, or its silence proves nothing.
const MISTAKES: [(&str, &str, &str); 3] = [
    (
        "an action that there is not",
        "action: send",
        "action: shout",
    ),
    (
        "a message that there is not",
        "/components/messages/rekey.step.failed",
        "/components/messages/rekey.step.fumbled",
    ),
    (
        "a channel without its messages",
        "    messages:",
        "    masseges:",
    ),
];

/// Fails with what the parser says against the document.
pub fn check() -> Result<()> {
    let parser = Parser::ready()?;
    let path = place::root().join(DOCUMENT);
    let sound = fs::read_to_string(&path).with_context(|| DOCUMENT.to_owned())?;
    let broken_path = place::target().join("asyncapi-broken.yaml");
    fs::create_dir_all(place::target())?;
    for (what, from, to) in MISTAKES {
        let broken = sound.replacen(from, to, 1);
        ensure!(broken != sound, "{DOCUMENT} has no `{from}` to break");
        fs::write(&broken_path, broken)?;
        let found = parser.complaints(&broken_path)?;
        ensure!(!found.is_empty(), "the parser did not find {what}");
    }
    let found = parser.complaints(&path)?;
    if !found.is_empty() {
        bail!("{DOCUMENT}:\n{}", found.join("\n"));
    }
    println!(
        "{DOCUMENT} is sound to {PACKAGE} {VERSION}, which found {} planted mistakes",
        MISTAKES.len()
    );
    Ok(())
}

struct Parser {
    node: PathBuf,
    home: PathBuf,
}

impl Parser {
    /// Brings it into the cache, once; later calls only look. No script of a package runs.
    fn ready() -> Result<Self> {
        let npm = tools::npm(&Venv::ready()?)?;
        let home = place::cache()?.join("asyncapi").join(VERSION);
        let complete = home.join("complete");
        if !complete.exists() {
            eprintln!(
                "installing {PACKAGE} {VERSION} into {} (once)",
                home.display()
            );
            fs::create_dir_all(&home)?;
            run::quiet(
                run::command(&npm)
                    .args(["install", "--no-save", "--no-audit", "--no-fund"])
                    .args(["--ignore-scripts", "--loglevel=error", "--prefix"])
                    .arg(&home)
                    .arg(format!("{PACKAGE}@{VERSION}")),
            )?;
            fs::write(&complete, VERSION)?;
        }
        Ok(Self {
            node: npm.with_file_name("node"),
            home,
        })
    }

    /// The errors and warnings, each with its place; what is only advice is left out.
    fn complaints(&self, document: &Path) -> Result<Vec<String>> {
        const INFORMATION: u64 = 2;
        let mut node = run::command(&self.node);
        node.args(["-e", SCRIPT, "--"])
            .arg(&self.home)
            .arg(document);
        let said = run::quiet(&mut node)?;
        let said: Value = serde_json::from_str(&said).context("the parser's answer")?;
        let diagnostics = said["diagnostics"].as_array().context("no diagnostics")?;
        let serious = |one: &&Value| {
            one["severity"]
                .as_u64()
                .is_none_or(|rank| rank < INFORMATION)
        };
        let mut found: Vec<String> = diagnostics
            .iter()
            .filter(serious)
            .map(|one| format!("{}: {}: {}", one["path"], one["code"], one["message"]))
            .collect();
        if said["parsed"] != true && found.is_empty() {
            found.push("it was not parsed, and nobody says why".to_owned());
        }
        Ok(found)
    }
}
