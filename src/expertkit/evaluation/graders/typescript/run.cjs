// Calls functions that nobody vouches for, each in a realm of its own, and says what they returned. It is not told what
// they should return: that is compared elsewhere.
"use strict";

const fs = require("node:fs");
const { stripTypeScriptTypes } = require("node:module");
const path = require("node:path");
const vm = require("node:vm");
const { at, begin, done, receive } = require("./protocol.cjs");

const JUDGE = new vm.Script(fs.readFileSync(path.join(__dirname, "judge.js"), "utf8"));
const REALM = { codeGeneration: { strings: false, wasm: false }, microtaskMode: "afterEvaluate" };
const QUIETLY = { displayErrors: false }; // to display an error is to touch what an answer threw
const LARGEST = 50_000; // values and characters of one result

function load(source) {
  try {
    return { script: new vm.Script(`"use strict";\n${stripTypeScriptTypes(source)}`) };
  } catch (error) {
    return { problem: String(error.message).split("\n")[0] };
  }
}

/** The outcomes of all calls as JSON text, or why there are none. */
function judge({ source, calls }) {
  const { script, problem } = load(source);
  if (!script) return { problem };
  const realm = vm.createContext(vm.constants.DONT_CONTEXTIFY, REALM);
  const callAll = JUDGE.runInContext(realm, QUIETLY);
  try {
    const outcomes = callAll(script.runInContext(realm, QUIETLY), JSON.stringify(calls), LARGEST);
    return typeof outcomes === "string" ? { outcomes } : { problem: "no outcomes" };
  } catch {
    return { problem: "does not load" };
  }
}

const jobs = receive();
judge({ source: "(function (row: number): number { return row; })", calls: ["1"] }); // loads what is loaded late
delete process.kill;
delete process._kill;
begin();
for (const [number, job] of jobs.entries()) {
  at(number);
  done(number, judge(job));
}
