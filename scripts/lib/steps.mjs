// Steps of a long command, one after the other, and a table of them at the end.
import { CommandError } from './tools.mjs';

export class Steps {
  /** Those that have run, each { name, ok, note, seconds }. */
  #rows = [];

  /** How many have failed. */
  get failed() {
    return this.#rows.filter(({ ok }) => !ok).length;
  }

  /** Runs a step and keeps what it answers as its note: a text, or the `note` of an object. Undefined where it failed. */
  async run(name, body) {
    console.log(`\n== ${name} ==`);
    const started = Date.now();
    const done = (ok, note) => {
      this.#rows.push({ name, ok, note, seconds: Math.round((Date.now() - started) / 1000) });
    };
    try {
      const result = await body();
      const note = result.note ?? result;
      console.log(note);
      done(true, note);
      return result;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      console.error(error.message);
      done(false, error.message.split('\n')[0]);
      return undefined;
    }
  }

  print() {
    const width = Math.max(...this.#rows.map(({ name }) => name.length));
    console.log('');
    for (const { name, ok, note, seconds } of this.#rows) {
      const time = String(seconds).padStart(4);
      console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${time} s  ${note}`);
    }
    console.log(`${this.#rows.length - this.failed} passed, ${this.failed} failed`);
  }
}
