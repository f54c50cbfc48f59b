"""Bodies of one function, sorted by what is to be thought of them.

The function gives the names of those older than thirty; ``GOLD`` is its body.
"""

from __future__ import annotations

CONTEXT = (
    "interface Client { name: string; age: number; city?: string }\n"
    "function pick(rows: Client[]): string[]"
)  # fmt: skip
SIGNATURE = CONTEXT.splitlines()[1]
GOLD = "return rows.filter((row) => row.age > 30).map((row) => row.name);"
ENDLESS = "for (;;) {}"

RIGHT = (
    "return rows.filter(({ age }) => age > 30).map(({ name }) => name);",
    """const names: string[] = [];
    for (const row of rows) {
      if (row.age > 30) names.push(row.name);
    }
    return names;""",
    "return rows.flatMap((row) => (row.age <= 30 ? [] : [row.name])); // those over thirty",
    "return rows.reduce<string[]>((names, row) => (row.age > 30 ? [...names, row.name] : names), []);",
    "function over(row: Client): boolean { return row.age > 30; }\nreturn rows.filter(over).map((row) => row.name);",
    """const out: string[] = [];
    let at = 0;
    while (at < rows.length) {
      const row = rows[at++];
      if (row.age > 30) out[out.length] = row.name;
    }
    return out;""",
    "const ages = [30, 31] as const; return rows.filter((row) => row.age > ages[0]).map((row) => `${row.name}`);",
    "return [...rows].sort(() => 0).filter((row) => row.age > 30).map((row) => row.name) satisfies string[];",
)
"""Other ways to write it."""
UNCHECKED = (
    "// @ts-ignore\nreturn rows.filter((row) => row.age > 30).map((row) => row.name);",
    "/* @ts-expect-error */ return rows.filter((row) => row.age > 30).map((row) => row.name);",
    "// @ts-nocheck\nreturn rows.filter((row) => row.age > 30).map((row) => row.name);",
    "/// <reference types='node' />\nreturn rows.filter((row) => row.age > 30).map((row) => row.name);",
    "const all: any = rows; return all.filter((row: Client) => row.age > 30).map((row: Client) => row.name);",
    "return (rows as unknown as Client[]).filter((row) => row.age > 30).map((row) => row.name);",
    "return rows.filter((row) => row.age > 30).map((row) => row!.name);",
    "let names!: string[]; return rows.filter((row) => row.age > 30).map((row) => row.name);",
    "const has = (row: Client): row is Client => row.age > 30; return rows.filter(has).map((row) => row.name);",
)
"""Right, and unwilling to be type-checked."""
ILL_TYPED = (
    "return rows.filter((row) => row.age > 30).map((row) => row.name ?? row.nickname);",
    "const count: string = rows.length; return rows.filter((row) => row.age > 30).map((row) => row.name);",
    "return rows.filter((row) => row.age > '30').map((row) => row.name);",
    "const lengths = rows.map((row) => row.city.length); return [];",
    "const f = (x) => x; return rows.filter((row) => row.age > 30).map((row) => row.name);",
    "type T<N extends number> = N extends 1 ? T<N> : N; const one: T<1> = 1; return [];",
)
"""Wrong in the eyes of the compiler."""
WRONG = (
    "return rows.map((row) => row.name);",
    "return rows.filter((row) => row.age >= 30).map((row) => row.name);",
    "return rows.filter((row) => row.age > 30).map((row) => row.name).reverse();",
    "return rows.filter((row) => row.age > 30).map((row) => row.name).join();",
    "return ['jade', 'onyx'];",
    "return rows.filter((row) => row.age > 30);",
    "return new Set(rows.filter((row) => row.age > 30).map((row) => row.name));",
    "return rows.filter((row) => row.age > 30).map((row) => new String(row.name));",
    "return { length: 2, 0: 'jade', 1: 'onyx' };",
    "rows.filter((row) => row.age > 30).map((row) => row.name);",
    "return async () => rows.filter((row) => row.age > 30).map((row) => row.name);",
    "return null;",
    "return [undefined];",
    "return NaN;",
    "",
)
"""Well meant, with another result."""
MUTATING = (
    "rows.reverse(); return rows.filter((row) => row.age > 30).map((row) => row.name).reverse();",
    "return rows.splice(0).filter((row) => row.age > 30).map((row) => row.name);",
    "for (const row of rows) { row.age += 1; } return rows.filter((row) => row.age > 31).map((row) => row.name);",
)
"""Right, at the cost of the caller's rows."""
NO_BODIES = (
    "return rows.map((row) => row.name",
    "} function other(): void {",
    "}; for (;;) {} (() => {",
    "return []; } /*",
    "return rows;\n}\nexport {};\ndeclare global { interface Array<T> { all: T } }\nfunction other() {",
    "return import('node:fs').then(() => []);",
    "import fs from 'node:fs'; return [];",
    "export const all = 1; return [];",
    "return [import.meta.url];",
    "```ts\nreturn rows;\n```\nThis function returns all rows.",
    "\0",
    "\ud800",
    "return '\udfff';",
    "x" * 5_000,
    "return " + "(" * 200 + "rows" + ")" * 200 + ";",
    "return " + "!" * 900 + "rows;",
)
"""Something else than the body of one function."""
HOSTILE = (
    ENDLESS,
    "while (true) { try { throw 1; } catch {} }",
    "return pick(rows);",
    "const again = (): string[] => again(); return again();",
    "const all: string[] = []; for (;;) all.push('xxxxxxxxxxxxxxxxxxxxxxxx');",
    "let text = 'x'; for (;;) text += text;",
    "return 'x'.repeat(2 ** 29 - 30).split('');",
    "return [2n ** (2n ** 40n)].map(String);",
    "return /^(a+)+$/.test('a'.repeat(50) + '!') ? [] : [];",
    "const all = []; all.length = 4294967295; return all;",
    "const all = []; all[0] = all; return all;",
    "const all = {}; all.all = all; return all;",
    "return Array(60000).fill('x');",
    "return ['x'.repeat(60000)];",
    "throw 'x'.repeat(2 ** 27);",
    "throw null;",
    "throw Symbol('x');",
    "throw { toString() { for (;;) {} } };",
    "throw { toString() { throw this; } };",
    "return { get name() { throw rows; } };",
    "return { get name() { for (;;) {} } };",
    "return new Proxy(rows, { get() { for (;;) {} } });",
    "return process.exit(0);",
    "return require('node:fs').readdirSync('/');",
    "return globalThis.process.env;",
    "return (() => this)().process;",
    "return rows.constructor.constructor('return process')().exit(0);",
    "return (async () => {}).constructor('return process')();",
    "return eval('[]');",
    "return new Function('return []')();",
    "setTimeout(() => {}, 1e9); return [];",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return [];",
    "return WebAssembly;",
    "return fetch('x');",
    "return console.log('[1,{}]');",
    "(async () => { for (;;) await null; })(); return [];",
    "JSON.stringify = () => '[]'; JSON.parse = () => []; return rows;",
    "Object.keys = () => []; Array.isArray = () => true; Number.isFinite = () => true; return rows;",
    "Array.prototype.map = Array.prototype.filter = function () { return ['jade', 'onyx']; }; return rows.map(String);",
    "Object.prototype.toJSON = Array.prototype.toJSON = () => ['jade', 'onyx']; return rows;",
    "Object.prototype.returns = ['jade', 'onyx']; return undefined;",
    "Object.defineProperty(Array.prototype, 0, { set() { throw 1; }, get: () => 'jade' }); return [];",
    "Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1; }; return [...rows];",
    "Error.prepareStackTrace = (error, frames) => frames[0].getThis(); return [new Error().stack];",
    "String.prototype.toString = () => { for (;;) {} }; Number.prototype.toString = () => 'x'; return [1];",
    "class Loop { static { for (;;) {} } } return [];",
    "enum Kind { One } return [Kind[0]];",
    "with (rows) { return []; }",
    "await null; return [];",
    "yield 1; return [];",
    "delete Array.prototype; Object.freeze(Object.prototype); return [];",
    "return Math.random() < 0 ? [] : ['jade', 'onyx'].slice(Date.now() % 2);",
)
"""Meant to do harm, or to be taken for right."""
