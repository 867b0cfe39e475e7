/**
 * `${NAME}` in values: from @SET and YAML's `env`, then from the environment. `${NAME:-text}` gives the text where the
 * variable is unset or empty. An unset variable becomes nothing, with a note at its place.
 */
import os from 'node:os';
import type { Place } from '../options.ts';
import type { Diagnostics } from './diagnostic.ts';

export class Variables {
  /** All but those of the environment. */
  readonly own = new Map<string, string>();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #diagnostics: Diagnostics;

  constructor(environment: Readonly<Record<string, string | undefined>>, diagnostics: Diagnostics) {
    this.#environment = environment;
    this.#diagnostics = diagnostics;
    // Shells know HOSTNAME without exporting it, so Fluent Bit sets it.
    if (environment.HOSTNAME === undefined) this.own.set('HOSTNAME', os.hostname());
  }

  /** The last one counts. */
  set(name: string, value: string): void {
    this.own.set(name, value);
  }

  get(name: string): string | undefined {
    return this.own.get(name) ?? (this.#environment[name] || undefined);
  }

  /** Replaces every `${...}` of a text. What a variable holds is not looked into again. */
  fill(text: string, place: Place | undefined): string {
    if (!text.includes('${')) return text;
    return text.replace(/\$\{([^}]+)\}/g, (_, inner: string) => {
      const cut = inner.indexOf(':-');
      const name = cut < 0 ? inner : inner.slice(0, cut);
      const value = this.get(name);
      if (value !== undefined && value !== '') return value;
      if (cut >= 0) return inner.slice(cut + 2);
      if (value === undefined) this.#diagnostics.note(place, `the variable ${name} is not set; it becomes nothing`);
      return '';
    });
  }
}
