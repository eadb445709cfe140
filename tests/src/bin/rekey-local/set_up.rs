//! A database, its secrets and the deployed template: what both the demo and `up` begin with.

use anyhow::Result;
use rekey_tests::cloud::{Cloud, Options};
use rekey_tests::database::{Database, random_password};
use rekey_tests::given;
use rekey_tests::secrets::Secrets;
use rekey_tests::stack::Stack;

/// Everything that is there before the first rotation.
pub struct Scene {
    pub cloud: Cloud,
    pub stack: Stack,
    pub secrets: Secrets,
    pub database: Database,
    /// The ARN of the application's secret.
    pub secret: String,
}

/// How the scene is set.
pub struct Plan<'a> {
    /// A name for the database and its roles that nobody else uses.
    pub name: &'a str,
    pub alternating: bool,
    pub clock_scale: f64,
    pub schedule: &'a str,
    pub grace_seconds: u64,
}

impl Scene {
    pub async fn set(plan: &Plan<'_>) -> Result<Self> {
        let server = given::newest_server()?;
        let passwords = [random_password()?, random_password()?];
        let database = Database::make(&server, plan.name, passwords).await?;
        let cloud = Cloud::start(&Options {
            clock_scale: plan.clock_scale,
            attempts: 3,
        })?;
        let secrets = Secrets::of(&cloud);
        let superuser = if plan.alternating {
            let tags = [("rekey:superuser", "true")];
            let value = database.superuser_secret();
            Some(secrets.create("local/db/admin", &value, &tags).await?)
        } else {
            None
        };
        let grace = plan.grace_seconds.to_string();
        let mut tags = vec![("rekey:kind", "postgres"), ("rekey:owner", "demo")];
        if plan.alternating {
            tags.push(("rekey:grace", &grace));
        }
        let value = database.secret(superuser.as_deref());
        let secret = secrets
            .create("local/db/app-primary", &value, &tags)
            .await?;
        let ca = server.ca_file.display().to_string();
        let stack = Stack::deploy(
            &cloud,
            &[
                ("CreateExample", "true"),
                ("ExampleSecretArn", &secret),
                ("ScheduleExpression", plan.schedule),
                ("CaFile", &ca),
                ("GraceSeconds", &grace),
            ],
        )?;
        Ok(Self {
            cloud,
            stack,
            secrets,
            database,
            secret,
        })
    }
}
