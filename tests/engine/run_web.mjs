// Runs a compiled model as a request in JSON says, and writes the values as bytes: engine, code, description, request,
// values. Arrays of numbers may be given as {bytes: FILE}.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [engineFile, wasm, description, requests, target] = process.argv.slice(2);
const { createEngine } = await import(pathToFileURL(engineFile));
const engine = await createEngine(readFileSync(wasm), JSON.parse(readFileSync(description, "utf8")));
const results = [];
for (const request of JSON.parse(readFileSync(requests, "utf8"))) {
  try {
    results.push(Buffer.from(engine.run(request).buffer));
  } catch (error) {
    process.stdout.write(`${error.constructor.name}: ${error.message}\n`);
  }
}
writeFileSync(target, Buffer.concat(results));
