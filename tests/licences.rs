//! Each dependency's licence allows redistribution: it is in the list below.

use std::process::Command;

/// Licences that allow redistribution under our licence together with their texts.
const ALLOWED: [&str; 7] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSL-1.0",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that have a licence file instead of an expression, with the licence that was read in
/// it.
const READ: [(&str, &str); 1] = [("libyaml-safer", "MIT")];

#[test]
fn every_licence_is_allowed() {
    let host = String::from_utf8(output("rustc", &["-vV"])).expect("rustc prints UTF-8");
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host")
        .to_string();
    let metadata = output(
        env!("CARGO"),
        &["metadata", "--offline", "--locked", "--format-version=1", "--filter-platform", &host],
    );
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let not_allowed: Vec<String> = packages
        .iter()
        .map(|package| (&package["name"], &package["version"], licence(package)))
        .filter(|(_, _, licence)| !allowed(licence))
        .map(|(name, version, licence)| format!("{name} {version}: {licence}"))
        .collect();
    assert!(packages.len() > 50, "cargo lists only {} packages", packages.len());
    assert!(
        not_allowed.is_empty(),
        "choose another crate, or allow the licence in tests/licences.rs after reading it:\n{}",
        not_allowed.join("\n")
    );
}

#[test]
fn and_requires_both_licences() {
    assert!(allowed("(MIT OR GPL-3.0-only) AND Unicode-3.0"));
    assert!(allowed("Apache-2.0/MIT"));
    assert!(!allowed("MIT AND GPL-3.0-only"));
    assert!(!allowed("GPL-3.0-only"));
}

/// The licence expression of a package, or the licence read in its file.
fn licence(package: &serde_json::Value) -> &str {
    let by_file = || {
        READ.iter()
            .find(|(name, _)| package["name"] == *name && package["license_file"].is_string())
    };
    package["license"]
        .as_str()
        .or_else(|| by_file().map(|(_, licence)| *licence))
        .unwrap_or("no licence")
}

/// Whether each `AND` operand has an allowed choice. Only choices are in parentheses.
fn allowed(expression: &str) -> bool {
    let choice = |text: &str| {
        text.replace('/', " OR ").split(" OR ").any(|licence| ALLOWED.contains(&licence.trim()))
    };
    expression
        .split(" AND ")
        .all(|operand| choice(operand.trim().trim_start_matches('(').trim_end_matches(')')))
}

fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new(program).args(arguments).output().expect("Rust is installed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}
