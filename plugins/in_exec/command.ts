/**
 * One run of a shell command: its output in pieces, then how it ended, exactly once.
 *
 * The shell leads a process group of its own, so that a stop reaches what it started, too. A run is over when its
 * output is closed, by the shell and by all that it left behind. Standard input is empty; errors go to ours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import os from 'node:os';
import type { Readable } from 'node:stream';

/** What a shell gives for a command that it cannot find; here: no shell could be started. */
const NOT_STARTED = 127;

export interface Listener {
  output(bytes: Buffer): void;
  /** `status`: as a shell gives it, 128 and the signal's number for a command that a signal ended. */
  ended(status: number): void;
  failed(reason: string): void;
}

export interface Running {
  pause(): void;
  resume(): void;
  kill(signal: NodeJS.Signals): void;
  /** Waits for no more output. */
  abandon(): void;
}

/** Runs a command with `sh -c`. The listener hears `failed`, if at all, before `ended`; never before this returns. */
export function runCommand(command: string, listener: Listener): Running {
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  } catch (error) {
    return neverStarted(error as Error, listener);
  }
  let over = false;
  const end = (status: number): void => {
    if (!over) listener.ended(status);
    over = true;
  };
  child.on('error', (error) => {
    if (child.pid === undefined && !over) listener.failed(error.message);
    if (child.pid === undefined) end(NOT_STARTED);
  });
  child.on('close', (code, signal) => end(signal ? 128 + os.constants.signals[signal] : (code ?? 0)));
  const stdout: Readable | null = child.stdout;
  stdout?.on('data', (bytes: Buffer) => listener.output(bytes));
  stdout?.on('error', (error) => listener.failed(error.message));
  return {
    pause: () => stdout?.pause(),
    resume: () => stdout?.resume(),
    kill: (signal) => killGroup(child.pid, signal),
    abandon: () => stdout?.destroy(),
  };
}

function neverStarted(error: Error, listener: Listener): Running {
  setImmediate(() => {
    listener.failed(error.message);
    listener.ended(NOT_STARTED);
  });
  const nothing = (): void => undefined;
  return { pause: nothing, resume: nothing, kill: nothing, abandon: nothing };
}

/** A group whose last process is gone is no error. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
