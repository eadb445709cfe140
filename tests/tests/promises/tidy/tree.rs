//! The files of the tree: everything that git does not ignore.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A text file. `path` is relative to the root, with `/`.
pub struct File {
    pub path: String,
    pub text: String,
}

/// The root of the tree that cargo runs the tests of. Two clones may share a target directory and with
/// it the binary of this test, so the place where it was built may be the other one.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let running = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package = running.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        package.parent().unwrap().to_owned()
    })
}

/// The text of one file of the tree.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// Every text file of the tree, in order of path.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let ignored = Ignored::parse(&read(".gitignore"));
        let mut files = Vec::new();
        walk(root(), &ignored, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    })
}

/// The names of the directories at the top, those with a dot in front left out.
pub fn top_level_directories() -> Vec<String> {
    let ignored = Ignored::parse(&read(".gitignore"));
    let mut names: Vec<String> = entries(root())
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| relative(&path))
        .filter(|name| !name.starts_with('.') && !ignored.covers(name))
        .collect();
    names.sort();
    names
}

fn walk(directory: &Path, ignored: &Ignored, files: &mut Vec<File>) {
    for path in entries(directory) {
        let name = relative(&path);
        if name == ".git" || ignored.covers(&name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, ignored, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.push(File { path: name, text });
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    inside.to_str().unwrap().replace('\\', "/")
}

/// The three forms of pattern that our `.gitignore` uses: `/path/`, `name/` and `*.ending`.
struct Ignored(Vec<String>);

impl Ignored {
    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(patterns.map(str::to_owned).collect())
    }

    fn covers(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap();
        self.0.iter().any(|pattern| {
            if let Some(ending) = pattern.strip_prefix('*') {
                name.ends_with(ending)
            } else if let Some(anchored) = pattern.strip_prefix('/') {
                path == anchored.trim_end_matches('/')
            } else {
                name == pattern.trim_end_matches('/')
            }
        })
    }
}

#[test]
fn the_walk_leaves_out_what_git_ignores_and_nothing_else() {
    let ignored = Ignored::parse("# built\n/target/\n__pycache__/\n*.pyc\n");
    for path in ["target", "tests/__pycache__", "tests/a.pyc"] {
        assert!(ignored.covers(path), "{path}");
    }
    for path in ["tests/target", "targets", "tests/a.py", "README.md"] {
        assert!(!ignored.covers(path), "{path}");
    }
    assert!(files().iter().any(|file| file.path == "Cargo.toml"));
    let here = "tests/tests/promises/tidy/tree.rs";
    assert!(files().iter().any(|file| file.path == here));
}
