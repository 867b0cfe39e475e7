/**
 * Faults for stand-ins of servers: what may go wrong with a request, on demand (a script) or by chance (rates).
 *
 *     throttle  the server's own way to say "too fast"
 *     error     HTTP 500
 *     drop      the connection ends, nothing was done
 *     lost      it was done, and the connection ends before the answer
 *     cut       it was done, and the answer breaks off in its middle
 *     hang      it was not done, and no answer ever comes
 *     delay     it is done after `ms`, unless the connection has ended by then
 */
export type Fault =
  | { readonly kind: 'throttle' | 'error' | 'drop' | 'lost' | 'cut' | 'hang' }
  | { readonly kind: 'delay'; readonly ms: number };

export type FaultRates = Readonly<Partial<Record<Fault['kind'], number>>> & { readonly delayMs?: number };

const KINDS = ['throttle', 'error', 'drop', 'lost', 'cut', 'hang', 'delay'] as const;

export class Faults {
  /** Chances per request, each 0 to 1. */
  rates: FaultRates = {};
  readonly #script: { readonly action: string; readonly fault: Fault | undefined }[] = [];
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  /** The next requests with this action ('' for any) meet these, one each; undefined lets one pass. */
  next(action: string, ...faults: (Fault | Fault['kind'] | undefined)[]): void {
    for (const fault of faults)
      this.#script.push({
        action,
        fault: typeof fault === 'string' ? (fault === 'delay' ? { kind: fault, ms: 100 } : { kind: fault }) : fault,
      });
  }

  /** What happens to a request. */
  of(action: string): Fault | undefined {
    const at = this.#script.findIndex((entry) => entry.action === '' || entry.action === action);
    if (at >= 0) return this.#script.splice(at, 1)[0]?.fault;
    let chance = this.#random();
    for (const kind of KINDS) {
      chance -= this.rates[kind] ?? 0;
      if (chance < 0) return kind === 'delay' ? { kind, ms: this.rates.delayMs ?? 100 } : { kind };
    }
    return undefined;
  }

  /** The same numbers for the same seed. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

/** `--throttle 0.1 --drop 0.05 --delay 0.2 --delay-ms 300`, as the options of `node:util` parseArgs. */
export const FAULT_OPTIONS = {
  throttle: { type: 'string' },
  error: { type: 'string' },
  drop: { type: 'string' },
  lost: { type: 'string' },
  cut: { type: 'string' },
  hang: { type: 'string' },
  delay: { type: 'string' },
  'delay-ms': { type: 'string' },
} as const;

export function readRates(values: Readonly<Record<string, string | boolean | undefined>>): FaultRates {
  const rates = KINDS.flatMap((kind) => (values[kind] === undefined ? [] : [[kind, Number(values[kind])] as const]));
  return { ...Object.fromEntries(rates), delayMs: Number(values['delay-ms'] ?? 100) };
}
