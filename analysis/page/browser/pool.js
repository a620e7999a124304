// Workers made from the page's own text, which run members in blocks; what nobody waits for any more is dropped.

/** Members of one block: some tens of milliseconds, so that a new move is not kept waiting. */
export const BLOCK = 16

/**
 * @typedef {{rank: number, task: any, owner: object, done: (answer: any) => void, failed: (error: Error) => void}} Job
 */

export class Pool {
  /**
   * @param {string} source The workers' script.
   * @param {() => any} setup What each is told first; made anew for each, as its buffers go over to it.
   * @param {number} count
   */
  constructor(source, setup, count) {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
    /** @type {Job[]} */
    this.waiting = []
    this.next = 0
    this.seconds = 0
    this.idle = []
    this.running = new Map()
    this.workers = Array.from({ length: count }, () => new Worker(address))
    this.ready = Promise.all(this.workers.map((worker) => this.started(worker, setup()))).finally(() => URL.revokeObjectURL(address))
  }

  started(worker, setup) {
    return new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message))
      worker.onmessage = (event) => {
        if (event.data.error) {
          reject(new Error(event.data.error))
          return
        }
        worker.onmessage = (message) => this.answered(worker, message.data)
        this.idle.push(worker)
        this.go()
        resolve(worker)
      }
      worker.postMessage({ setup }, Object.values(setup.draws))
    })
  }

  /** Ask for a block; lower ranks go first, then the order of asking. @param {Job} job */
  ask(job) {
    this.waiting.push(job)
    this.go()
  }

  /** Forget what an owner waits for. @param {object} owner */
  drop(owner) {
    this.waiting = this.waiting.filter((job) => job.owner !== owner)
    for (const job of this.running.values()) if (job.owner === owner) job.done = () => undefined
  }

  go() {
    while (this.idle.length && this.waiting.length) {
      let best = 0
      this.waiting.forEach((job, place) => {
        if (job.rank < this.waiting[best].rank) best = place
      })
      const [job] = this.waiting.splice(best, 1)
      const worker = this.idle.pop()
      this.next += 1
      this.running.set(this.next, job)
      worker.postMessage({ ...job.task, id: this.next })
    }
  }

  answered(worker, answer) {
    const job = this.running.get(answer.id)
    this.running.delete(answer.id)
    this.idle.push(worker)
    if (answer.error) job.failed(new Error(answer.error))
    else {
      this.seconds += answer.seconds
      job.done(answer)
    }
    this.go()
  }
}

/** Bytes out of text, as the page holds them. @param {string} text */
export async function unpackedBytes(text) {
  const letters = atob(text.trim())
  const bytes = new Uint8Array(letters.length)
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place)
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
  return await new Response(stream).arrayBuffer()
}
