/**
 * The introspection API of the ECS agent: what it says of the cluster and of the task that a container belongs to, with
 * the names that templates use.
 *
 * Source: docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html
 */
import type { Fields } from '../../src/data/event.ts';
import { askLocal } from '../../src/net/local_http.ts';

export interface AgentSettings {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/** A container by the beginning of its id, with all that can be said of it. */
export interface Container {
  readonly shortId: string;
  readonly fields: Fields;
}

export const SHORT_ID = 12;
const TIMEOUT_MS = 5000;

/** @throws where the agent gives no useful answer. */
export async function readCluster(agent: AgentSettings): Promise<Fields> {
  const answer = await ask(agent, '/v1/metadata');
  const arn = textIn(answer, 'ContainerInstanceArn');
  return {
    ClusterName: textIn(answer, 'Cluster'),
    ContainerInstanceArn: arn,
    ContainerInstanceID: idOf(arn),
    ECSAgentVersion: textIn(answer, 'Version'),
  };
}

/** All containers of the task in which this one is. @throws where the agent gives no useful answer. */
export async function readTask(agent: AgentSettings, shortId: string, cluster: Fields): Promise<Container[]> {
  const answer = await ask(agent, `/v1/tasks?dockerid=${encodeURIComponent(shortId)}`);
  const arn = textIn(answer, 'Arn');
  const task: Fields = {
    TaskDefinitionFamily: textIn(answer, 'Family'),
    TaskARN: arn,
    TaskID: idOf(arn),
    TaskDefinitionVersion: textIn(answer, 'Version'),
  };
  const { Containers: containers } = answer;
  if (!Array.isArray(containers)) throw new Error('the agent names no containers');
  return containers.map((container: Record<string, unknown>) => {
    const id = textIn(container, 'DockerId');
    const names = { DockerContainerName: textIn(container, 'DockerName'), ECSContainerName: textIn(container, 'Name') };
    return { shortId: id.slice(0, SHORT_ID), fields: { ContainerID: id, ...names, ...task, ...cluster } };
  });
}

async function ask({ host, port, signal }: AgentSettings, path: string): Promise<Record<string, unknown>> {
  const { status, text } = await askLocal({ method: 'GET', host, port, path, timeoutMs: TIMEOUT_MS, signal });
  if (status !== 200) throw new Error(`${path}: HTTP status ${status}`);
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw new Error(`${path}: the answer is no JSON object`);
  return answer as Record<string, unknown>;
}

function textIn(answer: Record<string, unknown> | null, key: string): string {
  const value = answer?.[key];
  if (typeof value !== 'string') throw new Error(`the agent's answer has no ${key}`);
  return value;
}

/** What stands after the last slash of an ARN. */
function idOf(arn: string): string {
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  if (id === '' || id === arn) throw new Error(`there is no id in ${arn}`);
  return id;
}
