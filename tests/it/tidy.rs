//! What a machine can hold of the repository's rules: where things are, how long they are, who may name whom, and
//! whether the pages say what the code says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest source file, in lines; tests may be longer.
const MAX_LINES: usize = 400;

/// The longest `main.rs` of a function, in lines: it wires, and decides nothing.
const MAX_MAIN_LINES: usize = 40;

/// Directories of the repository that are not in it.
const NOT_OURS: [&str; 4] = ["target", ".git", ".muster", ".aws-sam"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All files with this ending, by path from the root.
fn files(ending: &str) -> Vec<String> {
    let (root, mut found, mut open) = (root(), Vec::new(), vec![PathBuf::new()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = directory.join(entry.file_name());
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                let ours = !NOT_OURS.contains(&name.as_str());
                open.extend(ours.then_some(path));
            } else if name.ends_with(ending) {
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file ends in {ending}");
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the functions.
fn functions() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("functions")).unwrap().map(Result::unwrap);
    let names = entries.filter(|entry| entry.path().join("Cargo.toml").exists());
    names.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Fails with all that is wrong, not only the first.
fn assert_none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_source_file_says_first_what_it_is() {
    let wrong: Vec<String> = files(".rs")
        .into_iter()
        .filter(|path| !read(path).starts_with("//!"))
        .collect();
    assert_none("these files do not begin with `//!`", &wrong);
}

#[test]
fn no_source_file_is_long() {
    let lengths = files(".rs").into_iter().map(|path| (read(&path).lines().count(), path));
    let wrong: Vec<String> = lengths
        .filter(|(lines, path)| {
            let wires = path.starts_with("functions/") && path.ends_with("/src/main.rs");
            *lines > if wires { MAX_MAIN_LINES } else { MAX_LINES } && !is_test(path)
        })
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none("these files are too long", &wrong);
}

/// Whether a section of a `Cargo.toml` has this line.
fn says(manifest: &str, section: &str, line: &str) -> bool {
    let heading = format!("[{section}]");
    let lines = manifest.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .any(|found| found == line)
}

/// Whether a file has tests of its own.
fn has_tests(source: &str) -> bool {
    ["#[test]", "#[tokio::test", "proptest!"]
        .iter()
        .any(|word| source.contains(word))
}

/// Whether a file has an example that `cargo test` would run.
fn has_examples(source: &str) -> bool {
    let comments = source.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
    });
    let fences: Vec<&str> = comments.map(str::trim).filter(|line| line.starts_with("```")).collect();
    fences.iter().step_by(2).any(|fence| !fence.contains("text"))
}

#[test]
fn nothing_that_is_not_run_has_tests() {
    let mut wrong = Vec::new();
    let sources = files(".rs");
    for path in files("Cargo.toml") {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else {
            continue;
        };
        let manifest = read(&path);
        let source = |path: &&String| path.starts_with(&format!("{folder}/src/"));
        for source in sources.iter().filter(source) {
            let (text, main) = (read(source), source.ends_with("/src/main.rs"));
            let section = if main { "[bin]" } else { "lib" };
            if has_tests(&text) && says(&manifest, section, "test = false") {
                wrong.push(format!("{source}: {path} says `test = false`"));
            }
            if has_examples(&text) && says(&manifest, section, "doctest = false") {
                wrong.push(format!("{source}: {path} says `doctest = false`"));
            }
        }
    }
    assert_none("nobody would run the tests in these files", &wrong);
}

#[test]
fn the_rules_about_what_is_run_bite() {
    let manifest = "[lib]\ntest = false\n\n[[bin]]\nname = \"a\"\ndoctest = false\n";
    assert!(says(manifest, "lib", "test = false") && !says(manifest, "lib", "doctest = false"));
    assert!(says(manifest, "[bin]", "doctest = false") && !says(manifest, "[bin]", "test = false"));
    assert!(has_tests("#[tokio::test(start_paused = true)]") && !has_tests("#[cfg(feature = \"tests\")]"));
    assert!(has_examples("/// ```\n/// a();\n/// ```") && !has_examples("//! ```text\n//! a\n//! ```"));
}

/// The names in a section of a `Cargo.toml`, and in the sections like it for a platform.
fn dependencies(manifest: &str, section: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside =
                heading == section || (heading.starts_with("target.") && heading.ends_with(&format!(".{section}")));
        } else if inside && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            names.extend((!name.is_empty()).then(|| name.to_owned()));
        }
    }
    names
}

/// What a crate of this workspace may not depend on, and whether tests may.
fn forbidden(folder: &str, name: &str, functions: &BTreeSet<String>, test: bool) -> Option<&'static str> {
    let is_function = functions.contains(name);
    let is_sdk = name.starts_with("aws-sdk-") || name == "aws-config";
    let library = folder.starts_with("shared/");
    let core = folder == "shared/core";
    let alone = matches!(folder, "shared/hardware-hash" | "shared/manifest");
    if is_sdk && folder != "shared/store" && !(test && folder == "infra/local") {
        return Some("only shared/store speaks to AWS");
    }
    if folder.starts_with("functions/") && is_function {
        return Some("functions do not know each other");
    }
    if alone && (name.starts_with("muster-") || name == "manifest" || is_function) {
        return Some("this crate stands alone");
    }
    let outer = ["muster", "muster-local", "journeys", "engines"].contains(&name) || is_function;
    if library && !test && outer {
        return Some("arrows point down");
    }
    if folder.starts_with("functions/") && outer {
        return Some("a function does not know where it runs");
    }
    if name == "muster-service" && !folder.starts_with("functions/") && folder.starts_with("shared/") {
        return Some("only functions stand on the service");
    }
    let io = ["aws", "lambda", "tokio", "hyper", "reqwest", "rusqlite"]
        .iter()
        .any(|part| name.starts_with(part));
    (core && (io || ["muster-store", "muster-runtime"].contains(&name)))
        .then_some("the rules know no AWS and do no input or output")
}

#[test]
fn dependencies_point_down() {
    let functions = functions();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files("Cargo.toml") {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else {
            continue;
        };
        let manifest = read(&path);
        for (section, test) in [
            ("dependencies", false),
            ("build-dependencies", false),
            ("dev-dependencies", true),
        ] {
            for name in dependencies(&manifest, section) {
                seen += 1;
                let own = name == folder.rsplit('/').next().unwrap_or_default();
                let why = forbidden(folder, &name, &functions, test).filter(|_| !own);
                wrong.extend(why.map(|why| format!("{path}: {name}: {why}")));
            }
        }
    }
    assert!(seen > 50, "the workspace names more than {seen} dependencies");
    assert_none("these dependencies are not allowed", &wrong);
}

#[test]
fn the_rules_about_dependencies_bite() {
    let functions = functions();
    for (folder, name, test) in [
        ("functions/sweep", "aws-sdk-sqs", false),
        ("functions/sweep", "split-upload", true),
        ("functions/sweep", "muster-local", false),
        ("shared/core", "tokio", false),
        ("shared/core", "muster-store", true),
        ("shared/manifest", "muster-core", true),
        ("shared/store", "muster-local", false),
        ("shared/service", "registration-api", false),
        ("shared/runtime", "muster-service", false),
        ("infra/local", "aws-sdk-s3", false),
    ] {
        assert!(forbidden(folder, name, &functions, test).is_some(), "{folder} {name}");
    }
    assert_eq!(forbidden("shared/store", "muster-local", &functions, true), None);
    let manifest = "[package]\nname = \"x\"\n[dependencies]\n# no\na.workspace = true\nb = \"1\"\n[dev-dependencies]\nc = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nd = { version = \"1\" }\n";
    assert_eq!(
        dependencies(manifest, "dependencies"),
        ["a", "b", "d"].map(str::to_owned).into()
    );
}

#[test]
fn the_stores_tests_run_on_any_engine() {
    let embedded = ["muster_local::dynamodb", "muster_local::objects", "muster_local::flow"];
    let wrong: Vec<String> = files(".rs")
        .into_iter()
        .filter(|path| path.starts_with("shared/store/") && embedded.iter().any(|name| read(path).contains(name)))
        .collect();
    assert_none("`engines` should give these their databases and buckets", &wrong);
}

/// The types of the public fields of a struct, without references and paths.
fn field_types(source: &str, name: &str) -> Vec<String> {
    let lines = source
        .lines()
        .skip_while(|line| !line.starts_with(&format!("pub struct {name}")));
    let fields = lines.skip(1).take_while(|line| !line.starts_with('}'));
    let types = fields.filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": ")?.1.strip_suffix(','));
    types
        .map(|text| {
            let text = text.split('<').next().unwrap_or(text);
            text.rsplit([' ', ':', '&']).next().unwrap_or(text).to_owned()
        })
        // What the caller knows already, and a setting, is no capability.
        .filter(|name| !["BTreeSet", "NewId", "String", "Throttling"].contains(&name.as_str()))
        .collect()
}

/// `split-upload` to `SplitUpload`.
fn type_name(function: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.split('-').map(capital).collect()
}

#[test]
fn the_table_of_capabilities_is_that_of_the_code() {
    let mut code = BTreeSet::new();
    for function in functions() {
        let fields = field_types(
            &read(&format!("functions/{function}/src/lib.rs")),
            &type_name(&function),
        );
        assert!(
            !fields.is_empty(),
            "functions/{function}/src/lib.rs has no struct {}",
            type_name(&function)
        );
        code.extend(fields.into_iter().map(|capability| (function.clone(), capability)));
    }
    let page = read("ARCHITECTURE.md");
    let (_, behind) = page
        .split_once("| function | capability |")
        .expect("the table of ARCHITECTURE.md");
    let rows = behind.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|line| {
        line.split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect::<Vec<_>>()
    });
    let table: BTreeSet<(String, String)> = cells.map(|cells| (cells[1].clone(), cells[2].clone())).collect();
    let only = |one: &BTreeSet<(String, String)>, other| -> Vec<String> {
        one.difference(other)
            .map(|(function, capability)| format!("{function}: {capability}"))
            .collect()
    };
    assert_none("ARCHITECTURE.md lacks", &only(&code, &table));
    assert_none("ARCHITECTURE.md has, and the code has not", &only(&table, &code));
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in files(".md") {
        let folder = root().join(&page).parent().unwrap().to_owned();
        for target in read(&page)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next().map(str::to_owned))
        {
            let file = target.split('#').next().unwrap_or_default();
            if !target.contains("://") && !file.is_empty() && !folder.join(file).exists() {
                wrong.push(format!("{page}: {target}"));
            }
        }
    }
    assert_none("these links lead nowhere", &wrong);
}

#[test]
fn the_readme_holds_the_commands_that_are_checked() {
    let readme = read("README.md");
    for command in [
        "cargo run -- register samples/device-list.csv --tenant Fabrikam --data-dir .muster",
        "cargo test --workspace",
    ] {
        assert!(
            readme.lines().any(|line| line == command),
            "README.md has no line `{command}`"
        );
    }
}
