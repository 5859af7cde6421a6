//! `batchwright ledger --run` through clients that print tables, JSON or their prompt. The others are
//! tested with the engines of `ledger.rs`; ClickHouse's format by `tests/engines`.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::batchwright::strings;
use crate::engine::installed;
use crate::snowflake::FakeSnow;
use crate::spark::spark_sql;

pub const CASES: &[(&str, fn())] = &[
    ("spark_sql_reads_the_ledger", spark_sql_reads_the_ledger),
    ("beeline_reads_the_ledger", beeline_reads_the_ledger),
    ("snow_reads_the_ledger", snow_reads_the_ledger),
];

/// Characters that clients quote, pad or cut.
const MODEL: &str = "model.shop.größe";
const STEP: &str = "model.shop.a b;c|d,\"x\"%`";
const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ROWS: usize = 120;

/// A table with rows of a ledger.
fn ledger_table(text: &str, options: &str, rows: &str) -> String {
    let columns = [
        ("model", text),
        ("step", text),
        ("kind", text),
        ("batch_id", text),
        ("window_start", "timestamp"),
        ("window_end", "timestamp"),
        ("statement_sha256", text),
        ("rows_written", "bigint"),
        ("plan_fingerprint", text),
        ("written_at", "timestamp"),
    ];
    let columns: Vec<String> =
        columns.iter().map(|(name, data_type)| format!("{name} {data_type}")).collect();
    let time = |text: &str| format!("cast('{text}' as timestamp)");
    let [start, end, at] =
        ["2024-09-01 00:00:00", "2024-09-02 00:00:00", "2024-09-03 10:00:00.123"].map(time);
    format!(
        "create table ledger ({}){options};\n\
         insert into ledger select '{MODEL}', concat('{STEP}@', id), 'batch', concat('', id), \
         {start}, {end}, '{HASH}', null, 'plan', {at} from {rows};\n",
        columns.join(", ")
    )
}

/// Reads the ledger, and compares its rows.
fn assert_ledger_is_read(folder: &Path, dialect: &str, schema: &str, client: &[String]) {
    let output = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(["ledger", "--run", "--dialect", dialect, "--schema", schema])
        .args(["--ledger", &format!("{schema}.ledger"), "--project-dir"])
        .arg(folder)
        .arg("--")
        .args(client)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{client:?}: {message}");
    let mut rows = csv::Reader::from_reader(output.stdout.as_slice());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), ROWS + 1, "{client:?}");
    let (end, rows) = rows.split_last().unwrap();
    assert_eq!([&end[2], &end[7]], ["end", "120"]);
    for row in rows {
        assert!(&row[0] == MODEL && row[1] == format!("{STEP}@{}", &row[3]), "{row:?}");
        let expected = ["2024-09-01T00:00:00", "2024-09-02T00:00:00", HASH, "", "plan"];
        for (value, expected) in row.iter().skip(4).zip(expected) {
            assert!(value == expected || value == format!("{expected}.000"), "{row:?}");
        }
        assert!(row[9].starts_with("2024-09-03T10:00:00.123"), "{row:?}");
    }
}

/// A project whose ledger is named on the command line.
fn project(folder: &Path) {
    fs::write(folder.join("dbt_project.yml"), "name: shop\nversion: '1.0'\n").unwrap();
}

fn spark_sql_reads_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let client = spark_sql(folder.path());
    let table = ledger_table("string", " using parquet", "range(120)");
    let setup = folder.path().join("setup.sql");
    fs::write(&setup, table).unwrap();
    let ran = Command::new(&client[0]).args(&client[1..]).arg("-f").arg(&setup).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_ledger_is_read(folder.path(), "spark", "default", &client);
}

fn beeline_reads_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let server = ThriftServer::start(folder.path());
    let url = format!("jdbc:hive2://127.0.0.1:{}", server.port);
    let home = format!("SPARK_HOME={}", server.spark_home);
    let beeline = format!("{}/bin/beeline", server.spark_home);
    let client = strings(&["env", &home, &beeline, "-u", &url, "-n", "shop"]);
    let setup = folder.path().join("setup.sql");
    fs::write(&setup, ledger_table("string", " using parquet", "range(120)")).unwrap();
    let ran = Command::new(&client[0]).args(&client[1..]).arg("-f").arg(&setup).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    // It prints a table with padded columns.
    let client = [client, strings(&["-f", "{file}"])].concat();
    assert_ledger_is_read(folder.path(), "spark", "default", &client);
}

fn snow_reads_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let server = FakeSnow::start();
    let client = server.client(folder.path());
    let rows = "(select seq4() as id from table(generator(rowcount => 120)))";
    let setup = folder.path().join("setup.sql");
    fs::write(&setup, ledger_table("varchar", "", rows)).unwrap();
    let ran = Command::new(&client[0]).args(&client[1..]).arg("-f").arg(&setup).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    for options in [&["-i"][..], &["--format", "csv", "-f", "{file}"]] {
        let client = [client.clone(), strings(options)].concat();
        assert_ledger_is_read(folder.path(), "snowflake", "public", &client);
    }
}

/// Spark's server for beeline.
struct ThriftServer {
    process: Child,
    port: u16,
    spark_home: String,
}

impl ThriftServer {
    fn start(folder: &Path) -> ThriftServer {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let lib = fs::canonicalize(installed("spark/lib")).unwrap();
        let python = fs::read_dir(lib).unwrap().flatten().next().unwrap().path();
        let spark_home = python.join("site-packages/pyspark").display().to_string();
        let log = File::create(folder.join("server.log")).unwrap();
        let at = |key: &str, name: &str| format!("{key}={}", folder.join(name).display());
        let process = Command::new(format!("{spark_home}/bin/spark-submit"))
            .args(["--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"])
            .args(["--master", "local[1]", "--conf", "spark.ui.enabled=false"])
            .args(["--conf", &at("spark.sql.warehouse.dir", "warehouse")])
            .args(["--conf", &at("spark.driver.extraJavaOptions=-Dderby.system.home", "derby")])
            .args(["--hiveconf", &format!("hive.server2.thrift.port={port}")])
            .args(["--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1", "spark-internal"])
            .env("SPARK_HOME", &spark_home)
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = ThriftServer { process, port, spark_home };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = folder.join("server.log");
            assert!(
                start.elapsed() < Duration::from_secs(180),
                "the server does not listen after three minutes:\n{}",
                fs::read_to_string(log).unwrap()
            );
            sleep(Duration::from_millis(200));
        }
        server
    }
}

impl Drop for ThriftServer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
