// Runs one of the scripts beside it, with the action's inputs as variables of shell: their names have hyphens.
const { spawnSync } = require("node:child_process");
const path = require("node:path");

const NAMES = ["version", "sha256", "registries", "role-arn", "external-id", "web-identity-role-arn", "own-docker-config"];

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] || "";

exports.run = (script) => {
  const env = { ...process.env, REPOSITORY: process.env.GITHUB_ACTION_REPOSITORY || "" };
  if (script === "set-up.sh") env.GH_TOKEN = input("token"); // gh reads the attestation with it
  for (const name of NAMES) env[name.toUpperCase().replaceAll("-", "_")] = input(name);
  delete env.INPUT_TOKEN;
  const bash = spawnSync("bash", ["--noprofile", "--norc", path.join(__dirname, script)], { env, stdio: "inherit" });
  if (bash.error) console.log(`::error::cannot run bash: ${bash.error.message}`);
  return bash.status ?? 1;
};
