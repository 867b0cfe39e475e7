/** The libraries `math` and `bit`. */
import { integerArgument, numberArgument } from './arguments.ts';
import { fail } from './errors.ts';
import { type LuaFunction, type LuaTable, type LuaValue, tableOf } from './table.ts';

const ONE: readonly (readonly [string, (x: number) => number])[] = [
  ['abs', Math.abs],
  ['acos', Math.acos],
  ['asin', Math.asin],
  ['atan', Math.atan],
  ['ceil', Math.ceil],
  ['cos', Math.cos],
  ['cosh', Math.cosh],
  ['deg', (x) => (x * 180) / Math.PI],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['log10', Math.log10],
  ['rad', (x) => (x * Math.PI) / 180],
  ['sin', Math.sin],
  ['sinh', Math.sinh],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
  ['tanh', Math.tanh],
];

export function mathLibrary(random: () => number): LuaTable {
  const functions: Record<string, LuaValue> = {
    huge: Infinity,
    pi: Math.PI,
    atan2: (y, x) => Math.atan2(numberArgument(y, 1, 'atan2'), numberArgument(x, 2, 'atan2')),
    fmod: (x, y) => numberArgument(x, 1, 'fmod') % numberArgument(y, 2, 'fmod'),
    ldexp: (m, e) => numberArgument(m, 1, 'ldexp') * 2 ** integerArgument(e, 2, 'ldexp'),
    frexp: (x) => frexp(numberArgument(x, 1, 'frexp')),
    log: (x, base) => {
      const value = Math.log(numberArgument(x, 1, 'log'));
      return base === undefined ? value : value / Math.log(numberArgument(base, 2, 'log'));
    },
    max: (...values) => Math.max(...values.map((value, at) => numberArgument(value, at + 1, 'max'))),
    min: (...values) => Math.min(...values.map((value, at) => numberArgument(value, at + 1, 'min'))),
    modf: (x) => {
      const value = numberArgument(x, 1, 'modf');
      const whole = Math.trunc(value);
      return [whole, Number.isFinite(value) ? value - whole : 0];
    },
    pow: (x, y) => numberArgument(x, 1, 'pow') ** numberArgument(y, 2, 'pow'),
    ...randoms(random),
  };
  functions.mod = functions.fmod;
  for (const [name, run] of ONE) functions[name] = (x: LuaValue) => run(numberArgument(x, 1, name));
  return tableOf(functions);
}

function frexp(value: number): readonly number[] {
  if (value === 0 || !Number.isFinite(value)) return [value, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(value))) + 1);
  let mantissa = value * 2 ** -exponent;
  for (; Math.abs(mantissa) < 0.5; exponent--) mantissa *= 2;
  for (; Math.abs(mantissa) >= 1; exponent++) mantissa /= 2;
  return [mantissa, exponent];
}

/** With a seed the numbers repeat; without one they are the host's. */
function randoms(chance: () => number): Record<string, LuaFunction> {
  let next = chance;
  return {
    random: (...args) => {
      const value = next();
      if (args.length === 0) return value;
      const low = args.length === 1 ? 1 : integerArgument(args[0], 1, 'random');
      const high = integerArgument(args[args.length === 1 ? 0 : 1], args.length, 'random');
      if (low > high) fail(`bad argument #${args.length} to 'random' (interval is empty)`);
      return low + Math.floor(value * (high - low + 1));
    },
    randomseed: (seed) => {
      let state = Math.trunc(numberArgument(seed, 1, 'randomseed')) >>> 0;
      // Mulberry32: small, and good enough for what scripts draw.
      next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let bits = Math.imul(state ^ (state >>> 15), state | 1);
        bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
        return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
      };
      return [];
    },
  };
}

/** LuaJIT's `bit`: 32 bits, results are signed. */
export function bitLibrary(): LuaTable {
  const bits = (value: LuaValue, at: number, name: string): number => {
    const number = numberArgument(value, at, name);
    // As LuaJIT: rounded to the nearest, then cut to 32 bits.
    return Number.isSafeInteger(number) ? Number(BigInt.asIntN(32, BigInt(number))) : Math.round(number) | 0;
  };
  const fold =
    (name: string, join: (a: number, b: number) => number): LuaFunction =>
    (...values) =>
      values.map((value, at) => bits(value, at + 1, name)).reduce(join);
  const shift =
    (name: string, move: (a: number, n: number) => number): LuaFunction =>
    (value, by) =>
      move(bits(value, 1, name), bits(by, 2, name) & 31) | 0;
  return tableOf({
    tobit: (value) => bits(value, 1, 'tobit'),
    bnot: (value) => ~bits(value, 1, 'bnot'),
    band: fold('band', (a, b) => a & b),
    bor: fold('bor', (a, b) => a | b),
    bxor: fold('bxor', (a, b) => a ^ b),
    lshift: shift('lshift', (a, n) => a << n),
    rshift: shift('rshift', (a, n) => a >>> n),
    arshift: shift('arshift', (a, n) => a >> n),
    rol: shift('rol', (a, n) => (a << n) | (a >>> (32 - n))),
    ror: shift('ror', (a, n) => (a >>> n) | (a << (32 - n))),
    bswap: (value) => {
      const number = bits(value, 1, 'bswap');
      return ((number & 0xff) << 24) | ((number & 0xff00) << 8) | ((number >>> 8) & 0xff00) | (number >>> 24);
    },
    tohex: (value, digits) => {
      const size = digits === undefined ? 8 : bits(digits, 2, 'tohex');
      const hex = (bits(value, 1, 'tohex') >>> 0)
        .toString(16)
        .padStart(8, '0')
        .slice(-Math.min(Math.abs(size), 8));
      return size < 0 ? hex.toUpperCase() : hex;
    },
  });
}
