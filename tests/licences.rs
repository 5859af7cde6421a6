//! What the program is made of may be passed on: each dependency's licence is one of those below.

use std::process::Command;

/// Licences that let a program be passed on under its own, if their texts go with it.
const ALLOWED: [&str; 7] = ["Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSL-1.0", "MIT", "Unicode-3.0", "Unlicense", "Zlib"];

#[test]
fn every_dependency_may_be_passed_on() {
    let host = String::from_utf8(output("rustc", &["-vV"])).expect("rustc prints UTF-8");
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_string();
    let metadata = output(env!("CARGO"), &["metadata", "--offline", "--locked", "--format-version=1", "--filter-platform", &host]);
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let refused: Vec<String> = packages
        .iter()
        .map(|package| (&package["name"], &package["version"], package["license"].as_str().unwrap_or("no licence")))
        .filter(|(_, _, licence)| !allowed(licence))
        .map(|(name, version, licence)| format!("{name} {version}: {licence}"))
        .collect();
    assert!(packages.len() > 50, "cargo lists only {} packages", packages.len());
    assert!(
        refused.is_empty(),
        "choose another crate, or allow the licence in tests/licences.rs after reading it:\n{}",
        refused.join("\n")
    );
}

#[test]
fn both_are_needed_where_a_licence_says_and() {
    assert!(allowed("(MIT OR GPL-3.0-only) AND Unicode-3.0"));
    assert!(allowed("Apache-2.0/MIT"));
    assert!(!allowed("MIT AND GPL-3.0-only"));
    assert!(!allowed("GPL-3.0-only"));
}

/// Whether one of each choice is allowed. Parentheses stand in such expressions only around choices.
fn allowed(expression: &str) -> bool {
    let choice = |text: &str| text.replace('/', " OR ").split(" OR ").any(|licence| ALLOWED.contains(&licence.trim()));
    expression.split(" AND ").all(|needed| choice(needed.trim().trim_start_matches('(').trim_end_matches(')')))
}

fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new(program).args(arguments).output().expect("Rust is installed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}
