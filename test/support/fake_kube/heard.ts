/** What happened, in order, for tests that wait for something to happen: no sleeps, no polling. */
export class Heard {
  readonly all: string[] = [];
  #waiting: { fits: (text: string) => boolean; done: () => void }[] = [];
  #read = 0;

  say(text: string): void {
    this.all.push(text);
    for (const one of this.#waiting) if (one.fits(text)) one.done();
    this.#waiting = this.#waiting.filter(({ fits }) => !fits(text));
  }

  /** Waits until something fits that nobody waited for before. @returns all that was said up to it. */
  async until(what: RegExp): Promise<string[]> {
    for (;;) {
      const index = this.all.findIndex((text, i) => i >= this.#read && what.test(text));
      if (index >= 0) {
        const said = this.all.slice(this.#read, index + 1);
        this.#read = index + 1;
        return said;
      }
      await new Promise<void>((done) => this.#waiting.push({ fits: (text) => what.test(text), done }));
    }
  }
}
