/**
 * The program itself: command line → configuration → pipeline, then signals until the end. The one file that knows both the
 * plugins and the engine. Exit codes as Fluent Bit's: 0 after a signal or a good --dry-run, 1 where the start fails.
 */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { plugins } from '../plugins/index.ts';
import { type CommandLine, readCommandLine } from './cli.ts';
import { checkConfig } from './config/check.ts';
import { Diagnostics, placeText, renderDiagnostics, strictly } from './config/diagnostic.ts';
import { loadConfig } from './config/load.ts';
import type { CheckedParsers } from './config/parsers.ts';
import { SystemClock } from './engine/clock.ts';
import { type InstanceError, Pipeline } from './engine/pipeline.ts';
import { usage } from './help.ts';
import { fileSink, Logger, type LogSettings, stderrSink } from './log.ts';
import { OptionError } from './options.ts';
import type { ServiceSpec } from './spec.ts';
import { setV8Flags } from './v8_flags.ts';

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
const BANNER = `Sluice v${VERSION}, runs configurations of Fluent Bit 5.1`;

/** Runs the program until its end. @returns its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const diagnostics = new Diagnostics();
  const command = readCommandLine(args, diagnostics);
  if (command.action === 'version') {
    process.stdout.write(`${BANNER}\n`);
    return 0;
  }
  if (command.action === 'help' || command.action === 'schema')
    return usage(command, plugins, (text) => process.stdout.write(text));
  if (command.action === 'nothing') {
    process.stderr.write(`${BANNER}\n\nNothing to do: name a configuration (sluice -c FILE), or see sluice --help.\n`);
    return 1;
  }
  return new Program(command, diagnostics).run();
}

class Program {
  readonly #command: CommandLine;
  readonly #diagnostics: Diagnostics;
  readonly #settings: LogSettings;
  readonly #log: Logger;
  readonly #clock = new SystemClock();
  #pipeline: Pipeline | undefined;
  #stopping: Promise<void> | undefined;
  #exitCode = 0;
  #ended: () => void = () => {};

  constructor(command: CommandLine, diagnostics: Diagnostics) {
    this.#command = command;
    this.#diagnostics = diagnostics;
    this.#settings = { level: command.logLevel, format: 'text', sink: stderrSink, now: () => Date.now() };
    this.#log = new Logger(this.#settings);
  }

  async run(): Promise<number> {
    const checking = this.#command.action !== 'run';
    const pipeline = await this.#configure();
    if (checking || !pipeline) return this.#verdict(checking);
    if (this.#reportFailure()) return 1;
    this.#warn();
    return this.#serve(pipeline);
  }

  /** Reads and checks everything and creates every instance; starts none. */
  async #configure(): Promise<Pipeline | undefined> {
    const { file, workdir, sections, logLevel } = this.#command;
    const parserFiles = this.#command.parserFiles.map((one) => ({ ...one, path: path.resolve(one.path) }));
    if (workdir !== undefined && !this.#enter(workdir)) return undefined;
    const tree = await loadConfig({ file, before: sections, parserFiles, env: process.env }, this.#diagnostics);
    const request = { tree, plugins, logLevel, env: process.env };
    const { spec, parsers } = await checkConfig(request, this.#diagnostics);
    this.#applyLogging(spec.service);
    this.#pipeline = new Pipeline(spec, { clock: this.#clock, log: this.#log, exit: (code) => this.#end(code) });
    for (const refused of await this.#pipeline.prepare()) this.#refused(refused);
    this.#missingParsers(parsers, tree.sections);
    return this.#pipeline;
  }

  #missingParsers(parsers: CheckedParsers, sections: Parameters<CheckedParsers['reportMissing']>[0]): void {
    parsers.reportMissing(sections);
  }

  #enter(folder: string): boolean {
    try {
      process.chdir(folder);
      return true;
    } catch {
      this.#diagnostics.error(undefined, `cannot go to the folder '${folder}'`);
      return false;
    }
  }

  /** What a plugin's `create` threw, at the place of the option that it names. */
  #refused({ instance, error }: InstanceError): void {
    const option = error instanceof OptionError ? error.option?.toLowerCase() : undefined;
    const property = option === undefined ? undefined : instance.section.findLast(({ key }) => key === option);
    const { kind, name } = instance.definition;
    this.#diagnostics.error(property?.valuePlace ?? instance.place, `${kind} ${name}: ${error.message}`);
  }

  #applyLogging(service: ServiceSpec): void {
    this.#settings.level = service.logLevel;
    this.#settings.format = service.logFormat;
    // A check writes nowhere but to the terminal.
    if (service.logFile !== undefined && this.#command.action === 'run')
      this.#settings.sink = fileSink(service.logFile);
  }

  get #findings() {
    return this.#command.strict ? strictly(this.#diagnostics.list) : this.#diagnostics.list;
  }

  /** The end of --dry-run and `check`, in Fluent Bit's words where all is well. */
  #verdict(checking: boolean): number {
    if (this.#reportFailure()) return 1;
    process.stderr.write(renderDiagnostics(this.#findings));
    if (checking) process.stderr.write('configuration test is successful\n');
    return 0;
  }

  /** Shows every finding where one of them is an error. */
  #reportFailure(): boolean {
    const findings = this.#findings;
    const failed = findings.some(({ severity }) => severity === 'error');
    if (failed) process.stderr.write(renderDiagnostics(findings));
    return failed;
  }

  #warn(): void {
    for (const { severity, message, place } of this.#diagnostics.list)
      this.#log.log(
        severity === 'note' ? 'info' : 'warn',
        `[config] ${place ? `${placeText(place)}: ` : ''}${message}`,
      );
  }

  async #serve(pipeline: Pipeline): Promise<number> {
    if (this.#settings.level !== null) process.stderr.write(`${BANNER}\n`);
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#listen();
    setV8Flags();
    try {
      await pipeline.start();
      this.#log.info(`[sluice] version=${VERSION}, pid=${process.pid}`);
      // Now, as a process that is killed writes no cache.
      module.flushCompileCache();
    } catch (error) {
      this.#log.error(`[engine] the start failed: ${(error as Error).message}`);
      return 1;
    }
    await ended;
    return this.#exitCode;
  }

  #listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => this.#signal(signal));
    process.on('SIGCONT', () => {
      this.#log.info('[engine] caught signal (SIGCONT)');
      for (const line of this.#pipeline?.describe() ?? []) this.#settings.sink.write(`${line}\n`);
    });
    process.on('SIGHUP', () => {
      this.#log.info('[engine] caught signal (SIGHUP)');
      this.#log.warn('[reload] hot reload is not enabled; the signal is ignored');
    });
    const broken = (error: unknown) => {
      this.#log.error(`[engine] unexpected error: ${error instanceof Error ? error.stack : String(error)}`);
      this.#end(1);
    };
    process.on('uncaughtException', broken);
    process.on('unhandledRejection', broken);
  }

  #signal(signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT'): void {
    this.#log.info(`[engine] caught signal (${signal})`);
    if (this.#stopping) {
      this.#log.warn('[engine] a second signal: stopping at once');
      void this.#pipeline?.abort().finally(() => process.exit(1));
      return;
    }
    const grace = this.#pipeline?.spec.service.graceSeconds ?? 0;
    this.#log.warn(`[engine] service will shutdown in max ${grace} seconds`);
    this.#end(0);
  }

  /** Stops the pipeline once; the first reason gives the exit code. */
  #end(code: number): void {
    if (this.#stopping || !this.#pipeline) return;
    this.#exitCode = code;
    this.#stopping = this.#pipeline.stop();
    this.#stopping.catch((error: Error) => this.#log.error(`[engine] ${error.message}`)).finally(() => this.#ended());
  }
}
