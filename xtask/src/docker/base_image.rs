//! A stand-in for Lambda's base image, made of Debian's packages: what a function's binary needs to start,
//! and what SAM CLI needs to put its emulator in.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Engine;
use crate::{place, run};

/// The name under which SAM CLI looks for `provided.al2023`.
pub const NAME: &str = "public.ecr.aws/lambda/provided:al2023-x86_64";
/// What SAM CLI makes of it.
pub const WITH_EMULATOR: &str = "public.ecr.aws/lambda/provided:al2023-rapid-x86_64";

/// Counts up when the recipe changes.
const RECIPE: &str = "1";
const LABEL: &str = "rekey.stand-in";

/// A shell for SAM CLI's Dockerfile, what a binary of Rust is linked to, and the roots of TLS.
const PACKAGES: [&str; 4] = ["busybox-static", "libc6", "libgcc-s1", "ca-certificates"];
/// The commands of the shell that are used.
const COMMANDS: [&str; 3] = ["sh", "mv", "chmod"];
/// Where Amazon Linux keeps the roots of TLS.
const ROOTS: &str = "etc/pki/tls/certs/ca-bundle.crt";

/// Makes the image if the engine has neither it nor the real one. Says whether it was made.
pub fn ready(engine: &Engine) -> Result<bool> {
    let format = format!("{{{{ index .Config.Labels \"{LABEL}\" }}}}");
    let mut inspect = engine.docker();
    inspect.args(["image", "inspect", "--format", &format, NAME]);
    if let Ok(recipe) = run::quiet(&mut inspect) {
        // No recipe: the real one.
        if [RECIPE, ""].contains(&recipe.trim()) {
            return Ok(false);
        }
    }
    eprintln!("making a base image out of Debian's packages");
    let archive = archive()?;
    run::quiet(
        engine
            .docker()
            .args(["import", "--change", "WORKDIR /var/task"])
            .args(["--change", &format!("LABEL {LABEL}={RECIPE}")])
            .arg(archive)
            .arg(NAME),
    )?;
    Ok(true)
}

/// The image's files.
fn archive() -> Result<PathBuf> {
    let folder = place::target().join("docker/base-image");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (packages, root) = (folder.join("packages"), folder.join("root"));
    fs::create_dir_all(&packages)?;
    fs::create_dir_all(&root)?;
    download(&packages)?;
    for entry in fs::read_dir(&packages)? {
        let mut unpack = run::command("dpkg-deb");
        run::quiet(unpack.arg("--extract").arg(entry?.path()).arg(&root))?;
    }
    // Since Debian 13 packages no longer hold these; the links are another package's.
    for merged in ["bin", "lib", "lib64"] {
        if !root.join(merged).exists() {
            symlink(format!("usr/{merged}"), root.join(merged))?;
        }
    }
    for command in COMMANDS {
        symlink("busybox", root.join("bin").join(command))?;
    }
    roots(&root)?;
    for empty in ["var/task", "var/runtime", "opt", "tmp"] {
        fs::create_dir_all(root.join(empty))?;
    }
    let archive = folder.join("base-image.tar");
    let mut tar = run::command("tar");
    tar.arg("--create").arg("--file").arg(&archive);
    run::quiet(tar.arg("--directory").arg(&root).arg("."))?;
    Ok(archive)
}

fn download(folder: &Path) -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "only Debian's packages make a stand-in for {NAME}: pull the real one, and try again"
        );
    }
    let download = || {
        run::quiet(
            run::command("apt-get")
                .args(["download", "--quiet"])
                .args(["--option", "APT::Sandbox::User=root"])
                .args(PACKAGES)
                .current_dir(folder),
        )
    };
    if download().is_err() {
        run::quiet(run::command("apt-get").args(["update", "--quiet"]))?;
        download()?;
    }
    Ok(())
}

/// One file of the certificates that are one file each.
fn roots(root: &Path) -> Result<()> {
    let certificates = root.join("usr/share/ca-certificates/mozilla");
    let bundle = root.join(ROOTS);
    fs::create_dir_all(bundle.parent().context("a bundle without a folder")?)?;
    let mut bundle = File::create(bundle)?;
    for entry in fs::read_dir(certificates)? {
        std::io::copy(&mut File::open(entry?.path())?, &mut bundle)?;
    }
    Ok(())
}
