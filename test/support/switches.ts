/**
 * How Node is started, as the launcher, npm start and the image do it (ARCHITECTURE.md, Memory): for tests and benchmarks
 * that start a program of their own. test/house.test.ts holds the others against this.
 */
export const NODE_SWITCHES = ['--max-semi-space-size=8', '--v8-pool-size=1'];
/** Of the environment: heaps of the C library. */
export const MALLOC_ARENA_MAX = '2';
