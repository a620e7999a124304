// A worker: it holds the model and the members, and runs some of them under some changes when asked.
import { createEngine } from "./engine.js"
import { engineInputs, unpackedEnsemble } from "./settings.js"

let ready = null

async function prepared(setup) {
  const engine = await createEngine(setup.module, setup.description)
  const ensembles = new Map()
  for (const [seen, content] of Object.entries(setup.draws)) {
    ensembles.set(seen, unpackedEnsemble(setup.described[seen], new Float32Array(content), setup.constants))
  }
  return { engine, ensembles, constants: setup.constants, outputs: setup.outputs, labels: setup.labels }
}

async function answer(task) {
  const { engine, ensembles, constants, outputs, labels } = await ready
  const began = performance.now()
  const inputs = engineInputs(task.changes, ensembles.get(task.evidence), task.members, constants)
  const values = await engine.run({ inputs, members: task.members.length, outputs: task.outputs ?? outputs, labels: task.labels ?? labels })
  return { id: task.id, values, seconds: (performance.now() - began) / 1000 }
}

self.onmessage = async (event) => {
  const message = event.data
  try {
    if (message.setup) {
      ready = prepared(message.setup)
      await ready
      self.postMessage({ id: "ready" })
      return
    }
    const done = await answer(message)
    self.postMessage(done, [done.values.buffer])
  } catch (error) {
    self.postMessage({ id: message.id ?? "ready", error: String(error instanceof Error ? error.message : error) })
  }
}
