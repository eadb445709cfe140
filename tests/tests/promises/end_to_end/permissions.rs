//! Every statement of the function's role is needed: without any one of them a rotation fails.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::given;
use rekey_tests::scene::Scene;
use rekey_tests::stack::Stack;

use super::crash::kill_functions;
use super::playground::{details, events, quiet, rotate, rotate_in_vain};

/// Deploys the template with the statement `sid` taken out.
fn without(scene: &Scene, sid: &str) -> Result<()> {
    let dir = scene.cloud.dir.join("infra");
    fs::create_dir_all(&dir)?;
    for entry in fs::read_dir(given::root().join("infra"))? {
        let path = entry?.path();
        let name = path.file_name().context("no name")?;
        if path.extension().is_some_and(|ending| ending == "yaml") {
            fs::copy(&path, dir.join(name))?;
        }
    }
    let template = dir.join("rotation.yaml");
    fs::write(&template, cut(&fs::read_to_string(&template)?, sid)?)?;
    let ca = scene.database.server.ca_file.display().to_string();
    Stack::deploy_template(&scene.cloud, &dir.join("template.yaml"), &[("CaFile", &ca)])?;
    Ok(())
}

/// The template's text without the list item that has the `Sid`.
fn cut(template: &str, sid: &str) -> Result<String> {
    let lines: Vec<&str> = template.lines().collect();
    let first = format!("- Sid: {sid}");
    let start = lines
        .iter()
        .position(|line| line.trim() == first)
        .with_context(|| format!("the template has no statement {sid}"))?;
    let indent = lines[start].len() - lines[start].trim_start().len();
    let inside =
        |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
    let end = start
        + 1
        + lines[start + 1..]
            .iter()
            .take_while(|line| inside(line))
            .count();
    ensure!(end > start + 1, "the statement {sid} is empty");
    Ok([&lines[..start], &lines[end..]].concat().join("\n"))
}

/// A rotation that works with the whole role fails without the statement: the class of its failure, if
/// the function came to say one.
async fn fails_without(sid: &str) -> Result<Option<String>> {
    let scene = quiet(&format!("no_{}", sid.to_lowercase()), true).await?;
    rotate(&scene).await.context("with the whole role")?;
    let before = scene.secrets.current(&scene.secret).await?;
    without(&scene, sid)?;
    // A new process: what the function has read at its start is read again.
    kill_functions(scene.cloud.id())?;
    let version = rotate_in_vain(&scene).await?;
    assert_eq!(
        scene.secrets.current(&scene.secret).await?.id,
        before.id,
        "it rotates without {sid}: the statement is not needed, or not the only one"
    );
    let failures = details(&events(&scene).await?, "rekey.step.failed");
    Ok(failures
        .iter()
        .find(|failure| failure["version_id"] == version.as_str())
        .and_then(|failure| failure["class"].as_str())
        .map(str::to_owned))
}

#[tokio::test]
async fn without_rotate_its_own_secrets_a_rotation_fails() -> Result<()> {
    assert_eq!(
        fails_without("RotateItsOwnSecrets").await?.as_deref(),
        Some("permission")
    );
    Ok(())
}

#[tokio::test]
async fn without_read_tagged_superuser_secrets_a_rotation_fails() -> Result<()> {
    let class = fails_without("ReadTaggedSuperuserSecrets").await?;
    assert_eq!(class.as_deref(), Some("permission"));
    Ok(())
}

/// The function does not start, so it announces nothing.
#[tokio::test]
async fn without_read_fingerprint_key_a_rotation_fails() -> Result<()> {
    assert_eq!(fails_without("ReadFingerprintKey").await?, None);
    Ok(())
}

/// The intent is not taken, so nothing is changed; the failure cannot be announced either.
#[tokio::test]
async fn without_announce_its_rotations_a_rotation_fails() -> Result<()> {
    assert_eq!(fails_without("AnnounceItsRotations").await?, None);
    Ok(())
}

#[test]
fn a_statement_is_cut_out_whole() -> Result<()> {
    let template = "a:\n  - Sid: One\n    Effect: Allow\n    Action:\n      - x\n  - Sid: Two\n    Effect: Allow\nb: c\n";
    assert_eq!(
        cut(template, "One")?,
        "a:\n  - Sid: Two\n    Effect: Allow\nb: c"
    );
    assert!(cut(template, "Three").is_err());
    Ok(())
}
