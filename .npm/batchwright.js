#!/usr/bin/env node
// Runs the program for this processor with the same arguments, streams and exit code.
"use strict";

const { spawn } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const program = join(__dirname, process.arch, "batchwright");
if (!existsSync(program)) {
  console.error(`error: this package has no program for ${process.platform} on ${process.arch}`);
  console.error("hint: build it with `cargo install batchwright`");
  process.exit(2);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// The program itself decides what a signal does; Ctrl-C reaches it through the terminal.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`error: cannot start ${program}: ${error.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => {
  if (!signal) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
