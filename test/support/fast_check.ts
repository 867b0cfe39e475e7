/**
 * fast-check for the tests, which import it from here: with the same seed every time, so that a run says something of
 * the change under test and not of its luck. `npm run fuzz` goes on with other seeds.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.RANDOM_SEED ?? 1) });

export default fc;
