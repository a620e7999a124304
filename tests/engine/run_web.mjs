// Makes the runs that a file of requests asks for, and writes their values as bytes and what went wrong as JSON.
// Arguments: engine.js, code, description, requests, values. Inputs that are common to all requests go before their own.
import { readFileSync, writeFileSync } from "node:fs";

const [engineFile, wasm, description, asked, target] = process.argv.slice(2);
// As the page does it: text of a module without imports.
const module = `data:text/javascript;base64,${readFileSync(engineFile).toString("base64")}`;
const { createEngine } = await import(module);
const code = readFileSync(wasm);
const engine = await createEngine(new WebAssembly.Module(code), JSON.parse(readFileSync(description, "utf8")));
const { common, requests } = JSON.parse(readFileSync(asked, "utf8"));
const values = [];
const lengths = [];
const errors = [];
for (const request of requests) {
  try {
    const result = engine.run({ ...request, inputs: [...common, ...(request.inputs ?? [])] });
    values.push(Buffer.from(result.buffer));
    lengths.push(result.length);
    errors.push(null);
  } catch (error) {
    lengths.push(0);
    errors.push(`${error.constructor.name}: ${error.message}`);
  }
}
writeFileSync(target, Buffer.concat(values));
const imports = WebAssembly.Module.imports(new WebAssembly.Module(code)).length;
process.stdout.write(JSON.stringify({ lengths, errors, imports }));
