// Type-checks functions that nobody vouches for, each as a module of its own, as `tsc --noEmit --strict` does with
// the language's own library and no host's.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { at, begin, done, receive } = require("./protocol.cjs");

const ts = require(process.argv[2]);
const LIBRARY = path.join(process.argv[2], "lib");
const OPTIONS = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ["lib.esnext.d.ts"],
  types: [],
  skipLibCheck: true,
};
const libraries = new Map();

function parse(name, text) {
  return ts.createSourceFile(name, text, { languageVersion: OPTIONS.target });
}

function readLibrary(name) {
  if (!libraries.has(name)) libraries.set(name, parse(name, fs.readFileSync(name, "utf8")));
  return libraries.get(name);
}

/** A program of these files, by their names, and of the library. */
function makeProgram(files, before) {
  const host = {
    getSourceFile: (name) => files.get(name) ?? readLibrary(name),
    getDefaultLibFileName: () => path.join(LIBRARY, "lib.esnext.d.ts"),
    getDefaultLibLocation: () => LIBRARY,
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    getDirectories: () => [],
    directoryExists: () => false,
    fileExists: (name) => files.has(name),
    readFile: () => undefined,
    writeFile: () => undefined,
  };
  return ts.createProgram({ rootNames: [...files.keys()], options: OPTIONS, host, oldProgram: before });
}

function problemOf(program, file) {
  const [first] = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return first ? `TS${first.code}: ${ts.flattenDiagnosticMessageText(first.messageText, " ")}` : null;
}

/** The kinds of the statements of a module: an answer that closes its function and opens something else adds some. */
function outline(file) {
  return file.statements.map((statement) => statement.kind).join();
}

function moduleOf({ head, body }) {
  return `${head} {\n${body}\n}\nexport {};\n`;
}

const jobs = receive();
const warm = new Map([["/warm.ts", parse("/warm.ts", "[1].map((value) => value);")]]);
const before = makeProgram(warm);
problemOf(before, warm.get("/warm.ts"));
begin();

const files = new Map();
const refused = new Set();
for (const [number, job] of jobs.entries()) {
  at(number);
  const file = parse(`/${number}.ts`, moduleOf(job));
  if (outline(file) === outline(parse("/frame.ts", moduleOf({ head: job.head, body: "" })))) files.set(`/${number}.ts`, file);
  else refused.add(number);
}
at(-1);
const program = makeProgram(files, before);
program.getTypeChecker();
for (const number of jobs.keys()) {
  at(number);
  done(number, refused.has(number) ? "more than the body of one function" : problemOf(program, files.get(`/${number}.ts`)));
}
