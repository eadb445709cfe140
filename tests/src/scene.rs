//! A database, its secrets and the deployed template: what the demo, `up` and the tests begin with.

use crate::alarms::Topic;
use crate::cloud::{Cloud, Options};
use crate::database::{Database, random_password};
use crate::given;
use crate::secrets::Secrets;
use crate::stack::Stack;
use anyhow::Result;

/// Everything that is there before the first rotation.
pub struct Scene {
    pub cloud: Cloud,
    pub stack: Stack,
    pub secrets: Secrets,
    pub database: Database,
    /// The ARN of the application's secret.
    pub secret: String,
    /// The ARN of the superuser secret, if the plan has one.
    pub superuser_secret: Option<String>,
    /// The topic that the stack's alarms tell, if the plan has one.
    pub topic: Option<Topic>,
    /// The numbers of the stack that are not the template's own, as variables of the command line.
    pub settings: Vec<(String, String)>,
}

/// How the scene is set.
pub struct Plan<'a> {
    /// A name for the database and its roles that nobody else uses.
    pub name: &'a str,
    pub alternating: bool,
    /// How much faster native rotation schedules run.
    pub clock_scale: f64,
    /// How much faster the sweep's and the doctor's schedules run.
    pub schedule_scale: f64,
    /// The native schedule; `None` puts the secret on none.
    pub schedule: Option<&'a str>,
    /// The tag `rekey:grace`; `None` leaves the secret without one.
    pub grace_seconds: Option<u64>,
    /// How much shorter the periods of alarms are, which then tell a topic; `None` lets them tell nobody.
    pub alarm_scale: Option<f64>,
    /// Parameters of the template that differ from its defaults.
    pub parameters: &'a [(&'a str, &'a str)],
}

impl<'a> Plan<'a> {
    /// A scene for a test: nothing rotates by itself, and no grace is asked for.
    pub fn quiet(name: &'a str, alternating: bool) -> Self {
        Self {
            name,
            alternating,
            clock_scale: 1.0,
            schedule_scale: 1.0,
            schedule: None,
            grace_seconds: None,
            alarm_scale: None,
            parameters: &[],
        }
    }
}

/// Parameters of the stack, and the variables in which the command line reads the same numbers.
const SECONDS: [(&str, &str); 5] = [
    ("GraceSeconds", "REKEY_GRACE_SECONDS"),
    ("WarningSeconds", "REKEY_WARNING_SECONDS"),
    ("HoldSeconds", "REKEY_HOLD_SECONDS"),
    ("StuckSeconds", "REKEY_STUCK_SECONDS"),
    ("ResumeSeconds", "REKEY_RESUME_SECONDS"),
];

impl Scene {
    pub async fn set(plan: &Plan<'_>) -> Result<Self> {
        let server = given::newest_server()?;
        let passwords = [random_password()?, random_password()?];
        let database = Database::make(&server, plan.name, passwords).await?;
        let cloud = Cloud::start(&Options {
            clock_scale: plan.clock_scale,
            schedule_scale: plan.schedule_scale,
            alarm_scale: plan.alarm_scale.unwrap_or(1.0),
            ..Options::default()
        })?;
        let secrets = Secrets::of(&cloud);
        let superuser = if plan.alternating {
            let tags = [("rekey:superuser", "true")];
            let value = database.superuser_secret();
            Some(secrets.create("local/db/admin", &value, &tags).await?)
        } else {
            None
        };
        let grace = plan.grace_seconds.map(|seconds| seconds.to_string());
        let mut tags = vec![("rekey:kind", "postgres"), ("rekey:owner", "demo")];
        if let Some(grace) = &grace {
            tags.push(("rekey:grace", grace));
        }
        if plan.alternating {
            tags.push(("rekey:strategy", "alternating-users"));
        }
        let value = database.secret(superuser.as_deref());
        let secret = secrets
            .create("local/db/app-primary", &value, &tags)
            .await?;
        let ca = server.ca_file.display().to_string();
        let mut parameters = plan.parameters.to_vec();
        if parameters.iter().all(|(name, _)| *name != "CaFile") {
            parameters.push(("CaFile", &ca));
        }
        if let Some(schedule) = plan.schedule {
            parameters.extend([
                ("CreateExample", "true"),
                ("ExampleSecretArn", &secret),
                ("ScheduleExpression", schedule),
            ]);
        }
        let topic = match plan.alarm_scale {
            Some(_) => Some(Topic::make(&cloud).await?),
            None => None,
        };
        if let Some(topic) = &topic {
            parameters.push(("AlarmTopicArn", &topic.arn));
        }
        let stack = Stack::deploy(&cloud, &parameters)?;
        Ok(Self {
            cloud,
            stack,
            secrets,
            database,
            secret,
            superuser_secret: superuser,
            topic,
            settings: SECONDS
                .iter()
                .filter_map(|(parameter, variable)| {
                    let mut set = plan.parameters.iter();
                    let (_, text) = set.find(|(name, _)| name == parameter)?;
                    Some(((*variable).to_owned(), (*text).to_owned()))
                })
                .collect(),
        })
    }
}
