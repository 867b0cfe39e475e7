// How Node loads our own files; loaded with --import by the launcher, before anything else.
//
// Imports between them are written with path and extension, so that Node need not look for them: its own way (real paths,
// package.json files, formats) takes 0.1 ms of CPU for each of 200 files, and 7 MB of memory.
//
// Node runs TypeScript as it is, but not below node_modules. Where Sluice was installed as a package, the types are taken
// away here.
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const src = new URL('./', import.meta.url).href;
const plugins = new URL('../plugins/', import.meta.url).href;
const isOwn = (url) => url.endsWith('.ts') && (url.startsWith(src) || url.startsWith(plugins));

module.registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context;
    if (!specifier.startsWith('.') || parentURL === undefined || !isOwn(parentURL)) return next(specifier, context);
    const { href } = new URL(specifier, parentURL);
    return isOwn(href) ? { url: href, format: 'module-typescript', shortCircuit: true } : next(specifier, context);
  },
});

if (/[\\/]node_modules[\\/]/.test(import.meta.url)) {
  // Stripping is announced as experimental by this call, though Node itself does it without a word.
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) =>
    String(warning).includes('stripTypeScriptTypes') ? undefined : emit.call(process, warning, ...rest);
  module.registerHooks({
    load(url, context, next) {
      if (!isOwn(url)) return next(url, context);
      const source = module.stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'));
      return { format: 'module', source, shortCircuit: true };
    },
  });
}
