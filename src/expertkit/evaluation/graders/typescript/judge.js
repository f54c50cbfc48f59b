// Runs in the realm of an answer, before it, and gives the function that calls it. It has taken what it needs of the
// realm when the answer comes; whatever the answer then changes there is its own loss. Only text goes out.
(() => {
  "use strict";
  const { parse, stringify } = JSON;
  const { isFinite } = Number;
  const { isArray } = Array;
  const { getPrototypeOf, keys } = Object;
  const plain = Object.prototype;
  const world = globalThis;

  // Functions of values need no clock, chance, shared memory, second thread, later time or text made into code.
  const kept = new Set(
    ("Array BigInt Boolean Error Infinity Iterator JSON Map Math NaN Number Object RangeError RegExp Set String Symbol " +
      "SyntaxError TypeError isFinite isNaN parseFloat parseInt undefined").split(" "),
  );
  for (const name of Object.getOwnPropertyNames(world)) {
    if (!kept.has(name)) delete world[name];
  }
  delete Math.random;
  // With these, an error would show its maker the functions of the process around this realm.
  delete Error.captureStackTrace;
  Object.defineProperty(Error, "prepareStackTrace", { value: undefined });
  Object.defineProperty(world, "Error", { value: Error, writable: false, configurable: false });

  const deepest = 30;
  let left = 0;
  let refused = "";

  function refuse(what) {
    refused = `returned ${what}`;
    throw refused;
  }

  function spend(size) {
    left -= size;
    if (left < 0) refuse("something too large");
  }

  function encodeList(list, depth) {
    let text = "";
    for (let at = 0; at < list.length; at++) text += (at ? "," : "") + encode(list[at], depth);
    return `[${text}]`;
  }

  function encodeObject(object, depth) {
    const prototype = getPrototypeOf(object);
    if (prototype !== plain && prototype !== null) refuse("an object that is not plain");
    const names = keys(object);
    let text = "";
    for (let at = 0; at < names.length; at++) {
      const value = object[names[at]];
      if (value !== undefined) text += (text ? "," : "") + encode(names[at], depth) + ":" + encode(value, depth);
    }
    return `{${text}}`;
  }

  function encode(value, depth) {
    spend(1);
    if (depth > deepest) refuse("something nested too deeply");
    switch (typeof value) {
      case "string":
        spend(value.length);
        return stringify(value);
      case "number":
        if (!isFinite(value)) refuse(`${value}`);
        return `${value}`;
      case "boolean":
        return `${value}`;
      case "object":
        if (value === null) return "null";
        return isArray(value) ? encodeList(value, depth + 1) : encodeObject(value, depth + 1);
      default:
        return refuse(`a ${typeof value}`);
    }
  }

  function describe(error) {
    try {
      return error === refused ? refused : `threw ${error}`;
    } catch {
      return "threw something without a text";
    }
  }

  function call(answer, argument, size) {
    left = size;
    refused = "";
    try {
      const given = parse(argument);
      const value = answer(given);
      const returned = value === undefined ? "" : `,"returns":${encode(value, 0)}`;
      return `{"argument":${encode(given, 0)}${returned}}`;
    } catch (error) {
      return `{"problem":${stringify(describe(error))}}`;
    }
  }

  return (answer, calls, size) => {
    const given = parse(calls);
    let text = "";
    for (let at = 0; at < given.length; at++) text += (at ? "," : "") + call(answer, given[at], size);
    return `[${text}]`;
  };
})();
