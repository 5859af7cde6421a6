//! Generates the projects that are compiled.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

pub struct Project {
    pub folder: PathBuf,
    plans: Cell<usize>,
}

impl Project {
    /// A project with these models and the source that they read.
    pub fn of(folder: &Path, models: &[String]) -> Project {
        let project = Project { folder: folder.join("project"), plans: Cell::new(0) };
        project.write(
            "dbt_project.yml",
            "name: shop\nversion: '1.0'\nprofile: shop\nconfig-version: 2\n",
        );
        project.write(
            "profiles.yml",
            "shop:\n  target: dev\n  outputs:\n    dev: \
             {type: duckdb, path: shop.duckdb, schema: main, threads: 2}\n",
        );
        let yaml = "sources:\n  - name: raw\n    tables:\n      - name: orders\n        config: \
            {event_time: ordered_at}\n";
        project.write("models/sources.yml", yaml);
        for (number, model) in models.iter().enumerate() {
            project.model(number, model);
        }
        project
    }

    pub fn model(&self, number: usize, text: &str) {
        self.write(&format!("models/m{}/model_{number}.sql", number % 50), text);
    }

    pub fn plan(&self) -> PathBuf {
        self.folder.join(format!("target/plan-{}", self.plans.get()))
    }

    /// Uses a new folder for the plan. The old folder is not removed: ext4 is slow to allocate next
    /// to recently removed files, which would distort the measurement.
    pub fn next_plan(&self) {
        self.plans.set(self.plans.get() + 1);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// A project of `count` models; the first `with_batches` are microbatch models.
pub fn many(folder: &Path, count: usize, with_batches: usize) -> Project {
    let model = |number: usize| match number < with_batches {
        true => microbatch("day", "2024-09-01", number),
        false => format!(
            "select ordered_at, order_id, amount, {number} as n from \
             {{{{ source('raw', 'orders') }}}}\n"
        ),
    };
    Project::of(folder, &(0..count).map(model).collect::<Vec<_>>())
}

/// A small microbatch model; the number makes its query unique.
pub fn microbatch(size: &str, begin: &str, number: usize) -> String {
    format!(
        "{}with orders as (\n    select * from {{{{ source('raw', 'orders') }}}}\n)\n\n\
         select ordered_at, order_id, amount, {number} as n\nfrom orders\nwhere amount > 0\n",
        config(size, begin)
    )
}

/// A model of `ctes` common table expressions with `lines` lines each.
pub fn long(ctes: usize, lines: usize) -> String {
    let cte = |number: usize| {
        let from = match number {
            0 => "{{ source('raw', 'orders') }}".to_string(),
            _ => format!("step_{}", number - 1),
        };
        let columns: String = (0..lines - 5)
            .map(|line| format!("        amount * {line} + {number} as amount_{line},\n"))
            .collect();
        format!(
            "step_{number} as (\n    select\n{columns}        ordered_at, order_id, amount\n    \
             from {from}\n)"
        )
    };
    let ctes: Vec<String> = (0..ctes).map(cte).collect();
    format!(
        "{}with {}\nselect ordered_at, order_id, amount\nfrom step_{}\n",
        config("day", "2024-09-01"),
        ctes.join(",\n"),
        ctes.len() - 1
    )
}

fn config(size: &str, begin: &str) -> String {
    format!(
        "{{{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='{size}', begin='{begin}') }}}}\n"
    )
}
