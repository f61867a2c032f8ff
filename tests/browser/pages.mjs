// Makes the pages that the tests look at, each with the JSON report of the same run beside it.
//
//     node pages.mjs CROSSCHECK DIRECTORY
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { hostileEntries } from "./hostile.mjs";
import { largeEntries } from "./large.mjs";
import { grype, trivy } from "./scanners.mjs";

const [crosscheck, directory] = process.argv.slice(2);
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const PASSED = 0;
const BLOCKED = 1;
const INSUFFICIENT = 3;

/** Runs crosscheck, which has to end with that exit code. */
async function run(name, expected, command, ...inputs) {
  const formats = ["html", "json"].map((format) => `${format}=${join(directory, `${name}.${format}`)}`);
  const started = performance.now();
  let code = 0;
  try {
    await promisify(execFile)(crosscheck, [...command, ...inputs, "--format", formats.join(",")], {
      cwd: directory,
      env: { ...process.env, CROSSCHECK_NOW: "2026-11-01T07:00:00Z" },
    });
  } catch (error) {
    code = error.code;
    if (typeof code !== "number") {
      throw error;
    }
    if (code !== expected) {
      process.stderr.write(error.stderr);
    }
  }
  if (code !== expected) {
    throw new Error(`${name}: exit code ${code}, expected ${expected}`);
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: made in ${seconds.toFixed(1)} s`);
}

/** Writes reports of scanners, and gives their paths. */
async function reports(name, contents) {
  const paths = [];
  for (const [scanner, content] of Object.entries(contents)) {
    const path = join(directory, `${name}.${scanner}.json`);
    await writeFile(path, JSON.stringify(content));
    paths.push(path);
  }
  return paths;
}

await mkdir(directory, { recursive: true });
const policy = join(directory, "policy.yaml");
await writeFile(policy, "version: 1\nscanners: { required: [trivy, grype], quorum: 2 }\n");
const merge = ["merge", "--policy", policy];

// The policy is that of the run.
const example = ["report", join(root, "examples", "runs", "pytorch-cuda")];
await run("example", PASSED, example);

const packages = [{ name: "left-pad", version: "1.3.0" }];
const nothing = await reports("empty", { trivy: trivy([], packages), grype: grype([]) });
await run("empty", PASSED, merge, ...nothing);

const half = await reports("insufficient", { trivy: trivy([], packages) });
await run("insufficient", INSUFFICIENT, merge, ...half);

const hostile = hostileEntries();
const attack = await reports("hostile", { trivy: trivy(hostile), grype: grype(hostile) });
await run("hostile", BLOCKED, merge, ...attack);

const { seenByTrivy, seenByGrype } = largeEntries();
const large = await reports("large", { trivy: trivy(seenByTrivy), grype: grype(seenByGrype) });
await run("large", BLOCKED, merge, ...large);
