//! Every statement of the roles that observe, sweep and retire have is needed: without it a call is refused
//! and what it is for does not happen; with it back, it does.

use anyhow::{Context as _, Result, bail, ensure};
use rekey_tests::cloud::REGION;
use rekey_tests::door::{Door, element, unpercent};
use rekey_tests::person::Person;
use rekey_tests::scene::Scene;
use rekey_tests::secrets::Version;
use serde_json::{Value, json};

use super::PATIENCE;
use super::operating::{
    NAME, announced, doctor, job, nobody_takes, operator, recorded, rekey, sweep, sweep_until,
    until,
};
use super::playground::{details, events, quiet_with, rotate, rotate_in_vain, works};

/// The role of one function, and its policy as it was deployed.
pub struct Role<'a> {
    scene: &'a Scene,
    name: String,
    policy: &'static str,
    document: Value,
}

impl<'a> Role<'a> {
    pub async fn of(scene: &'a Scene, policy: &'static str) -> Result<Self> {
        // CloudFormation makes the name: of the stack, and of what is in it, cut short.
        let door = Door::of(&scene.cloud);
        let listed = door.iam("ListRoles", &[("PathPrefix", "/rekey/")]).await?;
        let mut names = listed.split("<RoleName>").skip(1);
        let find = |text: &str| text.split_once('<').map(|(name, _)| name.to_owned());
        let names: Vec<_> = names.by_ref().filter_map(find).collect();
        // Some have a name of their own, with the Region, which ends so. The others have that of their template.
        let own = format!("-{policy}");
        let of_template = [format!("-{policy}-"), format!("-{policy}s-")];
        let is_of = |name: &&String| {
            let name = name.to_lowercase();
            of_template.iter().any(|part| name.contains(part))
        };
        let name = names
            .iter()
            .find(|name| name.ends_with(&own))
            .or_else(|| {
                names
                    .iter()
                    .find(|name| !name.contains(REGION) && is_of(name))
            })
            .cloned()
            .with_context(|| format!("no role of {policy} in {listed}"))?;
        let asked = [("RoleName", name.as_str()), ("PolicyName", policy)];
        let found = door.iam("GetRolePolicy", &asked).await?;
        let document = unpercent(element(&found, "PolicyDocument")?)?;
        Ok(Self {
            scene,
            name,
            policy,
            document: serde_json::from_str(&document).with_context(|| document.clone())?,
        })
    }

    async fn put(&self, document: &Value) -> Result<()> {
        let document = document.to_string();
        let parameters = [
            ("RoleName", self.name.as_str()),
            ("PolicyName", self.policy),
            ("PolicyDocument", document.as_str()),
        ];
        Door::of(&self.scene.cloud)
            .iam("PutRolePolicy", &parameters)
            .await?;
        Ok(())
    }

    /// Takes statements out.
    pub async fn without(&self, sids: &[&str]) -> Result<()> {
        let mut document = self.document.clone();
        let statements = document["Statement"]
            .as_array_mut()
            .context("no statements")?;
        let before = statements.len();
        statements.retain(|statement| !sids.iter().any(|sid| statement["Sid"] == *sid));
        ensure!(
            statements.len() + sids.len() == before,
            "{} has not all of {sids:?}",
            self.name
        );
        self.put(&document).await
    }

    /// Puts everything back.
    pub async fn whole(&self) -> Result<()> {
        self.put(&self.document).await
    }

    /// The statements, but for those that name what the local cloud does not check.
    pub fn statements(&self) -> Result<Vec<&str>> {
        let all = self.document["Statement"]
            .as_array()
            .context("no statements")?;
        let allowing = all.iter().filter(|one| one["Effect"] == "Allow");
        let sids = allowing.filter_map(|statement| statement["Sid"].as_str());
        Ok(sids.filter(|sid| *sid != "WriteItsOwnLog").collect())
    }

    /// How many of its calls were refused so far.
    pub fn refused(&self, action: &str) -> Result<usize> {
        let session = format!(":assumed-role/{}/", self.name);
        let calls = self.scene.cloud.calls()?;
        let refused = calls.iter().filter(|call| {
            call.caller.contains(&session)
                && call.action == action
                && call.status.is_some_and(|status| status >= 400)
        });
        Ok(refused.count())
    }

    /// Waits until one more of its calls was refused.
    pub async fn is_refused(&self, action: &str, before: usize) -> Result<()> {
        until(
            self.scene,
            format!("{action} is refused to {}", self.name),
            async || Ok((self.refused(action)? > before).then_some(())),
        )
        .await
    }
}

async fn completed(scene: &Scene, version: &Version) -> Result<bool> {
    let all = details(&events(scene).await?, "greentic.secrets.rotate.completed");
    Ok(all
        .iter()
        .any(|one| one["version_id"] == version.id.as_str()))
}

#[tokio::test]
async fn observe_needs_every_statement_of_its_role() -> Result<()> {
    let scene = quiet_with("role_observe", true, &[]).await?;
    let olga = operator(&scene).await?;
    let role = Role::of(&scene, "observe").await?;
    let mut seen = Vec::new();
    for sid in role.statements()? {
        role.without(&[sid]).await?;
        let action = match sid {
            "LookAtSecrets" => "DescribeSecret",
            "KeepTheRegistry" => "Query",
            "AnnounceWhatItSees" => "PutEvents",
            "TakeFromItsQueue" => "",
            other => bail!("a statement that nothing shows to be needed: {other}"),
        };
        let before = role.refused(action)?;
        let (_, new) = rotate(&scene).await?;
        if action.is_empty() {
            // Lambda's own calls are in no journal: what nobody takes, waits.
            nobody_takes(&scene, "ObserveQueueUrl").await?;
        } else {
            role.is_refused(action, before).await?;
        }
        ensure!(
            !completed(&scene, &new).await?,
            "it is announced without {sid}"
        );
        role.whole().await?;
        if sid == "AnnounceWhatItSees" {
            // It is kept, and told by the next run that finds it a minute old.
            let found = rekey(&scene, &olga, &["doctor", NAME, "--json"]).await?;
            let found = found.json()?;
            ensure!(found.to_string().contains("\"unsent\""), "{found}");
            seen.push(sid);
            continue;
        }
        until(&scene, format!("it is announced, with {sid}"), async || {
            Ok(completed(&scene, &new).await?.then_some(()))
        })
        .await?;
        seen.push(sid);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    Ok(())
}

/// Asks for the early retirement of a version, as a person does.
async fn retire(scene: &Scene, version: &Version) -> Result<Value> {
    let order = json!({ "operation": "retire", "secret": scene.secret, "version_id": version.id });
    let function = scene.stack.output("RetireFunctionName");
    let answer = Door::of(&scene.cloud)
        .invoke(function, &order.to_string())
        .await?;
    Ok(answer.value)
}

#[tokio::test]
async fn retire_needs_every_statement_of_its_role() -> Result<()> {
    let times = [("GraceSeconds", "1"), ("RetrySeconds", "1")];
    let scene = quiet_with("role_retire", true, &times).await?;
    let olga = operator(&scene).await?;
    let role = Role::of(&scene, "retire").await?;
    let (old, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    let mut seen = Vec::new();
    for sid in role.statements()? {
        let action = match sid {
            "LookAtSecrets" => "DescribeSecret",
            "RetireWhatWeRotate" => "GetSecretValue",
            "ReadTaggedSuperuserSecrets" => "GetSecretValue",
            "KeepTheRegistry" => "Query",
            "AnnounceWhatItDoes" => "PutEvents",
            "TakeFromItsQueue" => continue,
            other => bail!("a statement that nothing shows to be needed: {other}"),
        };
        let before = role.refused(action)?;
        role.without(&[sid]).await?;
        let answer = retire(&scene, &old).await?;
        ensure!(
            answer["outcome"] != "retired",
            "it retires without {sid}: {answer}"
        );
        role.is_refused(action, before).await?;
        ensure!(
            works(&scene, &old).await?,
            "it was revoked without {sid}: {answer}"
        );
        role.whole().await?;
        seen.push(sid);
    }
    role.without(&["TakeFromItsQueue"]).await?;
    until(&scene, "a retirement is ordered", async || {
        Ok((sweep(&scene).await?["ordered"] == 1).then_some(()))
    })
    .await?;
    nobody_takes(&scene, "RetireQueueUrl").await?;
    ensure!(
        works(&scene, &old).await?,
        "an order was taken without TakeFromItsQueue"
    );
    role.whole().await?;
    sweep_until(&scene, "rekey.secret.retired", 1).await?;
    ensure!(!works(&scene, &old).await? && works(&scene, &new).await?);
    assert_eq!(seen.len(), 5, "{seen:?}");
    Ok(())
}

/// A job that is refused a call without the statement, and is done with it.
async fn job_needs(role: &Role<'_>, name: &str, sid: &str, action: &str) -> Result<()> {
    let before = role.refused(action)?;
    role.without(&[sid]).await?;
    let answer = job(role.scene, name).await?;
    ensure!(
        answer.failed,
        "{name} does not fail without {sid}: {}",
        answer.value
    );
    role.is_refused(action, before).await?;
    role.whole().await
}

#[tokio::test]
async fn sweep_needs_every_statement_of_its_role() -> Result<()> {
    let times = [
        ("GraceSeconds", "1"),
        ("RetrySeconds", "1"),
        ("StuckSeconds", "1"),
        ("ResumeSeconds", "1"),
    ];
    let scene = quiet_with("role_sweep", true, &times).await?;
    let olga: Person = operator(&scene).await?;
    let role = Role::of(&scene, "sweep").await?;
    job_needs(&role, "sweep", "KeepTheRegistry", "GetItem").await?;
    job_needs(&role, "doctor", "ListTheSecrets", "ListSecrets").await?;
    let (old, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    job_needs(&role, "doctor", "LookAtSecrets", "DescribeSecret").await?;

    // The warning, then the order; both are tried again after a second.
    let (warning, order) = ("AnnounceWhatIsDue", "HandOverToRetire");
    for (sids, action) in [
        (&[warning, order][..], "PutEvents"),
        (&[order][..], "SendMessage"),
    ] {
        let before = role.refused(action)?;
        role.without(sids).await?;
        until(&scene, format!("{action} is refused"), async || {
            job(&scene, "sweep").await?;
            Ok((role.refused(action)? > before).then_some(()))
        })
        .await?;
        let told = details(&events(&scene).await?, "rekey.grace.ending");
        ensure!(
            action != "PutEvents" || told.is_empty(),
            "told without {warning}: {told:?}"
        );
    }
    ensure!(
        works(&scene, &old).await?,
        "an order was sent without HandOverToRetire"
    );
    role.whole().await?;
    sweep_until(&scene, "rekey.secret.retired", 1).await?;
    announced(&scene, "rekey.grace.ending", 1).await?;

    // A rotation that is stuck: its superuser does not get in.
    let superuser = scene
        .superuser_secret
        .as_deref()
        .context("no superuser secret")?;
    let good = scene.database.superuser_secret();
    let mut bad = good.clone();
    bad["password"] = json!("nobody-has-this-password");
    let put = async |value: &Value| {
        let put = scene.secrets.client.put_secret_value().secret_id(superuser);
        put.secret_string(value.to_string()).send().await
    };
    put(&bad).await?;
    let version = rotate_in_vain(&scene).await?;
    recorded(&scene, &olga, &version, "pending").await?;
    put(&good).await?;
    for sid in ["ResumeRotations", "LetSecretsManagerRotate"] {
        let before = role.refused("RotateSecret")?;
        role.without(&[sid]).await?;
        until(
            &scene,
            format!("RotateSecret is refused without {sid}"),
            async || {
                job(&scene, "doctor").await?;
                Ok((role.refused("RotateSecret")? > before).then_some(()))
            },
        )
        .await?;
        ensure!(scene.secrets.current(&scene.secret).await?.id != version);
        role.whole().await?;
    }
    until(&scene, "the doctor resumes it", async || {
        let round = doctor(&scene).await?;
        Ok((round["resumed"] == 1).then_some(()))
    })
    .await?;
    scene
        .secrets
        .wait_current(&scene.secret, &version, PATIENCE)
        .await?;
    let shown = [
        "KeepTheRegistry",
        "HandOverToRetire",
        "ListTheSecrets",
        "LookAtSecrets",
        "ResumeRotations",
        // Of a key: roles_of_keys.rs.
        "ResumeRotationsOfKeys",
        "LetSecretsManagerRotate",
        "AnnounceWhatIsDue",
        // By whom parked messages are shown and sent back, and a schedule is asked for: poison.rs, asked.rs.
        "AskAsTheSchedule",
        "LookAtParkedRequests",
        "PutBackParkedRequests",
    ];
    let there = role.statements()?;
    assert!(
        there.iter().all(|sid| shown.contains(sid)),
        "nothing shows these to be needed: {there:?}"
    );
    Ok(())
}
