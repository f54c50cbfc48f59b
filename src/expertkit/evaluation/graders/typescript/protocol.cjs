// What the programs of this folder say to the process that started them: jobs come in as one line of JSON, `"ready"`
// goes out. When the process has been locked up, another line comes in: "begin", or "step down" to a process of
// root's. Then for every job `[number]` goes out before work on it begins and `[number, result]` after it. Each line is
// written at once: what is not written when the process is killed was not done.
"use strict";

const fs = require("node:fs");

const NEWLINE = 10;
const NOBODY = 65534;
const received = Buffer.alloc(1 << 16);
let buffered = Buffer.alloc(0);

function readLine() {
  const chunks = [];
  for (;;) {
    const end = buffered.indexOf(NEWLINE);
    if (end >= 0) {
      chunks.push(buffered.subarray(0, end));
      buffered = buffered.subarray(end + 1);
      return Buffer.concat(chunks).toString();
    }
    chunks.push(buffered);
    const size = fs.readSync(0, received);
    if (size === 0) throw new Error("the line ended");
    buffered = Buffer.from(received.subarray(0, size));
  }
}

function say(value) {
  const line = Buffer.from(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < line.length; ) at += fs.writeSync(1, line, at);
}

/** Become nobody, who can neither signal others nor start processes. */
function stepDown() {
  process.setgroups([]);
  process.setgid(NOBODY);
  process.setuid(NOBODY);
}

module.exports = {
  receive: () => JSON.parse(readLine()),
  begin() {
    say("ready");
    if (JSON.parse(readLine()) === "step down") stepDown();
  },
  at: (number) => say([number]),
  done: (number, result) => say([number, result]),
};
