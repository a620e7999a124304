// Runs a model that `compile_to_wasm` has compiled: in a worker, on a page or in node. A module without imports.
//
//     const engine = await createEngine(wasmBytes, description);
//     const values = engine.run({inputs: [{name: "FERTILITY SUPPORT", values: 2000}], members: 500, outputs: ["..."]});
//
// `values` has the shape [members, elements of all outputs, labels]; the elements of an output are in the order of its
// dims, the last one fastest.

const ENGINE_ROW = 7; // Numbers in a row of the table of changes; see put_changes.

export class EngineError extends Error {}

/** Make an engine of the code, as bytes or as a WebAssembly.Module, and the description of `WebModel`. */
export async function createEngine(wasm, description) {
  const made = await WebAssembly.instantiate(wasm, {});
  return new Engine((made.instance ?? made).exports, description);
}

class Engine {
  constructor(code, description) {
    this.code = code;
    this.description = description;
    this.bottom = Math.ceil(code.heap() / 16) * 16;
    this.pipeRoom = 0;
    if (code._initialize) code._initialize();
    // Numbers that a run does not write before it reads them are nought in the first run, as on the desk.
    this.top = this.bottom + 8 * code.work_space();
    this.reserve(this.top);
    new Float64Array(code.memory.buffer, this.bottom, code.work_space()).fill(0);
  }

  /** The model's own numbers of a constant, in the order of its dims. */
  defaults(name) {
    const variable = this.variable(name, "changeable");
    const numbers = new Float64Array(this.code.memory.buffer, this.code.numbers());
    return Float64Array.from(enginePlaces(variable), (place) => numbers[place]);
  }

  /**
   * Run the model once for each member.
   *
   * inputs: list of {name, element, values}. `element` is the place of one element in the order of the dims, left out
   *   for all of them. `values` is a number, an array with one number for each member, {elements} with one for each
   *   element (or for each member and element), or a path that is linear between its knots and held at its ends:
   *   {times, values} with one number for each knot (or member and knot), or {times, elements} with one for each knot
   *   and element (or member, knot and element). Later inputs go before earlier ones.
   * members: how many runs; first: number of the first of them, from which random numbers follow.
   * outputs: names, all that were compiled if left out. labels: saved times, all if left out.
   * keepNonFinite: leave values that are not finite in the result instead of throwing an EngineError.
   */
  run({ inputs = [], members = 1, outputs, labels, first = 0, keepNonFinite = false }) {
    const about = this.description;
    const wanted = outputs ?? about.outputs;
    const rows = this.rows(inputs, members, wanted);
    const moments = this.moments(labels);
    const kept = wanted.flatMap((name) => enginePlaces(about.variables[name]));
    const need = new Uint8Array(about.block_count);
    const checked = new Set(about.always_states);
    for (const number of about.always) need[number] = 1;
    for (const name of wanted) {
      for (const number of about.variables[name].blocks) need[number] = 1;
      for (const number of about.variables[name].states) checked.add(number);
    }
    const states = [...checked].flatMap((number) => about.states[number]);
    const width = kept.length * moments.count;
    for (;;) {
      // What the code reads lies behind the work space, anew for every call.
      this.top = this.bottom + 8 * this.code.work_space();
      const times = this.put(Float64Array, moments.times);
      const saved = this.put(Uint8Array, moments.saved);
      const needed = this.put(Uint8Array, need);
      const table = this.put(Int32Array, rows.table);
      const knots = this.put(Float64Array, rows.knots);
      const values = this.put(Float64Array, rows.values);
      const outs = this.put(Int32Array, kept);
      const checks = this.put(Int32Array, states);
      const pipes = this.room(8 * this.pipeRoom);
      const failed = this.room(4 * members);
      const errors = this.room(8 * members);
      const out = this.room(8 * members * width);
      const fields = [
        times, moments.times.length, saved, moments.count, needed, rows.moving ? 1 : 0, table, rows.table.length / ENGINE_ROW,
        knots, values, outs, kept.length, checks, states.length / 2, pipes, this.pipeRoom, first, keepNonFinite ? 1 : 0,
      ];
      const request = this.put(Int32Array, fields);
      const room = this.code.run_block(members, request, this.bottom, out, errors, failed);
      if (room > 0) {
        this.pipeRoom = room;
        continue;
      }
      const broken = new Int32Array(this.code.memory.buffer, failed, members).findIndex((moment) => moment >= 0);
      if (broken >= 0 && !keepNonFinite) {
        // Once more by itself, which leaves the work space as it was then.
        fields[6] = this.put(Int32Array, rows.table.map((number, place) =>
          place % ENGINE_ROW === 4 ? number + broken * rows.table[place + 1] : number));
        fields[16] = first + broken;
        const again = this.put(Int32Array, fields);
        this.code.run_block(1, again, this.bottom, out, errors, failed);
        const moment = moments.times[new Int32Array(this.code.memory.buffer, failed, 1)[0]];
        throw new EngineError(`Member ${first + broken}: ${this.firstNotFinite(wanted, states)} at time ${moment}`);
      }
      const memory = this.code.memory.buffer;
      this.refuseBalances(new Float64Array(memory, errors, members), new Int32Array(memory, failed, members), first);
      const result = new Float64Array(memory, out, members * width).slice();
      this.markMissing(result, wanted, moments.count, kept.length, members);
      return result;
    }
  }

  /** Bring inputs into the table that the code reads; throw with everything that is wrong with them. */
  rows(inputs, members, outputs) {
    const mistakes = [];
    const variables = this.description.variables;
    for (const name of outputs) {
      if (!Object.hasOwn(variables, name) || !variables[name].blocks) mistakes.push(`${name} is not an output`);
    }
    if (!(Number.isInteger(members) && members > 0)) mistakes.push(`members must be a whole number above zero`);
    const table = [], knots = [], pieces = [];
    const whole = new Map();
    let length = 0;
    for (const input of inputs) {
      try {
        const variable = this.variable(input.name, "changeable");
        const own = engineRead(input, variable, members);
        const stored = engineStored(own, variable, input.element);
        const size = stored.order.length;
        const shared = own.members === 1;
        table.push([variable.offset + stored.start, size, knots.length, own.times.length, length,
          shared ? 0 : own.times.length * size, own.times.length > 1 ? 1 : 0]);
        whole.set(input.name, [...(whole.get(input.name) ?? []), table.length - 1]);
        for (const time of own.times) knots.push(time);
        pieces.push(stored.values);
        length += stored.values.length;
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        mistakes.push(error.message);
      }
    }
    for (const name of outputs) {
      const unknown = (variables[name]?.data ?? []).filter((data) => !whole.has(data));
      if (unknown.length) mistakes.push(`${name} needs data that the model gives no numbers of: ${unknown.join(", ")}`);
    }
    if (mistakes.length) throw new EngineError([...new Set(mistakes)].join("\n"));
    // Where one input of a constant moves, those after it are written anew with it.
    for (const numbers of whole.values()) {
      if (numbers.some((number) => table[number][6])) for (const number of numbers) table[number][6] = 1;
    }
    const values = new Float64Array(length);
    let start = 0;
    for (const piece of pieces) {
      values.set(piece, start);
      start += piece.length;
    }
    return { table: Int32Array.from(table.flat()), knots: Float64Array.from(knots), values,
      moving: table.some((row) => row[6]) };
  }

  variable(name, what) {
    const variables = this.description.variables;
    if (!Object.hasOwn(variables, name) || !variables[name][what]) {
      throw new EngineError(`${name} is not a constant that can be changed`);
    }
    return variables[name];
  }

  /** Which moments a run passes through, up to the last label, and which of them are saved. */
  moments(labels) {
    const about = this.description;
    const wanted = new Set(labels ?? about.times);
    const known = new Set(about.times);
    const unknown = [...wanted].filter((time) => !known.has(time));
    if (unknown.length) throw new EngineError(`These times are not saved: ${unknown.join(", ")}`);
    if (!wanted.size) throw new EngineError("No label is asked for");
    const saved = about.moments.map((time, number) => (about.saved[number] && wanted.has(time) ? 1 : 0));
    const last = saved.lastIndexOf(1);
    return { times: about.moments.slice(0, last + 1), saved: saved.slice(0, last + 1), count: wanted.size };
  }

  /** Name the first state, or else the first output, that is not finite in the work space. */
  firstNotFinite(outputs, states) {
    const variables = this.description.variables;
    const starts = new Set(states.filter((_, place) => place % 2 === 0));
    const stocks = Object.keys(variables).filter((name) => starts.has(variables[name].offset));
    const work = new Float64Array(this.code.memory.buffer, this.bottom, this.code.work_space());
    for (const name of [...stocks, ...outputs]) {
      const place = enginePlaces(variables[name]).find((at) => !Number.isFinite(work[at]));
      if (place !== undefined) return `${name} is ${work[place]}`;
    }
    return "a value is not finite";
  }

  refuseBalances(errors, failed, first) {
    const about = this.description;
    const wrong = errors.findIndex((error, member) => error > about.tolerance && failed[member] < 0);
    if (wrong >= 0) {
      throw new EngineError(`Member ${first + wrong} created or lost something: a balance reaches ${errors[wrong]}`);
    }
  }

  /** Elements that no equation defines have no value. */
  markMissing(result, outputs, labels, elements, members) {
    let start = 0;
    for (const name of outputs) {
      const variable = this.description.variables[name];
      for (const element of variable.missing ?? []) {
        for (let member = 0; member < members; member += 1) {
          const from = (member * elements + start + element) * labels;
          result.fill(NaN, from, from + labels);
        }
      }
      start += engineSize(variable);
    }
  }

  // Memory.

  reserve(end) {
    const lacking = end - this.code.memory.buffer.byteLength;
    if (lacking > 0) this.code.memory.grow(Math.ceil(lacking / 65536));
  }

  room(bytes) {
    const start = this.top;
    this.top = Math.ceil((start + bytes) / 16) * 16;
    this.reserve(this.top);
    return start;
  }

  put(Kind, values) {
    const start = this.room(values.length * Kind.BYTES_PER_ELEMENT);
    new Kind(this.code.memory.buffer, start, values.length).set(values);
    return start;
  }
}

function engineSize(variable) {
  return variable.shape.reduce((product, length) => product * length, 1);
}

/** Where each element of a variable lies, in the order of its dims. */
function enginePlaces(variable) {
  let found = [variable.offset];
  variable.shape.forEach((length, dim) => {
    found = found.flatMap((place) => Array.from({ length }, (_, index) => place + index * variable.strides[dim]));
  });
  return found;
}

/** Read the values of one input: how many members, knots and elements they are of, and the numbers in that order. */
function engineRead({ name, element, values: given }, variable, members) {
  const all = engineSize(variable);
  if (element !== undefined && element !== null && !(Number.isInteger(element) && element >= 0 && element < all)) {
    throw new EngineError(`${name} has no element ${element}`);
  }
  if (given === null || given === undefined) throw new EngineError(`${name} is given no values`);
  let times = [0], numbers = given, perElement = false;
  if (typeof given === "number") {
    numbers = [given];
  } else if (given.times !== undefined) {
    times = [...given.times];
    perElement = given.elements !== undefined;
    numbers = perElement ? given.elements : given.values;
    const rising = times.every((time, place) => Number.isFinite(time) && (place === 0 || time > times[place - 1]));
    if (!times.length || !rising) throw new EngineError(`${name}: the times of a path must rise`);
  } else if (given.elements !== undefined) {
    perElement = true;
    numbers = given.elements;
  }
  if (perElement && element !== undefined && element !== null) {
    throw new EngineError(`${name}: numbers for all elements are given to one`);
  }
  const one = times.length * (perElement ? all : 1);
  const length = numbers?.length ?? 0;
  const knotted = given.times !== undefined || perElement || typeof given === "number";
  const drawn = knotted ? (length === one ? 1 : members) : members;
  if (length !== one * drawn) {
    const wanted = knotted ? [...new Set([one, one * members])].join(" or ") : members;
    throw new EngineError(`${name} takes ${wanted} numbers, not ${length}`);
  }
  for (const number of numbers) {
    if (!Number.isFinite(number)) throw new EngineError(`${name} holds a value that is not finite`);
  }
  return { times, members: drawn, perElement, numbers };
}

/** Put the numbers of one input into the order in which elements are stored. */
function engineStored(own, variable, element) {
  const here = enginePlaces(variable).map((place) => place - variable.offset);
  if (element !== undefined && element !== null) return { start: here[element], order: [0], values: own.numbers };
  const order = new Array(here.length);
  here.forEach((place, number) => {
    order[place] = number;
  });
  const values = new Float64Array(own.members * own.times.length * order.length);
  let next = 0;
  for (let row = 0; row < own.members * own.times.length; row += 1) {
    for (const number of order) {
      values[next] = own.perElement ? own.numbers[row * order.length + number] : own.numbers[row];
      next += 1;
    }
  }
  return { start: 0, order, values };
}
