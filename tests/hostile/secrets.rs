//! Secrets of the environment and of the profile: where templates may read them; no message shows
//! one.

use std::process::Output;

use crate::shop::{CONFIG, Shop, refused, said};

const SECRET: &str = "open-sesame";

fn compile(shop: &Shop, arguments: &[&str]) -> Output {
    let mut command = shop.command(arguments);
    command
        .env("DBT_ENV_SECRET_KEY", SECRET)
        .env("DBT_ENGINE_ENV_SECRET_KEY", SECRET)
        .env("DBT_ENV_SECRETS", SECRET);
    command.env("DBT_ENV_PRIVATE_KEY", SECRET);
    command.output().unwrap()
}

#[test]
fn a_secret_is_for_profiles_alone() {
    let asked = [
        "env_var('DBT_ENV_SECRET_KEY')",
        "env_var('DBT_ENGINE_ENV_SECRET_KEY')",
        "env_var('DBT_ENV_SECRETS')",
        "env_var('DBT_ENV_' ~ 'SECRET_KEY')",
        "env_var('DBT_ENV_SECRET_NONE', 'default')",
        "env_var(['DBT_ENV_SECRET', 'KEY']|join('_'))",
    ];
    for ask in asked {
        let places = [
            (
                "models/orders.sql",
                format!(
                    "{CONFIG}\nselect ordered_at, '{{{{ {ask} }}}}' as a from \
                     {{{{ source('raw', 'orders') }}}}"
                ),
            ),
            (
                "models/orders.yml",
                format!("models: [{{name: orders, config: {{alias: \"{{{{ {ask} }}}}\"}}}}]"),
            ),
            (
                "models/sources.yml",
                format!(
                    "sources: \
                     [{{name: raw, schema: \"{{{{ {ask} }}}}\", tables: [{{name: orders}}]}}]"
                ),
            ),
            ("dbt_project.yml", format!("name: shop\nmodels: {{+schema: \"{{{{ {ask} }}}}\"}}")),
            ("selectors.yml", format!("selectors: [{{name: s, definition: \"{{{{ {ask} }}}}\"}}]")),
        ];
        for (place, text) in places {
            let shop = Shop::new();
            shop.write(place, &text);
            let arguments: &[&str] =
                if place == "selectors.yml" { &["--selector", "s"] } else { &[] };
            let done = compile(&shop, arguments);
            refused(&done, "is a secret, and secrets are allowed only in profiles.yml", place);
            assert!(!said(&done).contains(SECRET), "{}", said(&done));
        }
    }
    let shop = Shop::of(
        "select ordered_at, '{{ env_var('DBT_ENV_PRIVATE_KEY') }}' as a from \
         {{ source('raw', 'orders') }}",
    );
    refused(
        &compile(&shop, &[]),
        "environment variable `DBT_ENV_PRIVATE_KEY` is not set",
        "models/orders.sql",
    );
}

#[test]
fn templates_see_of_a_profile_what_dbt_shows() {
    let shop =
        Shop::of("select ordered_at, '{{ target }}' as a from {{ source('raw', 'orders') }}");
    shop.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    let keys = [
        "password",
        "pass",
        "jwt",
        "pat",
        "token",
        "private_key_passphrase",
        "keyfile_json",
        "anything",
    ];
    let hidden: String = keys.iter().map(|key| format!("      {key}: hidden-value\n")).collect();
    shop.write(
        "profiles.yml",
        &format!(
            "shop:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      host: \
             shown-value\n      \
             user: \"{{{{ env_var('DBT_ENV_' ~ 'SECRET_KEY') }}}}\"\n      dbname: db\n      \
             schema: s\n{hidden}"
        ),
    );
    let done = compile_with_profile(&shop, &["--stdout"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let sql = String::from_utf8(done.stdout).unwrap();
    assert!(sql.contains("shown-value"), "{sql}");
    assert!(!sql.contains("hidden-value") && !sql.contains(SECRET), "{sql}");
}

fn compile_with_profile(shop: &Shop, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_batchwright"));
    command
        .args(["compile", "--now", "2024-09-03"])
        .args(arguments)
        .current_dir(shop.0.path())
        .env_clear();
    command.env("DBT_ENV_SECRET_KEY", SECRET).output().unwrap()
}

#[test]
fn no_message_shows_a_line_of_a_profile() {
    let broken = [
        "shop:\n  target: dev\n  outputs:\n    dev: \
         {type: postgres, password: hidden-value, schema: [1]}\n",
        "shop:\n  target: dev\n  outputs:\n    dev: {password: hidden-value}\n",
        "shop:\n  target: no\n  outputs:\n    dev: {type: postgres, password: hidden-value}\n",
        "shop:\n  target: dev\n  outputs:\n    dev: \
         {type: postgres, password: hidden-value, schema: \"{{ hidden-value }}\"}\n",
        "shop: {password: hidden-value",
        "shop:\n\tpassword: hidden-value\n",
        "[default]\naws_secret_access_key = hidden-value\n",
        "shop:\n  target: dev\n  outputs:\n    dev: \
         {type: postgres, schema: \"{{ env_var('DBT_ENV_SECRET_KEY') * 10**10 }}\"}\n",
    ];
    for text in broken {
        let shop = Shop::new();
        shop.write("dbt_project.yml", "name: shop\nprofile: shop\n");
        shop.write("profiles.yml", text);
        let done = compile_with_profile(&shop, &[]);
        refused(&done, "", "profiles.yml");
        assert!(!said(&done).contains("hidden-value"), "{text}\n{}", said(&done));
        assert!(!said(&done).contains(SECRET), "{text}\n{}", said(&done));
    }
}

#[test]
fn a_secret_in_a_message_is_masked() {
    let shop = Shop::of("{{ exceptions.raise_compiler_error('the key is open-sesame') }}");
    let done = compile(&shop, &[]);
    refused(&done, "the key is *****", "models/orders.sql");
    assert!(!said(&done).contains(SECRET), "{}", said(&done));
}
