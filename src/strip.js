// Node runs TypeScript as it is, but not below node_modules. Where Sluice was installed as a package, this hook takes
// the types away instead; in a checkout it does nothing. Loaded with --import by the launcher, before anything else.
import { readFileSync } from 'node:fs';
import module from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const own = new URL('../', import.meta.url).href;

if (/[\\/]node_modules[\\/]/.test(import.meta.url)) {
  // Stripping is announced as experimental by this call, though Node itself does it without a word.
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) =>
    String(warning).includes('stripTypeScriptTypes') ? undefined : emit.call(process, warning, ...rest);
  module.registerHooks({
    load(url, context, next) {
      if (!url.startsWith(own) || !url.endsWith('.ts')) return next(url, context);
      const source = module.stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'));
      return { format: 'module', source, shortCircuit: true };
    },
  });
}
