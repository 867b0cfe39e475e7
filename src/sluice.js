#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=8 --v8-pool-size=1
// The command `sluice`: starts src/main.ts. Node 24 is needed, as it runs TypeScript; where `node` is older, the
// program starts again with the Node that comes as a dependency (the npm package `node`).
//
// The small nursery (8 MB) suits what a router does: events live for milliseconds. It saves 30 to 60 MB and costs no
// time (ARCHITECTURE.md, Memory). It can only be set before Node starts: here, in npm start and in the Dockerfile.
// So can MALLOC_ARENA_MAX, and the number of V8's helper threads: four wait for each other more than they help.
//
// `process` is the global one in all files: to import it calls each of its getters, those of stdin and its like too (5 ms).
import module, { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // Before the first TypeScript file: main.ts tells why.
  module.enableCompileCache();
  process.argv[1] = here('./main.ts');
  await import('./loader.js');
  await import('./main.ts');
} else startAgain(ownNode());

/** The binary of the npm package `node`, wherever it was installed. */
function ownNode() {
  const require = createRequire(import.meta.url);
  try {
    return path.join(path.dirname(require.resolve('node/package.json')), 'bin', 'node');
  } catch {
    process.stderr.write(`sluice needs Node 24; this is ${process.version}, and the npm package "node" is not installed\n`);
    process.exit(1);
  }
}

/** Runs the program in a child that gets the same input, output and signals. */
async function startAgain(node) {
  const { spawn } = await import('node:child_process');
  const args = ['--max-semi-space-size=8', '--v8-pool-size=1', '--import', new URL('./loader.js', import.meta.url).href, here('./main.ts'), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGCONT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`sluice cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
