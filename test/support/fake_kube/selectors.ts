/**
 * Label and field selectors as the API server reads them: `a=b,c!=d,e in (f,g),h notin (i),j,!k` and
 * `spec.nodeName=n,status.phase!=Running`.
 */
import type { KubeObject, Pod } from '../../../src/net/kube_types.ts';

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labels?: string | undefined;
  readonly fields?: string | undefined;
}

export function selects({ namespace, labels, fields }: Selection, object: KubeObject): boolean {
  if (namespace !== undefined && object.metadata?.namespace !== namespace) return false;
  return labelsFit(labels ?? '', object.metadata?.labels ?? {}) && fieldsFit(fields ?? '', object);
}

function labelsFit(selector: string, labels: Readonly<Record<string, string>>): boolean {
  // A comma within brackets belongs to a list.
  const terms = selector.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  return terms.every((term) => labelFits(term.trim(), labels));
}

function labelFits(term: string, labels: Readonly<Record<string, string>>): boolean {
  const list = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (list) {
    const value = labels[list[1] ?? ''];
    const isIn = value !== undefined && (list[3] ?? '').split(',').some((one) => one.trim() === value);
    return list[2] === 'in' ? isIn : !isIn;
  }
  const compared = /^([^=!\s]+)\s*(=|==|!=)\s*(\S*)$/.exec(term);
  if (compared) {
    const isEqual = labels[compared[1] ?? ''] === compared[3];
    return compared[2] === '!=' ? !isEqual : isEqual;
  }
  return term.startsWith('!') ? !(term.slice(1).trim() in labels) : term in labels;
}

function fieldsFit(selector: string, object: KubeObject): boolean {
  const terms = selector.split(',').filter((term) => term !== '');
  return terms.every((term) => {
    const [, name = '', operator, value = ''] = /^([^=!]+)(=|==|!=)(.*)$/.exec(term) ?? [];
    const isEqual = fieldOf(object as Pod, name) === value;
    return operator === '!=' ? !isEqual : isEqual;
  });
}

function fieldOf({ metadata, spec, status }: Pod, name: string): string {
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata?.name,
    'metadata.namespace': metadata?.namespace,
    'spec.nodeName': spec?.nodeName,
    'status.phase': status?.phase,
    'status.podIP': status?.podIP,
  };
  return fields[name] ?? '';
}
