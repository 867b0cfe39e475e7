import vm from 'node:vm';
import t from 'tap';
import { instrument, TICK } from './instrument.ts';

const short = (source: string) =>
  instrument(source)?.replace(`const ${TICK} = globalThis.${TICK}; `, '').replaceAll(TICK, 'T');

t.test('loops and functions get a call', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['while (x) y();', 'while (T(), x) y();'],
    ['do y(); while (x);', 'do y(); while (T(), x);'],
    ['for (a; b; c) y();', 'for (a; T(), b; c) y();'],
    ['for (;;) y();', 'for (; T(), true;) y();'],
    ['for (; /* none */ ;);', 'for (; T(), true /* none */ ;);'],
    ['for (const [a, b] of c) y();', 'for (const [a, b] of c) y();'],
    ['for await (const a of b) y();', 'for await (const a of b) y();'],
    ['function f(a, b = (1)) { return 1 }', 'function f(a, b = (1)) {T(); return 1 }'],
    ['const f = (a) => { a() };', 'const f = (a) => {T(); a() };'],
    ['class A { m() { } get x() { } }', 'class A { m() {T(); } get x() {T(); } }'],
    ['if (a) { b() } else { c() }', 'if (a) { b() } else { c() }'],
    ['switch (a) { case 1: }', 'switch (a) { case 1: }'],
    ['try { a() } catch (e) { b() }', 'try { a() } catch (e) { b() }'],
  ];
  for (const [source, expected] of cases) t.equal(short(source), expected, source);
});

t.test('what only looks like code is left alone', async (t) => {
  const same = [
    '"while (x)"; \'for (;;) {\'; `while (x)`;',
    '// while (x) {\n/* for (;;) { */ a;',
    'a = /while (x)[/{]/.test(b) / c / d;',
    'if (a) /while (x)"/.test(b);',
    'return /[`"]/;',
    'x = a / b / c; y = f(1) / 2; z = [1] / 2;',
    'a.while(b); a?.for(c);',
    'label: x ? y : z;',
    "const s = `a ${b ? `c ${d}` : '}'} while (e)`;",
  ];
  for (const source of same) t.equal(short(source), source, source);
  t.equal(short('`${() => { while (x) {} }}`'), '`${() => {T(); while (T(), x) {} }}`', 'code within a template');
});

t.test('what cannot be followed is not touched', async (t) => {
  for (const source of ['f(', '}', '(]', '`abc', '`${a']) t.equal(instrument(source), undefined, source);
});

t.test('every file of this project is the same program afterwards', async (t) => {
  const { globSync, readFileSync } = await import('node:fs');
  const { stripTypeScriptTypes } = await import('node:module');
  const files = globSync('{src,plugins}/**/*.ts', { cwd: `${import.meta.dirname}/../..` }).slice(0, 300);
  for (const file of files) {
    // As a script, without its imports and exports.
    const source = stripTypeScriptTypes(readFileSync(`${import.meta.dirname}/../../${file}`, 'utf8'))
      .replace(/^(?:import|export)\s[^;]*?\sfrom\s*'[^']*'[^;]*;/gm, '')
      .replace(/^import\s*'[^']*';/gm, '')
      .replace(/^export \{[^}]*\};/gm, '')
      .replace(/^export default /gm, 'void ')
      .replace(/^export /gm, '')
      .replaceAll('import.meta', 'meta');
    const body = instrument(source);
    if (body === undefined) t.fail(`${file} cannot be followed`);
    t.doesNotThrow(() => new vm.Script(`'use strict'; (async () => {${body}\n})`), file);
  }
});
