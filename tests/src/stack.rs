//! Deploying the real template.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, bail};

use crate::cloud::Cloud;
use crate::given;

/// A deployed stack's outputs.
#[derive(Clone, Debug)]
pub struct Stack {
    pub outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Deploys `infra/template.yaml`.
    pub fn deploy(cloud: &Cloud, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::deploy_template(
            cloud,
            &given::root().join("infra/template.yaml"),
            parameters,
        )
    }

    /// Deploys another template, such as one with a statement taken out.
    pub fn deploy_template(
        cloud: &Cloud,
        template: &Path,
        parameters: &[(&str, &str)],
    ) -> Result<Self> {
        let mut deploy = cloud.script("deploy.py")?;
        deploy
            .arg(template)
            .args(["--stack", "rekey-local", "--json"]);
        for name in given::FUNCTIONS {
            let program = given::program(name)?;
            deploy
                .arg("--binary")
                .arg(format!("{name}={}", program.display()));
        }
        let fixed = [("Stage", "local"), ("Architecture", "x86_64")];
        for (name, value) in fixed.iter().chain(parameters) {
            deploy.arg("--parameter").arg(format!("{name}={value}"));
        }
        let output = deploy.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            bail!(
                "the stack was not deployed ({}):\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(Self {
            outputs: serde_json::from_slice(&output.stdout)?,
        })
    }

    /// One output.
    pub fn output(&self, name: &str) -> &str {
        self.outputs
            .get(name)
            .unwrap_or_else(|| panic!("the stack has no output {name}"))
    }

    /// The function that rotates databases.
    pub fn rotate_function(&self) -> &str {
        self.output("DatabaseFunctionArn")
    }
}
