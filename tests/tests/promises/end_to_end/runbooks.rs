//! Every command of every runbook runs as it stands there: `rekey` with the policy of operators, `aws` with
//! the owner's key.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rekey_tests::cloud::REGION;
use rekey_tests::door::{Door, element};
use rekey_tests::given;
use rekey_tests::scene::Scene;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process;
use tokio::task::JoinSet;

use super::asking::office;
use super::auditing::{NO_CHECKPOINTS, checkpoint, written};
use super::operating::{NAME, observed, operator, recorded, rekey_json};
use crate::tidy::runbooks::{Command, commands, pages};

/// How many look at once.
const AT_ONCE: usize = 4;
/// How long one may take.
const LONGEST: Duration = Duration::from_secs(90);

/// A shell as somebody has it who was woken.
#[derive(Clone)]
struct Shell {
    everybody: BTreeMap<String, String>,
    owner: BTreeMap<String, String>,
    operator: BTreeMap<String, String>,
    dir: PathBuf,
}

fn key(id: &str, secret: &str) -> BTreeMap<String, String> {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let pairs = names.into_iter().zip([id, secret]);
    pairs
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

/// The key of a new user with the policy of operators.
async fn operators_key(scene: &Scene) -> Result<BTreeMap<String, String>> {
    let (door, name) = (Door::of(&scene.cloud), "on-call");
    door.iam("CreateUser", &[("UserName", name)]).await?;
    let policy = scene.stack.output("OperatorPolicyArn");
    let attached = [("UserName", name), ("PolicyArn", policy)];
    door.iam("AttachUserPolicy", &attached).await?;
    let made = door.iam("CreateAccessKey", &[("UserName", name)]).await?;
    Ok(key(
        element(&made, "AccessKeyId")?,
        element(&made, "SecretAccessKey")?,
    ))
}

/// The AWS CLI, loaded once: by itself it takes half a second of a processor for each call. It ends when this
/// is dropped.
struct Aws {
    door: PathBuf,
    _process: process::Child,
}

fn script() -> PathBuf {
    given::root().join("tests/local_cloud/aws.py")
}

impl Aws {
    async fn load(scene: &Scene) -> Result<Self> {
        // The path of a socket is short, and that of a checkout need not be.
        let door = std::env::temp_dir().join(format!("rekey-aws-{}.sock", scene.cloud.id()));
        let mut serving = process::Command::new(given::python()?)
            .arg(script())
            .arg("serve")
            .arg(&door)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let said = serving.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).await?;
        ensure!(
            line.trim() == "ready",
            "the AWS CLI is not there: tests/local_cloud/requirements.txt"
        );
        Ok(Self {
            door,
            _process: serving,
        })
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.door);
    }
}

impl Shell {
    async fn of(scene: &Scene, aws: &Aws, version: &str, request: &str) -> Result<Self> {
        let dir = scene.cloud.dir.join("on-call");
        let programs = dir.join("bin");
        fs::create_dir_all(&programs)?;
        // Version 1 of the AWS CLI has an address of its own for SQS, unless it is told one.
        let (python, script) = (given::python()?, script());
        let (python, script, door) = (python.display(), script.display(), aws.door.display());
        let call = format!("{python} -S -E {script} call {door} --endpoint-url");
        let program = programs.join("aws");
        fs::write(
            &program,
            format!("#!/bin/sh\nexec {call} \"$AWS_ENDPOINT_URL\" \"$@\"\n"),
        )?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        let rekey = given::program("rekey")?;
        let rekey = rekey.parent().context("no folder")?.display();
        let account = scene.secret.split(':').nth(4).context("no account")?;
        // Time is read where the pages read it.
        let mut date = process::Command::new("date");
        date.args(["-u", "-d", "2 hours ago", "+%FT%TZ"]);
        let since = String::from_utf8(date.output().await?.stdout)?;
        let path = format!("{}:{rekey}:/usr/bin:/bin", programs.display());
        let variables = [
            ("PATH", path.as_str()),
            ("HOME", dir.to_str().context("no text")?),
            ("LC_ALL", "C.UTF-8"),
            ("AWS_ENDPOINT_URL", &scene.cloud.endpoint),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("REKEY_STAGE", "local"),
            ("STAGE", "local"),
            ("REGION", REGION),
            ("ACCOUNT", account),
            ("NAME", NAME),
            ("VERSION", version),
            ("REQUEST", request),
            ("SINCE", since.trim()),
        ];
        let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Ok(Self {
            everybody: variables
                .into_iter()
                .chain(scene.settings.iter().cloned())
                .collect(),
            owner: key("test", "test"),
            operator: operators_key(scene).await?,
            dir,
        })
    }

    /// Runs a command; what is wrong with how it ended.
    async fn run(&self, command: &Command) -> Result<Option<String>> {
        let key = if command.is_ours() {
            &self.operator
        } else {
            &self.owner
        };
        let running = process::Command::new("/bin/sh")
            .args(["-c", &command.text])
            .env_clear()
            .envs(&self.everybody)
            .envs(key)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let Ok(output) = tokio::time::timeout(LONGEST, running).await else {
            return Ok(Some(format!("did not end in {} s", LONGEST.as_secs())));
        };
        let output = output?;
        let out = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code().context("it was killed")?;
        let by_the_doctor = command.text.starts_with("rekey doctor") && out.contains("looked at");
        let fine = match code {
            0 => !out.contains("FunctionError"),
            // It has found something.
            1 | 4 => by_the_doctor,
            // Refused.
            3 => command.is_ours() && !command.looks(),
            _ => false,
        };
        Ok((!fine).then(|| format!("ended with {code}: {}{}", out.trim(), err.trim())))
    }
}

/// Commands that may run in any order, some at once.
async fn run_at_once(shell: &Shell, all: Vec<(String, Command)>) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut left = all.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((page, command)) = left.next()
        {
            let shell = shell.clone();
            running.spawn(async move { (shell.run(&command).await, page, command) });
        }
        let Some(done) = running.join_next().await else {
            return Ok(wrong);
        };
        let (ended, page, command) = done?;
        wrong.extend(ended?.map(|why| format!("{page}: {}\n  {why}", command.text)));
    }
}

#[tokio::test]
async fn every_command_of_every_runbook_runs() -> Result<()> {
    let (scene, admin) = office("runbooks", true, &[NO_CHECKPOINTS]).await?;
    let allow = ["requesters", "allow", "operators", "--actor", "on-call"];
    let may = ["--role", "internal_admin", "--may-force"];
    let said = admin
        .rekey(&scene.settings, &[&allow[..], &may].concat())
        .await?;
    ensure!(said.code == 0, "{said:?}");
    let olga = operator(&scene).await?;
    let ask = [
        "rotate", NAME, "--reason", "a drill", "--note", "drill 1", "--yes", "--wait",
    ];
    let rotated = rekey_json(&scene, &olga, 0, &ask).await?;
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .with_context(|| rotated.to_string())
    };
    let request = text(&rotated["request"]["id"])?;
    let version = text(&rotated["previous"]["version_id"])?;
    recorded(&scene, &olga, &version, "previous").await?;
    observed(&scene).await?;
    written(&scene).await?;
    checkpoint(&scene).await?;

    let aws = Aws::load(&scene).await?;
    let shell = Shell::of(&scene, &aws, &version, &request).await?;
    let (mut looking, mut changing, mut marked) = (Vec::new(), Vec::new(), 0);
    let mut seen = Vec::new();
    let pages = pages();
    for (page, file) in &pages {
        for command in commands(&file.text) {
            if command.mark.is_some() {
                marked += 1;
            } else if !seen.contains(&command.text) {
                seen.push(command.text.clone());
                let list = if command.looks() {
                    &mut looking
                } else {
                    &mut changing
                };
                list.push((page.clone(), command));
            }
        }
    }
    let (begun, count) = (Instant::now(), (looking.len(), changing.len()));
    let mut wrong = run_at_once(&shell, looking).await?;
    // What changes something comes last, one after the other.
    for (page, command) in changing {
        let ended = shell.run(&command).await?;
        wrong.extend(ended.map(|why| format!("{page}: {}\n  {why}", command.text)));
    }
    println!(
        "runbooks: {} pages, {} commands that look, {} that change something, {marked} marked, {} s",
        pages.len(),
        count.0,
        count.1,
        begun.elapsed().as_secs(),
    );
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(count.0 > 50 && count.1 > 20, "{count:?}");
    Ok(())
}
