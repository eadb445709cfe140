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
        let fixed = [("Stage", "local"), ("Architecture", "x86_64")];
        let parameters = [&fixed, parameters].concat();
        Self::deploy_as(cloud, "rekey-local", template, &parameters)
    }

    /// Deploys a template of infra/ that stands alone, beside the stack.
    pub fn deploy_beside(
        cloud: &Cloud,
        name: &str,
        template: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Self> {
        let template = given::root().join("infra").join(template);
        Self::deploy_as(cloud, name, &template, parameters)
    }

    fn deploy_as(
        cloud: &Cloud,
        name: &str,
        template: &Path,
        parameters: &[(&str, &str)],
    ) -> Result<Self> {
        let mut deploy = cloud.script("deploy.py")?;
        deploy
            .arg(template)
            .args(["--stack", name, "--json", "--in-place"]);
        for name in given::FUNCTIONS {
            let program = cloud.program(name)?;
            deploy
                .arg("--binary")
                .arg(format!("{name}={}", program.display()));
        }
        for (name, value) in parameters {
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
