/**
 * Switches of V8 that suit a running router. They are set when everything is loaded and before the first event comes:
 * V8 takes compiled code from a cache only under the switches it was kept under, and Node's own modules would have to be
 * compiled again at every start (30 ms of CPU).
 */
import v8 from 'node:v8';

const SWITCHES = [
  // V8 guesses which objects live long and takes events for such, since they outlive a collection or two on their way; it
  // would make them where only a full collection finds them, and need 50 MB more for the same work.
  '--no-allocation-site-pretenuring',
  // Experimental, but it only ever acts on a match that would otherwise go on for minutes (data/regex.ts).
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  // What does not run thousands of times is not worth being optimized: 3 % of the CPU of the first 300,000 records.
  '--invocation-count-for-maglev=2000',
  // undici's HTTP parser is WebAssembly with one very large function, which V8 would optimize after four answers: 45 ms of
  // CPU and 16 MB, for nothing that could be measured. Only the function of this number may be, and 0 is an import.
  '--wasm-tier-up-filter=0',
];

export function setV8Flags(): void {
  for (const flag of SWITCHES) v8.setFlagsFromString(flag);
}
