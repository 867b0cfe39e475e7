/** The same numbers in every run, so that a failure can be looked at again. @returns 0 <= value < 1. */
export function randomFrom(seed: number): () => number {
  let state = seed % 2 ** 31;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
