#!/usr/bin/env node
/** `nn-embedding VERB`: one file per verb; each adds itself to the command line and throws what the user has to know. */
import { readFileSync } from "node:fs";
import { cac } from "cac";
import { rangeError, show } from "../errors.js";
import { addBuild } from "./addon/build.js";
import { addBench } from "./bench/bench.js";
import { addDoctor } from "./doctor/doctor.js";
import { addTrain } from "./train/train.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const cli = cac("nn-embedding");
addTrain(cli);
addBench(cli);
addDoctor(cli);
addBuild(cli);
cli.help();
cli.version(version);

// A reader that has seen enough (`| head`) is no fault; anything else that keeps us from telling is told once.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") console.error(`nn-embedding: ${error.message}`);
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  refuseEmpty(process.argv.slice(2));
  cli.parse(process.argv, { run: false });
  const { help, version: asksVersion } = cli.options; // without a verb parse has told them, and help with one
  if (asksVersion && cli.matchedCommand) cli.outputVersion();
  else if (cli.matchedCommand) await cli.runMatchedCommand();
  else if (!help && !asksVersion && cli.args.length > 0)
    throw rangeError("ERR_OUT_OF_RANGE", `verb is ${show(cli.args[0])}, expected train, bench, doctor or build`);
  else if (!help && !asksVersion) cli.outputHelp();
} catch (error) {
  // What the user did wrong has a code and needs no stack; a fault of ours has neither.
  const { name, message, code } = error as Error & { code?: string };
  console.error(code !== undefined || name === "CACError" ? `nn-embedding: ${message}` : error);
  process.exitCode = 1;
}

/** The command line would hand over an empty word as 0. */
function refuseEmpty(words: readonly string[]): void {
  const at = words.indexOf("");
  if (at < 0) return;
  const name = words[at - 1]?.startsWith("-") ? words[at - 1] : "argument";
  throw rangeError("ERR_OUT_OF_RANGE", `${name} is "", expected a word`);
}
