/**
 * What YAML nests below an input or an output: `processors` (each a processor or a filter, maybe with a condition) and
 * `routes` (which events of an input go to which outputs).
 */
import type { Place } from '../options.ts';
import type { FilterDefinition, PluginIndex, ProcessorDefinition } from '../plugin.ts';
import type { ProcessorSpec, RouteRule } from '../spec.ts';
import { readCondition } from './condition.ts';
import { type Diagnostics, guess } from './diagnostic.ts';
import { loadPlugin, readInstance } from './instance.ts';
import { type Entry, type MapNode, type Node, propertyOf, type Section, type TreeProperty } from './tree.ts';

/** Reads `processors` of a section; what is not for logs is left out with a warning. */
export async function readProcessors(
  section: Section,
  owner: string,
  plugins: PluginIndex,
  diagnostics: Diagnostics,
): Promise<ProcessorSpec[]> {
  const found: ProcessorSpec[] = [];
  for (const map of logsOf(section, 'processors', diagnostics)) {
    const spec = await readProcessor(map, `${owner}.${found.length}`, section, plugins, diagnostics);
    if (spec) found.push(spec);
  }
  return found;
}

/** The maps in the list `logs` below `processors` or `routes`; everything else there is reported. */
function logsOf(section: Section, key: 'processors' | 'routes', diagnostics: Diagnostics): MapNode[] {
  const maps: MapNode[] = [];
  for (const entry of section.nested.filter((one) => one.key === key)) {
    if (entry.value.kind !== 'map') {
      diagnostics.error(entry.place, `'${key}' must be a map with 'logs'`);
      continue;
    }
    for (const signal of entry.value.entries) maps.push(...signalMaps(signal, key, diagnostics));
  }
  return maps;
}

const OTHER_SIGNALS = new Set(['metrics', 'traces', 'profiles']);

function signalMaps(signal: Entry, key: string, diagnostics: Diagnostics): MapNode[] {
  if (OTHER_SIGNALS.has(signal.key))
    diagnostics.warning(signal.place, `${key} of ${signal.key} have no effect: Sluice routes logs only`);
  else if (signal.key !== 'logs' && !(signal.key === 'any' && key === 'routes'))
    diagnostics.error(signal.place, `'${key}' has no '${signal.written}'${guess(signal.key, ['logs'])}`);
  else if (signal.value.kind === 'map' && key === 'routes') return [signal.value];
  else if (signal.value.kind !== 'list') diagnostics.error(signal.place, "'logs' must be a list");
  else
    return signal.value.items.flatMap((item) => {
      if (item.kind === 'map') return [item];
      diagnostics.error(item.place, `an entry of '${key}' must be a map`);
      return [];
    });
  return [];
}

async function readProcessor(
  map: MapNode,
  suffix: string,
  owner: Section,
  plugins: PluginIndex,
  diagnostics: Diagnostics,
): Promise<ProcessorSpec | undefined> {
  const properties: TreeProperty[] = [];
  let conditionEntry: Entry | undefined;
  for (const entry of map.entries) {
    if (entry.key === 'condition') conditionEntry = entry;
    else properties.push(...textsOf(entry, diagnostics));
  }
  const condition = conditionEntry && readCondition(conditionEntry, diagnostics);
  const place = map.entries[0]?.place ?? map.place;
  const section: Section = { ...owner, name: 'processors', place, properties, nested: [] };
  const definition = await loadPlugin(section, 'processor', plugins, diagnostics);
  if (!definition) return undefined;
  if (owner.kind === 'output') checkBehindOutput(definition as FilterDefinition, place, diagnostics);
  const read = readInstance(section, definition as FilterDefinition | ProcessorDefinition, 'filter', diagnostics);
  if (!read || (conditionEntry && !condition)) return undefined;
  return {
    definition: read.definition,
    name: `${definition.name}.${suffix}`,
    alias: read.alias,
    options: read.options,
    section: properties,
    place,
    logLevel: read.logLevel,
    condition,
  };
}

/** Filters that keep events for later belong where the source of these can wait. */
function checkBehindOutput({ name, behindOutput }: FilterDefinition, place: Place, diagnostics: Diagnostics): void {
  const advice = 'put it among the filters, or the processors of an input';
  if (behindOutput === 'refuse')
    diagnostics.error(place, `'${name}' keeps events for later and cannot be a processor of an output; ${advice}`);
  else if (behindOutput === 'warn')
    diagnostics.warning(
      place,
      `'${name}' keeps events for later: as a processor of an output it loses them in a crash, and gives them to every output; ${advice}`,
    );
}

/**
 * What a processor's entry holds, as texts. A map below it (sampling_settings of `sampling`) gives `key.name`, a map in a
 * list (its conditions) one text of `name=value`.
 */
function textsOf(entry: Entry, diagnostics: Diagnostics): TreeProperty[] {
  if (entry.value.kind === 'map')
    return entry.value.entries.flatMap((inner) => {
      const key = `${entry.key}.${inner.key}`;
      return textsOf({ ...inner, key, written: `${entry.written}.${inner.written}` }, diagnostics);
    });
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return items.flatMap((item) => {
    if (item.kind === 'text') return [propertyOf(entry, item)];
    if (item.kind === 'map')
      return [propertyOf(entry, { kind: 'text', text: pairsOf(item), plain: false, place: item.place })];
    diagnostics.error(item.place, `'${entry.written}' must be a text or a list of texts`);
    return [];
  });
}

function pairsOf({ entries }: MapNode): string {
  const textOf = (node: Node): string => {
    if (node.kind === 'list') return node.items.map(textOf).join(',');
    return node.kind === 'text' ? node.text : pairsOf(node);
  };
  return entries.map(({ written, value }) => `${written}=${textOf(value)}`).join(' ');
}

/** Reads `routes` of an input. @returns undefined where it has none. */
export function readRoutes(section: Section, diagnostics: Diagnostics): RouteRule[] | undefined {
  const maps = logsOf(section, 'routes', diagnostics);
  if (maps.length === 0) return undefined;
  const rules: RouteRule[] = [];
  for (const map of maps) {
    const rule = readRoute(map, diagnostics);
    if (rule && rules.some(({ name }) => name === rule.name))
      diagnostics.error(map.place, `two routes of this input have the name '${rule.name}'`);
    if (rule) rules.push(rule);
  }
  return rules;
}

const ROUTE_KEYS = ['name', 'condition', 'to', 'processors', 'per_record_routing'];

function readRoute(map: MapNode, diagnostics: Diagnostics): RouteRule | undefined {
  const of = (key: string) => map.entries.find((entry) => entry.key === key);
  for (const { key, written, place } of map.entries)
    if (!ROUTE_KEYS.includes(key)) diagnostics.warning(place, `a route has no '${written}'${guess(key, ROUTE_KEYS)}`);
  const processors = of('processors');
  if (processors) diagnostics.warning(processors.place, 'processors of a route are not yet in Sluice');
  const name = of('name')?.value;
  if (name?.kind !== 'text' || name.text === '') {
    diagnostics.error(map.place, "a route needs a 'name'");
    return undefined;
  }
  const to = of('to');
  const targets = to ? readTargets(to, diagnostics) : undefined;
  if (!targets) {
    diagnostics.error(to?.place ?? map.place, "a route needs 'to' with 'outputs': a list of names or aliases");
    return undefined;
  }
  const condition = of('condition');
  const read = condition && routeCondition(condition, diagnostics);
  if (condition && !read) return undefined;
  return { name: name.text, condition: read, ...targets };
}

function routeCondition(entry: Entry, diagnostics: Diagnostics): RouteRule['condition'] {
  const fallback = entry.value.kind === 'map' ? entry.value.entries.find(({ key }) => key === 'default') : undefined;
  if (fallback?.value.kind === 'text' && /^(true|on|yes)$/i.test(fallback.value.text)) return 'default';
  return readCondition(entry, diagnostics);
}

/** `to: {outputs: ...}` or the outputs at once: one or a list of names, or of maps with a name and maybe a fallback. */
function readTargets(to: Entry, diagnostics: Diagnostics): Pick<RouteRule, 'outputs' | 'fallbacks'> | undefined {
  const inner = to.value.kind === 'map' ? to.value.entries.find(({ key }) => key === 'outputs')?.value : to.value;
  const items = inner?.kind === 'list' ? inner.items : inner ? [inner] : [];
  if (items.length === 0) return undefined;
  const outputs: string[] = [];
  const fallbacks = new Map<string, string>();
  for (const item of items) {
    const of = (key: string) =>
      item.kind === 'map' ? item.entries.find((entry) => entry.key === key)?.value : undefined;
    const name = item.kind === 'map' ? of('name') : item;
    const fallback = of('fallback');
    if (name?.kind !== 'text') diagnostics.error(item.place, "'outputs' must be a list of names or aliases");
    else outputs.push(name.text);
    if (name?.kind === 'text' && fallback?.kind === 'text') fallbacks.set(name.text, fallback.text);
  }
  return fallbacks.size > 0 ? { outputs, fallbacks } : { outputs };
}
