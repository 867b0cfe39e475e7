/**
 * GET .../pods/NAME/log as API server and kubelet answer it together: which run of the container is meant, what is
 * refused and in which words, and the parameters follow, previous, timestamps, sinceSeconds, sinceTime (cut to whole
 * seconds), tailLines and limitBytes.
 */
import type { ServerResponse } from 'node:http';
import type { ContainerLog, ReadOptions } from './container_log.ts';
import type { FakePod } from './pod.ts';
import { Refused } from './store.ts';

/** @throws Refused */
export function serveLog(pod: FakePod, query: URLSearchParams, response: ServerResponse): void {
  const options = readOptions(query);
  const log = chooseRun(pod, chooseContainer(pod, query.get('container')), query.get('previous') === 'true');
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  const reader = log.read(
    options,
    (text) => response.write(text),
    () => response.end(),
  );
  response.on('drain', () => reader.pump());
  response.on('close', () => log.close(reader));
}

function chooseContainer(pod: FakePod, name: string | null): string {
  if (name) return name;
  const names = pod.containerNames;
  if (names.length === 1) return names[0] as string;
  throw bad(`a container name must be specified for pod ${pod.name}, choose one of: [${names.join(' ')}]`);
}

/** The kubelet's choice: of a container that waits for its next run, the last run. */
function chooseRun(pod: FakePod, name: string, previous: boolean): ContainerLog {
  const container = pod.container(name);
  const { state, lastState } = container;
  if (previous) {
    if (!lastState.terminated) throw bad(`previous terminated container "${name}" in pod "${pod.name}" not found`);
    return state.waiting ? container.log : (container.previous as ContainerLog);
  }
  if (state.running || state.terminated || lastState.terminated) return container.log;
  throw bad(`container "${name}" in pod "${pod.name}" is waiting to start: ${state.waiting?.reason}`);
}

function readOptions(query: URLSearchParams): ReadOptions {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) throw new Refused(422, 'Invalid', `${name}: Invalid value: "${text}"`);
    return value;
  };
  const sinceSeconds = number('sinceSeconds');
  const sinceTime = query.get('sinceTime');
  if (sinceTime !== null && sinceSeconds !== undefined)
    throw new Refused(422, 'Invalid', 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  const ms = sinceTime === null ? undefined : Date.parse(sinceTime);
  if (Number.isNaN(ms)) throw bad(`parsing time "${sinceTime}" as "2006-01-02T15:04:05Z07:00": cannot parse`);
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    sinceSeconds:
      ms !== undefined
        ? Math.floor(ms / 1000)
        : sinceSeconds === undefined
          ? undefined
          : Math.floor(Date.now() / 1000) - sinceSeconds,
    tailLines: number('tailLines'),
    limitBytes: number('limitBytes'),
  };
}

const bad = (message: string): Refused => new Refused(400, 'BadRequest', message);
